"""Deflated data sets are inflated to their end, however large a value is, or said not to have been."""

import random
import tracemalloc
import zlib

import pytest

from processor.judge import judge
from tests.archives import zipped
from tests.dicom_files import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    ct_elements,
    ct_slice,
    data_set,
    element,
    file_meta,
    text,
    uid,
)
from tests.unit.processor.judge.sources import CountedSource

MIB = 1024 * 1024
NOISE = random.Random(1).randbytes(32 * 1024) + bytes(MIB - 32 * 1024)
"""A mebibyte that deflates to about a thirtieth."""


class Packed:
    """A deflated CT file that is written piece by piece. Full flushes let equal mebibytes be repeated as they are."""

    def __init__(self, *, frames=1):
        elements = ct_elements(study=uid("s"), series=uid("r"), sop=uid("deflated"), rows=1024, columns=512)
        elements[0x00280008] = ("IS", text(str(frames)))
        self._packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._parts = []
        self.add(data_set({tag: elements[tag] for tag in elements if tag < PIXEL_DATA}))

    def add(self, data):
        self._parts.append(self._packer.compress(data) + self._packer.flush(zlib.Z_FULL_FLUSH))
        return self

    def fill(self, mebibytes, one=NOISE):
        block = self._packer.compress(one) + self._packer.flush(zlib.Z_FULL_FLUSH)
        self._parts.append(block * mebibytes)
        return self

    def pixels(self, mebibytes, one=NOISE):
        return self.add(element(PIXEL_DATA, "OW", b"", length=mebibytes * MIB)).fill(mebibytes, one)

    def file(self, *, cut=0, behind=b""):
        meta = file_meta(
            sop_class=CT_IMAGE_STORAGE, sop=uid("deflated"), transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        )
        stream = b"".join(self._parts) + self._packer.flush()
        stream = stream[: len(stream) - cut]
        return bytes(128) + b"DICM" + meta + stream + b"\0" * (len(stream) % 2) + behind


def codes(data):
    return [finding.code for finding in judge(CountedSource(data)).findings]


def image(mebibytes):
    return Packed(frames=mebibytes).pixels(mebibytes)


def test_a_large_image_is_inflated_to_its_end_in_little_memory():
    source = CountedSource(image(300).file())
    tracemalloc.start()
    judgement = judge(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (judgement.findings, judgement.metadata["frames"]) == ((), 300)
    assert source.bytes_read <= source.size + MIB
    assert peak < 4 * MIB


def test_what_grows_behind_a_large_image_is_a_bomb():
    """Padded with noise behind, so that the whole image by itself keeps its proportion."""
    packed = image(70).add(element(0xFFFCFFFC, "OB", b"", length=600 * MIB)).fill(600, bytes(MIB))

    assert codes(packed.file()) == ["deflate-bomb"]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: image(70).file(cut=40_000), "truncated"),
        (lambda: Packed(frames=71).pixels(70).file(), "pixel-data-too-short"),
        (lambda: image(70).file(behind=b"PK\3\4" + bytes(60)), "archive-appended"),
        (lambda: image(70).file(behind=bytes(128) + b"DICM" + bytes(60)), "second-file-appended"),
        (lambda: image(70).add(b"PK\3\4" + bytes(60)).file(), "archive-appended"),
        (lambda: image(70).add(b"\1\2\3\4" * 8).file(), "trailing-bytes"),
        (lambda: Packed(frames=70).add(element(PIXEL_DATA, "OW", b"", length=70 * MIB)).fill(66).file(), "truncated"),
    ],
)
def test_what_is_wrong_with_or_behind_a_large_image_is_found(make, code):
    assert code in codes(make())


def test_damage_behind_the_first_64_mib_is_found():
    packed = image(70)
    packed._parts[-1] = packed._parts[-1][: len(packed._parts[-1]) - 1000] + b"\x06" + bytes(999)

    assert set(codes(packed.file())) & {"deflate-damaged", "truncated"}


def test_what_stands_behind_a_large_private_value_is_read():
    packed = Packed()
    packed.add(element(0x00410010, "LO", b"FICTIONAL ") + element(0x00411001, "OB", b"", length=70 * MIB)).fill(70)
    packed.add(element(PIXEL_DATA, "OW", bytes(1024 * 1024)))

    assert codes(packed.file()) == []


def test_an_image_beyond_the_budget_is_accepted_and_that_is_told():
    judgement = judge(CountedSource(image(1100).file()))

    assert [(found.code, found.severity) for found in judgement.findings] == [("pixel-data-unchecked", "warn")]


def test_an_image_beyond_the_budget_whose_beginning_is_out_of_proportion_is_a_bomb():
    packed = Packed(frames=1100).pixels(1100, bytes(MIB)).fill(1, random.Random(2).randbytes(8 * MIB))

    assert codes(packed.file()) == ["deflate-bomb"]


def test_a_value_of_anything_else_beyond_the_budget_is_rejected():
    packed = Packed()
    packed.add(element(0x00410010, "LO", b"FICTIONAL ") + element(0x00411001, "OB", b"", length=1100 * MIB)).fill(1100)

    assert codes(packed.file())[0] == "header-too-large"


@pytest.mark.parametrize("filling", [0, 1, 100, 10_000])
def test_an_archive_is_found_however_much_stands_before_it(filling):
    archive = zipped({"hidden.exe": b"MZ"})

    assert "archive-appended" in codes(ct_slice(rows=8, columns=8) + b"\0" * filling + archive)
    assert "archive-appended" in codes(ct_slice(rows=8, columns=8) + b"x" * 10_000 + b"\0" * filling + archive)
