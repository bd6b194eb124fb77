import random

import pytest

from portal.errors import DicomWebQueryError
from portal.http.messages import MOST_PARTS, parse_content_type, read_parts, write_message


def test_what_is_joined_is_taken_apart_again():
    rng = random.Random(20261122)
    bodies = [rng.randbytes(size) for size in (0, 1, 2, 1000, 70_000)] + [b"\r\n--\r\n", b"--" * 40]
    message, content_type = write_message(bodies, "application/dicom")
    media_type, given = parse_content_type(content_type)
    assert (media_type, given["type"]) == ("multipart/related", "application/dicom")
    assert read_parts(message, given["boundary"]) == bodies


@pytest.mark.parametrize("boundary", ["", "x" * 71, "grüße"])
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
