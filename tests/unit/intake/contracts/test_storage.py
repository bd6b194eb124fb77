"""Buckets: read, copied, written, listed, and signed for."""

import hashlib
from urllib.parse import unquote, urlsplit

import pytest
from botocore.exceptions import ClientError

from intake.errors import ConflictError, ObjectChangedError, ObjectMissingError, ObjectTakenError
from intake.files.model import ObjectVersion
from intake.operations.reconciliation import S3Inventory
from intake.storage.model import DECLARED_EXTENSION, Part
from intake.storage.s3.objects import S3Objects
from intake.storage.s3.range_copies import S3RangeCopies
from intake.storage.s3.uploads import SIGNING, S3Presigner, S3Writer
from tests.fakes import FakeInventory, FakeObjects, FakePresigner, FakeRangeCopies

MISSING = ObjectVersion("incoming", "northside/missing")
DATA = b"0123456789"


class Buckets:
    """The buckets of moto, and what a sender does with them."""

    def __init__(self, aws):
        self.s3 = aws.client("s3", config=SIGNING)
        for bucket in ("incoming", "accepted"):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.s3.meta.events.register("provide-client-params.s3.CopyObject", self._check_conditions)
        self.s3.create_bucket(Bucket="renditions")
        self.ranges = S3RangeCopies(self.s3, "renditions")
        self.objects, self.writer, self.inventory = S3Objects(self.s3), S3Writer(self.s3), S3Inventory(self.s3)

    def put(self, bucket, key, data):
        return ObjectVersion(bucket, key, self.s3.put_object(Bucket=bucket, Key=key, Body=data)["VersionId"])

    def read_shared(self, address):
        key = unquote(urlsplit(address).path).removeprefix("/").removeprefix("renditions/")
        return self.s3.get_object(Bucket="renditions", Key=key)["Body"].read()

    def _check_conditions(self, params, **_):
        """Do what S3 does with a copy's two conditions, of which moto knows nothing."""
        version = params["CopySource"]
        try:
            source = self.s3.head_object(**version)
        except ClientError:
            return  # The copy itself tells that.
        here = self.s3.list_objects_v2(Bucket=params["Bucket"], Prefix=params["Key"])["KeyCount"]
        if source["ETag"] != params["CopySourceIfMatch"] or (params["IfNoneMatch"] == "*" and here):
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": ""}}, "CopyObject")


class FakeBuckets:
    """The same, of the fakes."""

    def __init__(self):
        self.objects = self.writer = FakeObjects()
        self.ranges = FakeRangeCopies(self.objects)
        self.inventory = FakeInventory(self.objects)
        self.put = self.objects.put
        self.read_shared = self.ranges.shared.get


@pytest.fixture
def buckets(either):
    return either(FakeBuckets, Buckets)


