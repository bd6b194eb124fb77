import base64
import hashlib
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from intake.errors import ContentionError
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


def refuse_from(s3, number):
    """Have S3 refuse each part from this one on; return the numbers of those that it is sent afterwards."""
    upload_part, sent = s3.upload_part, []

    def refuse(**arguments):
        if number is not None and arguments["PartNumber"] >= number:
            raise ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "UploadPart")
        sent.append(arguments["PartNumber"])
        return upload_part(**arguments)

    s3.upload_part = refuse
    return sent


def tell_checksums(s3, blocks):
    """Have S3 tell the checksums of the parts that it holds (API Reference, ListParts); moto leaves them out."""
    content, list_parts = b"".join(blocks), s3.list_parts

    def tell(**arguments):
        answer = list_parts(**arguments)
        for row in answer["Parts"]:
            end = row["PartNumber"] * PART
            digest = hashlib.sha256(content[end - PART : end]).digest()
            row["ChecksumSHA256"] = base64.b64encode(digest).decode()
        return answer

    s3.get_paginator = lambda name: SimpleNamespace(paginate=lambda **arguments: [tell(**arguments)])


def test_a_large_object_that_was_cut_goes_on_where_it_ended(aws, s3):
    target, blocks = ObjectVersion(BUCKET, "k"), _blocks(4 * PART)
    refuse_from(s3, 3)
    with pytest.raises(ClientError):
        S3Writer(s3).create(target, iter(blocks), "dcm")

    again = aws.client("s3")
    sent = refuse_from(again, None)
    tell_checksums(again, blocks)
    S3Writer(again).create(target, iter(blocks), "dcm")

    assert sent == [3, 4]
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"".join(blocks)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def test_parts_of_another_content_or_another_key_are_not_taken_for_its_own(aws, s3):
    blocks = _blocks(3 * PART)
    refuse_from(s3, 3)
    for key in ("k", "k2"):
        with pytest.raises(ClientError):
            S3Writer(s3).create(ObjectVersion(BUCKET, key), iter([b"x" * PART, b"y" * PART, b"z" * PART]), "")

    again = aws.client("s3")
    S3Writer(again).create(ObjectVersion(BUCKET, "k"), iter(blocks), "")

    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"".join(blocks)
    assert [row["Key"] for row in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == ["k2"]


def refused(code):
    def refuse(**_):
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "CompleteMultipartUpload")

    return refuse


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "InvalidPart", "NoSuchUpload"])
def test_another_delivery_at_the_same_object_is_contention_and_the_next_try_ends_it(aws, s3, code):
    target, blocks = ObjectVersion(BUCKET, "k"), _blocks(2 * PART)
    s3.complete_multipart_upload = refused(code)
    with pytest.raises(ContentionError):
        S3Writer(s3).create(target, iter(blocks), "dcm")

    again = aws.client("s3")
    tell_checksums(again, blocks)
    S3Writer(again).create(target, iter(blocks), "dcm")
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"".join(blocks)


def test_an_upload_that_was_completed_while_its_answer_was_lost_is_done(s3):
    """The SDK repeats the call: S3 says that the object stands, and nothing is left to be given up."""
    complete, refuse = s3.complete_multipart_upload, refused("PreconditionFailed")
    s3.complete_multipart_upload = lambda **arguments: (complete(**arguments), refuse())
    s3.abort_multipart_upload = refused("NoSuchUpload")
    S3Writer(s3).create(ObjectVersion(BUCKET, "k"), iter(_blocks(2 * PART)), "dcm")
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"".join(_blocks(2 * PART))
