"""Volumes, whose length is checked without keeping any of it."""

import gzip
import struct
import zlib

import pytest

from processor.judge import judge
from tests.document_files import gzipped, nifti_1
from tests.unit.processor.judge.documents.verdicts import rejecting, warning
from tests.unit.processor.judge.documents.zip.test_archive import NOISE
from tests.unit.processor.judge.sources import CountedSource

LARGE = (512, 512, 128)
"""64 MiB at 16 bits a voxel."""


@pytest.fixture(scope="module")
def large_volume():
    return gzip.compress(nifti_1(LARGE, data=(NOISE * 22)[: 64 * 1024 * 1024]), 1)


def blocks(data, size=0xFF00):
    """Gzip members of one block each, as BGZF writes them (SAM specification, 4.1)."""
    written = []
    for start in range(0, len(data), size):
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        packed = packer.compress(data[start : start + size]) + packer.flush()
        head = b"\x1f\x8b\x08\4" + bytes(5) + b"\xff" + struct.pack("<H2sHH", 6, b"BC", 2, len(packed) + 25)
        checksum = zlib.crc32(data[start : start + size])
        written += [head, packed, struct.pack("<II", checksum, len(data[start : start + size]))]
    return b"".join(written)


def test_a_large_compressed_volume_is_inflated_to_its_end(large_volume):
    source = CountedSource(large_volume)

    assert judge(source).findings == ()
    assert source.bytes_read <= source.size + 64 * 1024
    assert max(length for _, length in source.reads) <= 1024 * 1024


def test_a_large_compressed_volume_that_is_cut_is_rejected(large_volume):
    assert rejecting(large_volume[:-100_000]) == ["gzip-truncated"]


def test_a_large_compressed_volume_with_one_wrong_byte_is_rejected(large_volume):
    at = len(large_volume) // 2
    damaged = large_volume[:at] + bytes([large_volume[at] ^ 1]) + large_volume[at + 1 :]

    assert rejecting(damaged) == ["gzip-damaged"]


def test_a_plain_volume_costs_one_read_however_large():
    source = CountedSource(nifti_1((2048, 2048, 256), data=b""), size=352 + 2048 * 2048 * 256 * 2)

    assert judge(source).findings == ()
    assert source.further_reads == []


@pytest.mark.parametrize("dimensions", [(64, 64, 64), LARGE])
def test_volumes_in_blocks_are_read(dimensions):
    data = nifti_1(dimensions, data=(NOISE * 22)[: 2 * dimensions[0] * dimensions[1] * dimensions[2]])

    assert rejecting(blocks(data)) == []
    assert warning(blocks(data)) == []


def test_padding_behind_a_compressed_volume_is_no_matter():
    assert warning(gzipped(nifti_1()) + bytes(500)) == []


def test_a_long_name_in_the_gzip_header_hides_no_volume():
    plain = gzipped(nifti_1())
    named = plain[:3] + b"\x08" + plain[4:10] + b"n" * 5000 + b"\0" + plain[10:]

    assert rejecting(named) == []