class TestObjects:
    def test_a_version_is_read_from_anywhere_and_beyond_its_end(self, buckets):
        first, second = (buckets.put("incoming", "northside/f", data) for data in (DATA, b"other"))
        read = buckets.objects.read(first, 2, 3)
        assert (read.data, read.total, read.version_id) == (b"234", 10, first.version_id)
        assert buckets.objects.read(first, 8, 100).data == b"89"
        assert buckets.objects.read(second, 0, 100).data == b"other"
        assert buckets.objects.read(ObjectVersion("incoming", "northside/f"), 0, 100).data == b"other"

    def test_an_empty_object_has_no_bytes(self, buckets):
        assert buckets.objects.read(buckets.put("incoming", "northside/f", b""), 0, 100).data == b""

    def test_a_description_is_what_a_reading_says_without_bytes(self, buckets):
        stored = buckets.put("incoming", "northside/f", DATA)
        read, described = buckets.objects.read(stored, 0, 1), buckets.objects.describe(stored)
        assert (described.data, described.total, described.etag) == (b"", 10, read.etag)
        assert (described.last_modified, described.metadata) == (read.last_modified, read.metadata)

    def test_what_is_missing_is_told(self, buckets):
        stored = buckets.put("incoming", "northside/f", DATA)
        for missing in (MISSING, ObjectVersion("incoming", stored.key, "never-given")):
            for ask in (
                lambda version: buckets.objects.read(version, 0, 1),
                buckets.objects.describe,
                lambda version: buckets.objects.tag(version, "scan"),
                lambda version: buckets.objects.copy(version, '"etag"', 10, "accepted", "northside/f"),
            ):
                with pytest.raises(ObjectMissingError):
                    ask(missing)
        assert buckets.objects.find("incoming", MISSING.key) is None

    def test_a_copy_is_made_once_and_found_again(self, buckets):
        stored = buckets.put("incoming", "northside/f", DATA)
        etag = buckets.objects.describe(stored).etag
        copies = [buckets.objects.copy(stored, etag, 10, "accepted", "northside/f") for _ in range(2)]
        assert copies[0] == copies[1]
        assert copies[0].sha256 == hashlib.sha256(DATA).hexdigest()
        assert buckets.objects.read(copies[0].stored, 0, 100).data == DATA
        assert buckets.objects.find("accepted", "northside/f").version == copies[0].stored

    def test_another_versions_copy_under_the_key_is_told(self, buckets):
        first, second = (buckets.put("incoming", "northside/f", data) for data in (DATA, b"other"))
        for stored, size in ((first, 10), (second, 5)):
            etag = buckets.objects.describe(stored).etag
            if stored is first:
                buckets.objects.copy(stored, etag, size, "accepted", "northside/f")
        with pytest.raises(ObjectTakenError):
            buckets.objects.copy(second, etag, 5, "accepted", "northside/f")

    def test_a_copy_is_of_no_object_of_another_key_or_bucket(self, buckets):
        places = [("incoming", "northside/f"), ("incoming", "northside/g"), ("accepted", "northside/f")]
        first, *others = (buckets.put(*place, DATA) for place in places)
        etag = buckets.objects.describe(first).etag
        buckets.objects.copy(first, etag, 10, "accepted", "northside/copy")
        for other in others:
            with pytest.raises(ObjectTakenError):
                buckets.objects.copy(other, etag, 10, "accepted", "northside/copy")

    def test_no_version_has_an_id_that_another_had_at_its_key_before_it_was_deleted(self, buckets):
        gone = buckets.put("incoming", "northside/f", DATA)
        buckets.objects.delete(gone)
        assert buckets.put("incoming", "northside/f", DATA).version_id != gone.version_id

    def test_a_source_that_is_not_as_it_was_read_is_told(self, buckets):
        stored = buckets.put("incoming", "northside/f", DATA)
        with pytest.raises(ObjectChangedError):
            buckets.objects.copy(stored, '"another"', 10, "accepted", "northside/f")
        assert buckets.objects.find("accepted", "northside/f") is None

    def test_what_is_deleted_is_gone_from_its_key_and_deleting_nothing_is_no_error(self, buckets):
        stored = buckets.put("incoming", "northside/f", DATA)
        for _ in range(2):
            buckets.objects.delete(ObjectVersion("incoming", stored.key))
        assert buckets.objects.find("incoming", stored.key) is None

    def test_an_object_without_a_tag_has_none(self, buckets):
        assert buckets.objects.tag(buckets.put("incoming", "northside/f", DATA), "scan") is None


class TestObjectWriter:
    def test_an_object_is_written_once_with_its_extension(self, buckets):
        for blocks in ([b"01234", b"56789"], [b"other"]):
            buckets.writer.create(ObjectVersion("incoming", "northside/e"), iter(blocks), "dcm")
        found = buckets.objects.find("incoming", "northside/e").version
        read = buckets.objects.read(found, 0, 100)
        assert (read.data, read.metadata[DECLARED_EXTENSION]) == (DATA, "dcm")

    def test_what_the_blocks_raise_leaves_no_object(self, buckets):
        def broken():
            yield b"01234"
            raise ValueError("the archive is damaged")

        with pytest.raises(ValueError, match="damaged"):
            buckets.writer.create(ObjectVersion("incoming", "northside/e"), broken(), "")
        assert buckets.objects.find("incoming", "northside/e") is None


