import hashlib

import pytest

from intake.files.model import ObjectVersion
from intake.storage.s3.uploads import PART, S3Writer

BUCKET = "incoming"


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def _blocks(size, block=3 * 1024**2):
    data = bytes(range(251)) * (size // 251 + 1)
    return [data[start : min(start + block, size)] for start in range(0, size, block)]


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART + 5])
def test_an_object_of_any_size_is_written_whole(s3, size):
    blocks = _blocks(size)
    S3Writer(s3).create(ObjectVersion(BUCKET, "k"), iter(blocks), "dcm")

    answer = s3.get_object(Bucket=BUCKET, Key="k")
    data = answer["Body"].read()
    assert data == b"".join(blocks)
    checksum = {"sha256": hashlib.sha256(data).hexdigest()} if size < PART else {}
    assert answer["Metadata"] == {"extension": "dcm", **checksum}


def test_an_object_that_stands_is_left_as_it_is(s3):
    for data in (b"first", b"second"):
        S3Writer(s3).create(ObjectVersion(BUCKET, "k"), iter([data]), "")

    answer = s3.get_object(Bucket=BUCKET, Key="k")
    assert answer["Body"].read() == b"first"
    assert "extension" not in answer["Metadata"]


@pytest.mark.parametrize("size", [5, 3 * PART])
def test_content_that_breaks_off_leaves_no_object_and_no_parts(s3, size):
    def broken():
        yield from _blocks(size)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        S3Writer(s3).create(ObjectVersion(BUCKET, "k"), broken(), "")

    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)
