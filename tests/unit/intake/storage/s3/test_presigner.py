"""What the portal signs, read from the addresses; what the processor asks of an object without reading it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from intake.errors import ObjectMissingError
from intake.files.model import ObjectVersion
from intake.files.scan import TAG
from intake.storage.s3.objects import S3Objects
from intake.storage.s3.uploads import SIGNING, S3Presigner

STORED = ObjectVersion("accepted", "northside/2026/11/22/u/f", "v1")


@pytest.mark.parametrize(
    ("shown_as", "disposition", "media_type"),
    [
        ("", "attachment; filename*=UTF-8''f.png", "application/octet-stream"),
        ("image/png", "inline; filename*=UTF-8''f.png", "image/png"),
    ],
)
def test_a_download_is_of_one_version_and_shown_as_nothing_else(aws, shown_as, disposition, media_type):
    signed = S3Presigner(aws.client("s3", config=SIGNING)).get(STORED, "f.png", shown_as)
    query = {name: value for name, (value,) in parse_qs(urlsplit(signed.url).query).items()}
    assert query["versionId"] == "v1"
    assert query["response-content-disposition"] == disposition
    assert query["response-content-type"] == media_type
    assert query["response-cache-control"] == "no-store"


@pytest.fixture
def versions(aws):
    """Return a client, and two versions under one key; the first one is tagged."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="incoming")
    s3.put_bucket_versioning(Bucket="incoming", VersioningConfiguration={"Status": "Enabled"})
    put = [s3.put_object(Bucket="incoming", Key="northside/f", Body=data)["VersionId"] for data in (b"first", b"")]
    first, second = (ObjectVersion("incoming", "northside/f", version) for version in put)
    tags = [{"Key": "other", "Value": "x"}, {"Key": TAG, "Value": "NO_THREATS_FOUND"}]
    s3.put_object_tagging(Bucket="incoming", Key=first.key, VersionId=first.version_id, Tagging={"TagSet": tags})
    return S3Objects(s3), first, second


def test_a_tag_is_that_of_one_version(versions):
    objects, first, second = versions
    assert [objects.tag(version, TAG) for version in (first, second)] == ["NO_THREATS_FOUND", None]


def test_an_object_is_described_without_its_bytes(versions):
    objects, first, second = versions
    described = objects.describe(first)
    assert (described.data, described.total, described.version_id) == (b"", 5, first.version_id)
    assert (described.etag, described.last_modified) == (
        objects.read(first, 0, 1).etag,
        objects.read(first, 0, 1).last_modified,
    )
    assert objects.describe(second).total == 0


@pytest.mark.parametrize("ask", ["describe", "tag"])
def test_what_is_gone_is_missed(versions, ask):
    objects, first, _ = versions
    gone = ObjectVersion(first.bucket, "northside/gone", first.version_id)
    with pytest.raises(ObjectMissingError):
        objects.describe(gone) if ask == "describe" else objects.tag(gone, TAG)
