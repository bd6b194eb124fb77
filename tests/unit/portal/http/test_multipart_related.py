import random

import pytest

from portal.errors import DicomWebQueryError
from portal.http.messages import LONGEST_PART_HEADERS, MOST_PARTS, parse_content_type, read_parts, write_message


def test_what_is_joined_is_taken_apart_again():
    rng = random.Random(20261122)
    bodies = [rng.randbytes(size) for size in (0, 1, 2, 1000, 70_000)] + [b"\r\n--\r\n", b"--" * 40]
    message, content_type = write_message(bodies, "application/dicom")
    media_type, given = parse_content_type(content_type)
    assert (media_type, given["type"]) == ("multipart/related", "application/dicom")
    assert read_parts(message, given["boundary"]) == bodies


@pytest.mark.parametrize("boundary", ["", " ", "x" * 257, "grüße", "a\r\nb"])
def test_a_boundary_that_is_none_is_refused(boundary):
    with pytest.raises(DicomWebQueryError):
        read_parts(b"", boundary)


@pytest.mark.parametrize("cut", [3, 10, 40])
def test_a_message_that_was_cut_off_is_refused(cut):
    message, content_type = write_message([b"a" * 100], "application/dicom")
    with pytest.raises(DicomWebQueryError):
        read_parts(message[:-cut], parse_content_type(content_type)[1]["boundary"])


def test_what_is_no_message_is_refused():
    with pytest.raises(DicomWebQueryError):
        read_parts(b"DICM" * 100, "boundary")


def test_more_parts_than_bearable_are_refused():
    message, content_type = write_message([b""] * (MOST_PARTS + 1), "application/dicom")
    with pytest.raises(DicomWebQueryError):
        read_parts(message, parse_content_type(content_type)[1]["boundary"])


def test_a_boundary_of_256_characters_separates_parts_and_none_of_its_beginnings_does():
    boundary = "b" * 256
    line = f"--{boundary}\r\n\r\n".encode()
    body = line + b"one\r\n--" + b"b" * 255 + b"\r\n" + line + b"two\r\n--" + boundary.encode() + b"--"
    assert read_parts(body, boundary) == [b"one\r\n--" + b"b" * 255, b"two"]


@pytest.mark.parametrize("given", ["x y", '"x y"', '"x y "', "x y ", "x y\t"])
def test_a_boundary_may_be_quoted_and_blanks_stand_behind_it(given):
    body = b"before\r\n--x y \t\r\nA: b\r\n\r\none\r\n--x y-\r\n\r\n--x y  \r\nA: b\r\n\r\n\r\n--x y--  behind"
    _, parameters = parse_content_type(f"multipart/related; boundary={given}; type=application/dicom")
    assert read_parts(body, parameters["boundary"]) == [b"one\r\n--x y-\r\n", b""]


def test_a_part_whose_headers_do_not_end_within_their_bytes_is_refused():
    for headers in (b"A: " + b"b" * LONGEST_PART_HEADERS + b"\r\n\r\n", b"A: b\r\n"):
        with pytest.raises(DicomWebQueryError):
            read_parts(b"--x\r\n" + headers + b"\r\n--x--", "x")


def test_a_message_as_orthanc_writes_it_is_read():
    """Its plugin's boundary is two UUIDs and a dash, and nothing stands behind its last one (DicomWebClient.cpp)."""
    boundary = "0b7f5c1e-9f0a-4b6e-8a53-2f1f7d0c9f11-0b7f5c1e-9f0a-4b6e-8a53-2f1f7d0c9f11"
    bodies = [b"DICM\r\n", b"\r\n--0b7f5c1e"]
    chunks = [
        f"--{boundary}\r\nContent-Type: application/dicom\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
        + b"\r\n"
        for body in bodies
    ]
    _, given = parse_content_type(f'multipart/related; type="application/dicom"; boundary={boundary}')
    assert len(boundary) == 73
    assert read_parts(b"".join(chunks) + f"--{boundary}--".encode(), given["boundary"]) == bodies
