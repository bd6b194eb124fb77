"""Files that would exhaust or deceive a reader: each has its own code, little memory and few reads."""

import subprocess
import sys

import pytest

from processor.judge import judge
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    ct_slice,
    element,
    file_meta,
    item,
)
from tests.unit.processor.judge import attacks
from tests.unit.processor.judge.attacks import MIB
from tests.unit.processor.judge.corpus import ROOT
from tests.unit.processor.judge.sources import CountedSource
from tests.unit.processor.judge.yardstick import MOST, times_the_costliest

FILES = {
    "1 GB in deflated pixel data": (attacks.bomb_in_pixel_data, "deflate-bomb"),
    "1 GB in a deflated private element": (attacks.bomb_in_a_private_element, "deflate-bomb"),
    "1 GB behind a deflated data set": (attacks.bomb_behind_the_data_set, "deflate-bomb"),
    "1 GB of deflated elements": (attacks.bomb_of_elements, "too-many-elements"),
    "depth 100,000": (lambda: attacks.undefined_depth(100_000), "nesting-too-deep"),
    "depth 100,000 under UN": (lambda: attacks.unknown_depth(100_000), "nesting-too-deep"),
    "depth 100,000 of true lengths": (lambda: attacks.defined_depth(100_000), "nesting-too-deep"),
    "depth 100,000 in implicit VR": (lambda: attacks.defined_depth(100_000, implicit=True), "nesting-too-deep"),
    "8 MB of empty items": (lambda: attacks.empty_items(MIB), "too-many-items"),
    "8 MB of empty items, true length": (lambda: attacks.empty_items(MIB, defined=True), "too-many-items"),
    "20 MB of UN, zeros": (lambda: attacks.undefined_length_unknown(bytes(20 * MIB)), "structure-invalid"),
    "20 MB of UN, items": (lambda: attacks.undefined_length_unknown(item(b"") * (5 * MIB // 2)), "too-many-items"),
    "20 MB of UN, one item of elements": (
        lambda: attacks.undefined_length_unknown(item(element(0x00091001, "", b"", implicit=True) * (5 * MIB // 2))),
        "too-many-elements",
    ),
    "20 MB of UNs": (lambda: attacks.many_undefined_length_unknowns(MIB), "too-many-elements"),
    "4 MB of empty elements": (lambda: attacks.empty_elements(MIB // 2), "too-many-elements"),
    "4 MB of empty implicit elements": (lambda: attacks.empty_elements(MIB // 2, implicit=True), "too-many-elements"),
    "6 MB of empty long elements": (lambda: attacks.empty_elements(MIB // 2, vr="OB"), "too-many-elements"),
    "4 MB of file meta elements": (lambda: attacks.empty_meta_elements(MIB // 2), "too-many-elements"),
    "272 bytes that claim 4 GB": (attacks.claims_four_gigabytes, "length-impossible"),
    "8 MB of empty fragments": (lambda: attacks.fragments(MIB), "encapsulation-unended"),
    "8 MB of empty fragments in an icon": (lambda: attacks.nested_fragments(MIB), "too-many-items"),
}


def codes(source):
    return [finding.code for finding in judge(source).findings if finding.severity == "reject"]


@pytest.mark.parametrize("name", FILES)
def test_an_exhausting_file_is_named_with_few_reads(name):
    make, code = FILES[name]
    source = CountedSource(make())

    assert code in codes(source)
    assert len(source.reads) <= 12
    assert max(length for _, length in source.reads) <= MIB


@pytest.mark.parametrize("name", FILES)
def test_no_exhausting_file_costs_more_than_twice_the_costliest_innocent_one(name):
    make, _ = FILES[name]
    source = CountedSource(make())

    assert times_the_costliest(lambda: judge(source)) <= MOST


def test_no_exhausting_file_takes_more_memory_than_a_slice():
    """Measured in a process of its own: all files are made first, and judging them adds next to nothing."""
    script = (
        "from pathlib import Path\n"
        "from tests.unit.processor.judge.test_attacks import FILES, CountedSource, judge\n"
        "sources = [CountedSource(make()) for make, _ in FILES.values()]\n"
        # Of this program alone: `getrusage` tells the peak of whoever started it, too.
        "def peak():\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))\n"
        "before = peak()\n"
        "for source in sources: judge(source)\n"
        "print(peak() - before)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)

    assert int(done.stdout) < 16 * 1024  # in KiB


def test_thousands_of_scattered_values_do_not_keep_the_reader_busy():
    head, size = attacks.scattered_values(2_000)
    start = ct_slice(rows=8, columns=8, changes={0x7FE00010: None})

    class Scattered(CountedSource):
        def read(self, at, length):
            plain = bytearray(super().read(at, length))
            for offset in range(length):
                place = at + offset - len(start)
                if place >= 0 and place % (MIB + len(head)) < len(head):
                    plain[offset] = head[place % (MIB + len(head))]
            return bytes(plain)

    source = Scattered(start, size=len(start) + size)

    assert codes(source) == ["header-too-large"]
    assert len(source.reads) <= 257


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"MZ", "polyglot-executable"),
        (b"\x7fELF", "polyglot-executable"),
        (b"\xcf\xfa\xed\xfe", "polyglot-executable"),
        (b"\xca\xfe\xba\xbe", "polyglot-executable"),
        (b"#!/bin/sh\n", "polyglot-script"),
        (b"<?php ", "polyglot-script"),
        (b"<html>", "polyglot-script"),
        (b"\n <SCRIPT>", "polyglot-script"),
        (b"%PDF-1.7", "polyglot-document"),
        (b"\0\0%PDF-1.7", "polyglot-document"),
        (b"PK\3\4", "polyglot-archive"),
    ],
)
def test_a_preamble_that_makes_the_file_something_else_is_rejected(start, code):
    assert codes(CountedSource(ct_slice(rows=8, columns=8, preamble=start.ljust(128, b"\0")))) == [code]


@pytest.mark.parametrize("start", [b"", b"II*\0", b"MM\0*", b"II+\0", b"Created by a PACS"])
def test_other_preambles_are_accepted(start):
    assert codes(CountedSource(ct_slice(rows=8, columns=8, preamble=start.ljust(128, b"\0")))) == []


def test_an_archive_behind_the_image_is_found():
    assert codes(CountedSource(ct_slice(rows=8, columns=8) + b"PK\3\4" + bytes(60))) == ["archive-appended"]


def test_an_archive_behind_an_implicit_file_is_found():
    whole = (
        ct_slice(rows=8, columns=8, transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN) + b"PK\3\4\x14\0\0\0\x08\0" + bytes(60)
    )

    assert codes(CountedSource(whole)) == ["archive-appended"]


def test_an_archive_behind_a_deflated_file_is_found():
    whole = ct_slice(rows=8, columns=8, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)

    assert codes(CountedSource(whole + b"PK\3\4" + bytes(60))) == ["archive-appended"]


def test_a_second_file_behind_the_first_is_found():
    one = ct_slice(rows=8, columns=8)

    assert codes(CountedSource(one + one)) == ["second-file-appended"]


def test_the_file_that_claims_four_gigabytes_is_tiny():
    assert len(attacks.claims_four_gigabytes()) == 272


def test_sixty_four_levels_are_read_and_one_more_is_not():
    assert "nesting-too-deep" not in codes(CountedSource(attacks.defined_depth(64)))
    assert "nesting-too-deep" in codes(CountedSource(attacks.defined_depth(65)))


def test_a_truncated_file_meta_information_is_truncated():
    meta = bytes(128) + b"DICM" + file_meta(sop_class="1.2", sop="1.2", transfer_syntax="1.2.840.10008.1.2.1")

    for length in range(133, len(meta)):
        assert set(codes(CountedSource(meta[:length]))) & {"truncated", "data-set-missing"}