class TestInventory:
    @pytest.fixture
    def stored(self, buckets):
        return [buckets.put("incoming", f"northside/{number}", DATA) for number in (0, 1, 1, 2)]

    @staticmethod
    def every(page, limit):
        held, position = [], ""
        while True:
            stretch = page("incoming", position, limit)
            held += stretch.held
            position = stretch.next
            if not position:
                return held

    def test_objects_come_by_key_each_once(self, buckets, stored):
        held = self.every(buckets.inventory.objects, 2)
        assert [(one.version.key, one.size, one.in_parts) for one in held] == [
            (f"northside/{number}", 10, False) for number in range(3)
        ]
        behind = buckets.inventory.objects("incoming", held[0].position, 9).held
        assert [one.version.key for one in behind] == ["northside/1", "northside/2"]
        assert buckets.inventory.objects("incoming", "", 9, "lakeview/").held == ()

    def test_versions_come_by_key_each_once(self, buckets, stored):
        held = self.every(buckets.inventory.versions, 3)
        assert {one.version for one in held} == {*stored}
        assert [one.version.key for one in held] == [f"northside/{number}" for number in (0, 1, 1, 2)]
        assert [one.version for one in buckets.inventory.versions("incoming", held[1].position, 9).held] == [
            one.version for one in held[2:]
        ]


class TestPresigner:
    TARGET = ObjectVersion("incoming", "northside/2026/11/22/u/f")
    DIGEST = hashlib.sha256(DATA).hexdigest()

    @pytest.fixture
    def presigner(self, either):
        return either(FakePresigner, lambda aws: S3Presigner(Buckets(aws).s3))

    def test_a_put_says_what_is_to_be_sent_with_it(self, presigner):
        put = presigner.put(self.TARGET, 10, self.DIGEST, "dcm")
        assert put.method == "PUT"
        told = {name.lower() for name in put.headers}
        assert {"content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-meta-extension"} <= told
        assert "x-amz-checksum-sha256" not in presigner.put(self.TARGET, 10, None).headers

    def test_a_download_is_of_one_version(self, presigner):
        got = presigner.get(ObjectVersion("accepted", "northside/f", "v1"), "f.dcm")
        assert (got.method, got.headers) == ("GET", {})
        assert "versionId=v1" in got.url

    def test_a_multipart_upload_begins_empty_and_is_not_complete_without_its_parts(self, presigner):
        upload = presigner.start_multipart(self.TARGET, "dcm")
        assert presigner.parts(self.TARGET, upload) == ()
        assert presigner.part(self.TARGET, upload, 1, 10, self.DIGEST).method == "PUT"
        with pytest.raises(ConflictError):
            presigner.complete_multipart(self.TARGET, upload, [Part(1, 10, '"never-sent"', self.DIGEST)])

    def test_one_that_was_never_begun_is_told(self, presigner):
        with pytest.raises(ObjectMissingError):
            presigner.parts(self.TARGET, "never-begun")

    def test_an_object_has_arrived_at_its_own_key_only(self, either):
        class Fake:
            presigner = FakePresigner()

            def put(self, key):
                self.presigner.arrived.add(key)

        class Adapter:
            def __init__(self, aws):
                self.buckets = Buckets(aws)
                self.presigner = S3Presigner(self.buckets.s3)

            def put(self, key):
                self.buckets.put("incoming", key, DATA)

        store = either(Fake, Adapter)
        store.put(f"{self.TARGET.key}x")
        assert not store.presigner.has_arrived(self.TARGET)
        store.put(self.TARGET.key)
        assert store.presigner.has_arrived(self.TARGET)


class TestRangeCopies:
    def test_a_range_is_shared_under_an_address_of_its_own_as_often_as_it_is_wanted(self, buckets):
        source = buckets.put("accepted", "northside/large", DATA * 600_000)
        addresses = [buckets.ranges.share(source, start, 12, "image/jls") for start in (3, 3, 4)]
        assert all(address.startswith("https://") and "image" in address for address in addresses)
        assert [buckets.read_shared(address) for address in addresses] == [b"345678901234"] * 2 + [b"456789012345"]

    def test_nothing_is_shared_of_what_is_gone(self, buckets):
        with pytest.raises(ObjectMissingError):
            buckets.ranges.share(ObjectVersion("accepted", "northside/gone"), 0, 5, "image/jls")
