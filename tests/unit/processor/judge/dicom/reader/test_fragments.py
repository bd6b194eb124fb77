"""The shortcut over fragments answers what stepping over all of them would, or says that it did not look at all."""

import struct

import pytest

from processor.judge import judge
from processor.judge.inspection.window import Window
from tests.dicom_files import (
    JPEG_BASELINE,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_elements,
    data_set,
    element,
    item,
    part10,
    uid,
)
from tests.unit.processor.judge.sources import CountedSource

FRAMES = 3
FRAGMENT = item(b"\xff\xd8\xff\xe0".ljust(30_000, b"\x07"))
STARTS = [number * len(FRAGMENT) for number in range(FRAMES)]
TABLES = {
    "no table": (b"", b""),
    "basic": (struct.pack("<3I", *STARTS), b""),
    "extended": (b"", struct.pack("<3Q", *STARTS)),
}
DELIMITERS = {"usual": SEQUENCE_END, "with a length": SEQUENCE_END[:4] + b"\xff" * 4, "absent": b""}
BEHIND = {"nothing": 0, "2 KiB": 2_048, "40 KiB": 40_960, "100 KiB": 102_400, "2 MiB": 2 * 1024 * 1024}


def behind(size, *, defined):
    """Elements behind the image of about so many bytes: private sequences, as echo loops have them, and a value."""
    if not size:
        return b""
    inner = element(0x7FE11002, "OB", bytes(size // 4))
    content = (
        item(inner) if defined else item(inner, length=UNDEFINED_LENGTH) + element(0xFFFEE00D, "", b"") + SEQUENCE_END
    )
    nested = element(0x7FE11001, "SQ", content, length=None if defined else UNDEFINED_LENGTH)
    values = element(0x7FE11005, "OB", b"\x09" * (size // 2))
    return element(0x7FE10010, "LO", b"ECHO MAKER") + nested + values


def source(table, delimiter, rest):
    basic, extended = TABLES[table]
    held = ct_elements(study=uid("study"), series=uid("series"), sop=uid("fragments"))
    held |= {0x00280008: ("IS", b"3 ")}
    if extended:
        held |= {0x7FE00001: ("OV", extended), 0x7FE00002: ("OV", struct.pack("<3Q", *[len(FRAGMENT) - 8] * FRAMES))}
    stream = item(basic) + FRAGMENT * FRAMES + DELIMITERS[delimiter]
    pixels = element(PIXEL_DATA, "OB", stream, length=UNDEFINED_LENGTH)
    return CountedSource(part10(data_set(held) + pixels + rest, sop=uid("fragments"), transfer_syntax=JPEG_BASELINE))


@pytest.mark.parametrize("defined", [True, False], ids=["known lengths", "unknown lengths"])
@pytest.mark.parametrize("size", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_shortcut_answers_as_the_walk_does(monkeypatch, defined, size, table, delimiter):
    made = source(table, delimiter, behind(size, defined=defined))
    walked = judge(made)
    monkeypatch.setattr(Window, "affords", lambda *_: False)
    jumped = judge(made)

    assert walked.rejected == (delimiter == "absent")
    told = [finding.code for finding in jumped.findings if finding.code != "pixel-data-unchecked"]
    if delimiter != "absent":
        assert [finding.code for finding in walked.findings] == []
        assert told == []
    elif not jumped.rejected:
        assert "pixel-data-unchecked" in {finding.code for finding in jumped.findings}
    assert jumped.metadata == walked.metadata


def test_a_delimiter_within_a_fragment_is_not_taken_for_the_end(monkeypatch):
    monkeypatch.setattr(Window, "affords", lambda *_: False)
    hidden = SEQUENCE_END + b"more of the compressed image"
    stream = item(b"") + FRAGMENT * FRAMES + item(b"\x07" * 100 + hidden)
    held = ct_elements(study=uid("study"), series=uid("series"), sop=uid("fragments"))
    pixels = element(PIXEL_DATA, "OB", stream, length=UNDEFINED_LENGTH)
    data = part10(data_set(held) + pixels, sop=uid("fragments"), transfer_syntax=JPEG_BASELINE)

    assert "encapsulation-unended" in {finding.code for finding in judge(CountedSource(data)).findings}
