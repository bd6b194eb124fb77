"""Copies in parts that are cut in the middle, begun twice, and met by another object's."""

import pytest
from botocore.exceptions import ClientError

from intake.errors import ContentionError, ObjectChangedError, ObjectTakenError
from intake.files.model import ObjectVersion
from intake.storage.s3 import large_copies, objects
from intake.storage.s3.large_copies import LargeCopy
from intake.storage.s3.objects import S3Objects

MIB = 1024**2
SIZE = 16 * MIB
PARTS = 4
KEY = "northside/2026/11/30/u/f"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Call large what is in truth small; S3 wants 5 MiB in every part but the last."""
    monkeypatch.setattr(objects, "LARGEST_SINGLE_COPY", MIB)
    monkeypatch.setattr(large_copies, "_SMALLEST_PART", 5 * MIB)
    monkeypatch.setattr(large_copies, "_MARK", 4096)
    monkeypatch.setattr(large_copies, "_AT_ONCE", 1)


class World:
    """Two buckets, and a count of the parts that are copied; `cut_after` of them, the worker dies."""

    def __init__(self, s3):
        self.s3, self.objects = s3, S3Objects(s3)
        self.parts, self.cut_after = 0, None
        for name in ("incoming", "accepted"):
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.copy_part, s3.upload_part_copy = s3.upload_part_copy, self._upload_part_copy

    def _upload_part_copy(self, **arguments):
        if self.parts == self.cut_after:
            raise KeyboardInterrupt
        self.parts += 1
        return self.copy_part(**arguments)

    def put(self, fill=b"a"):
        answer = self.s3.put_object(Bucket="incoming", Key="dropped", Body=fill * SIZE)
        return ObjectVersion("incoming", "dropped", answer["VersionId"]), answer["ETag"]

    def copy(self, source, etag):
        return self.objects.copy(source, etag, SIZE, "accepted", KEY)

    def cut(self, after, source, etag):
        self.parts, self.cut_after = 0, after
        with pytest.raises(KeyboardInterrupt):
            self.copy(source, etag)
        self.parts, self.cut_after = 0, None

    def open_uploads(self):
        return self.s3.list_multipart_uploads(Bucket="accepted").get("Uploads", [])

    def content(self):
        return self.s3.get_object(Bucket="accepted", Key=KEY)["Body"].read()

    def versions(self):
        return len(self.s3.list_object_versions(Bucket="accepted").get("Versions", []))


@pytest.fixture
def world(aws):
    return World(aws.client("s3"))


def test_a_large_copy_is_whole_marked_with_its_source_and_leaves_nothing_open(world):
    source, etag = world.put()
    copied = world.copy(source, etag)
    assert world.content() == b"a" * SIZE
    assert world.objects.describe(copied.stored).metadata == {"source-version": source.version_id}
    assert copied.sha256 is None
    assert not world.open_uploads()


@pytest.mark.parametrize("after", [1, 3])
def test_a_copy_that_was_cut_goes_on_where_it_ended(world, after):
    source, etag = world.put()
    world.cut(after, source, etag)
    world.copy(source, etag)
    assert world.parts == PARTS - after, "parts were copied again"
    assert world.content() == b"a" * SIZE
    assert not world.open_uploads()


def test_a_copy_that_was_cut_three_times_is_still_one(world):
    source, etag = world.put()
    for _ in range(3):
        world.cut(1, source, etag)
    world.copy(source, etag)
    assert world.parts == PARTS - 3
    assert (world.content(), world.versions(), world.open_uploads()) == (b"a" * SIZE, 1, [])


def test_a_copy_that_was_cut_before_its_first_part_begins_anew_and_leaves_the_rest_to_the_lifecycle(world):
    source, etag = world.put()
    world.cut(0, source, etag)
    world.copy(source, etag)
    assert world.content() == b"a" * SIZE
    assert len(world.open_uploads()) == 1


def test_two_objects_parts_never_become_one_object(world):
    first, second = world.put(b"a"), world.put(b"b")
    world.cut(3, *first)
    world.copy(*second)
    assert world.content() == b"b" * SIZE
    with pytest.raises(ObjectTakenError):
        world.copy(*first)
    assert world.content() == b"b" * SIZE


def test_a_second_delivery_that_ends_first_leaves_one_copy(world):
    source, etag = world.put()
    world.cut(3, source, etag)
    complete, done = world.s3.complete_multipart_upload, []

    def complete_second(**arguments):
        if not done:
            done.append(True)
            world.copy(source, etag)  # The other delivery, which finds all parts there.
        return complete(**arguments)

    world.s3.complete_multipart_upload = complete_second
    copied = world.copy(source, etag)
    assert world.versions() == 1
    assert world.objects.find("accepted", KEY).version == copied.stored


def refuse(code, operation="CompleteMultipartUpload"):
    raise ClientError({"Error": {"Code": code, "Message": ""}}, operation)


def test_a_copy_that_was_completed_while_its_answer_was_lost_is_one(world):
    """The SDK repeats the call: S3 says that the object stands, and nothing is left to be given up."""
    complete = world.s3.complete_multipart_upload
    world.s3.complete_multipart_upload = lambda **arguments: (complete(**arguments), refuse("PreconditionFailed"))
    world.s3.abort_multipart_upload = lambda **_: refuse("NoSuchUpload", "AbortMultipartUpload")
    copied = world.copy(*world.put())
    assert (world.content(), world.versions()) == (b"a" * SIZE, 1)
    assert world.objects.find("accepted", KEY).version == copied.stored


def test_parts_that_another_delivery_wrote_over_are_tried_again_and_no_error_of_ours(world):
    complete = world.s3.complete_multipart_upload
    world.s3.complete_multipart_upload = lambda **_: refuse("InvalidPart")
    source, etag = world.put()
    with pytest.raises(ContentionError):
        world.copy(source, etag)
    world.s3.complete_multipart_upload = complete
    world.copy(source, etag)
    assert world.parts == PARTS
    assert world.content() == b"a" * SIZE


def test_a_source_that_changed_is_told_and_no_copy_is_made(world):
    """moto ignores the condition: that each part carries it is looked at, and S3's answer to it is made here."""
    source, etag = world.put()

    def refuse_part(**arguments):
        assert arguments["CopySourceIfMatch"] == etag
        refuse("PreconditionFailed", "UploadPartCopy")

    world.copy_part = refuse_part
    with pytest.raises(ObjectChangedError):
        world.copy(source, etag)
    assert not world.versions()


@pytest.mark.parametrize("size", [SIZE, 50 * 1024**3, 5 * 1024**4])
def test_parts_cover_the_object_once_and_are_no_more_than_s3_takes(size):
    ranges = LargeCopy(ObjectVersion("b", "k", "v"), '"e"', size, ObjectVersion("a", "k"), {}).list_ranges()
    assert len(ranges) <= 10_000
    assert (ranges[1][0], ranges[len(ranges)][1]) == (0, size - 1)
    assert all(ranges[number][1] + 1 == ranges[number + 1][0] for number in range(1, len(ranges)))


def test_the_size_of_parts_tells_versions_etags_and_keys_apart(monkeypatch):
    monkeypatch.setattr(large_copies, "_MARK", 2**26)
    target, size = ObjectVersion("a", "k"), 10 * 1024**3
    sources = [ObjectVersion("b", key, version) for key in ("k", "l") for version in ("v1", "v2", None)]
    sizes = {LargeCopy(source, etag, size, target, {}).part_size for source in sources for etag in ('"1"', '"2"')}
    assert len(sizes) == 12
