"""What large objects cost: scanners' largest are read in little time and memory, and bombs that look so are not."""

import dataclasses
import secrets
import subprocess
import sys

import pytest

from processor.judge import judge
from processor.judge.dicom.elements import element_scanner
from processor.judge.dicom.elements.levels import Passed
from tests.dicom_files import (
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_slice,
    element,
    encapsulated,
    item,
    undefined_length_item,
)
from tests.fuzz.mutants import mutant, seeds
from tests.growth.measure import grow
from tests.unit.processor.judge import attacks, large_objects
from tests.unit.processor.judge.attacks import MIB
from tests.unit.processor.judge.corpus import ROOT
from tests.unit.processor.judge.large_objects import FRAMES, XA30, enhanced, structure_set
from tests.unit.processor.judge.sources import CountedSource
from tests.unit.processor.judge.yardstick import MOST, times_the_costliest

SEED = secrets.randbits(32)
ACCEPTED = {
    "65,535 frames": enhanced,
    "65,535 frames of known lengths": lambda: enhanced(defined=True),
    "65,535 implicit frames": lambda: enhanced(implicit=True),
    "1,735 frames of XA30": lambda: enhanced(1_735, **XA30),
    "6,000 frames of XA30": lambda: enhanced(6_000, **XA30),
    "6,000 implicit frames of XA30 of known lengths": lambda: enhanced(6_000, **XA30, implicit=True, defined=True),
    "81 MB of contours": structure_set,
    "81 MB of contours of known lengths": lambda: structure_set(defined=True),
    "81 MB of implicit contours": lambda: structure_set(implicit=True),
    "81 MB of single points": lambda: structure_set(points=1),
    "81 MB of long contours": lambda: structure_set(points=1_000),
}
TOO_LARGE = {
    "65,535 frames of XA30": lambda: enhanced(**XA30),
    "65,535 implicit frames of XA30 of known lengths": lambda: enhanced(**XA30, implicit=True, defined=True),
}


def codes_of(source):
    return [finding.code for finding in judge(source).findings]


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED)
def test_the_largest_objects_are_read_to_their_end(make):
    source = make()

    assert codes_of(source) == []
    assert len(source.reads) <= 256
    assert max(length for _, length in source.reads) <= 1024 * 1024


@pytest.mark.parametrize("make", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_there_is_no_time_for_is_accepted_and_that_is_told(make):
    assert codes_of(make()) == ["header-unchecked"]


def test_an_image_shorter_than_its_frames_is_found_behind_all_that_describes_them():
    assert codes_of(enhanced(FRAMES, pixels=bytes(64))) == ["truncated"]


def test_damage_in_the_last_frame_is_found():
    source = enhanced(2_000)
    source._tail = element(0x00189000, "DS", b"no item")[:16] + source._tail

    assert codes_of(source) == ["structure-invalid"]


def filled(unit, size, *, tag=0x52009230, frames=b"65535 "):
    """A file that states as many frames as can be, and has nothing but filling where they are described."""
    start = ct_slice(rows=8, columns=8, changes={PIXEL_DATA: None, 0x00280008: ("IS", frames)})
    opening = element(tag, "SQ", b"", length=UNDEFINED_LENGTH)
    return large_objects.RepeatedSource(start + opening, unit, size // len(unit), SEQUENCE_END)


MUCH = 64_000_000
BOMBS = {
    "empty items": lambda size=MUCH: filled(item(b""), size),
    "empty items of unknown length": lambda size=MUCH: filled(undefined_length_item(b""), size),
    "empty elements": lambda size=MUCH: filled(item(element(0x00181000, "DS", b"") * 100), size),
    "empty sequences": lambda size=MUCH: filled(item(element(0x00181000, "SQ", b"") * 100), size),
    "items that are no frames": lambda size=MUCH: filled(item(element(0x00181000, "DS", b"12")), size, tag=0x00081140),
    "one frame": lambda size=MUCH: filled(item(b""), size, frames=b"1 "),
    "no number of frames": lambda size=MUCH: filled(item(b""), size, frames=b"many"),
}
"""By size in bytes."""


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_stating_frames_buys_no_time(make):
    source = make()

    assert judge(source).rejected
    assert times_the_costliest(lambda: judge(source)) <= MOST


@pytest.mark.parametrize("name", BOMBS)
def test_twice_the_bomb_costs_no_more_than_about_twice(name):
    found = grow(name, lambda size: lambda: judge(BOMBS[name](size)), smallest=MIB // 8, largest=MIB)

    assert found.is_linear, str(found)


def levels_that_end_oddly(levels):
    """A sequence in a sequence, and so on, each of whose items ends with one odd element: every pass over it fails."""
    content = element(0x00181000, "DS", b"1.5 ") * 2_000 + element(0x00181001, "DS", b"1 ").replace(b"DS", b"??")
    for _ in range(levels):
        content = element(0x00081140, "SQ", item(content), length=len(content) + 8)
    return attacks.attack(content)


def bytes_passed(monkeypatch, data):
    """Return how many bytes the passes over whole items looked at."""
    looked, whole = [], element_scanner.pass_items

    def counted(buffer, at, stop, encoding, room):
        passed = whole(buffer, at, stop, encoding, room)
        looked.append(passed.reached - at)
        return passed

    monkeypatch.setattr(element_scanner, "pass_items", counted)
    judge(CountedSource(data))
    monkeypatch.setattr(element_scanner, "pass_items", whole)
    return sum(looked)


@pytest.mark.parametrize("levels", [1, 30, 60])
def test_what_cannot_be_passed_at_once_is_not_tried_again_and_again(monkeypatch, levels):
    data = levels_that_end_oddly(levels)

    assert 16_000 < bytes_passed(monkeypatch, data) <= len(data)


def test_the_largest_objects_take_little_memory():
    script = (
        "from pathlib import Path\n"
        "from processor.judge import judge\n"
        "from tests.unit.processor.judge.large_objects import enhanced, structure_set\n"
        "for make in (enhanced, structure_set): judge(make())\n"
        "judge(enhanced(sequences=35, elements=230))\n"
        # Of this program alone: `getrusage` tells the peak of whoever started it, too.
        "print(next(line.split()[1] for line in Path('/proc/self/status').open() if line.startswith('VmHWM')))\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)

    assert int(done.stdout) < 150 * 1024  # in KiB, the interpreter and the objects' makers included


def one_by_one(buffer, at, stop, encoding, room):
    """Stand in for the pass over items, and pass none."""
    return Passed(at, at, 0, 0, 0)


def judged(data):
    return dataclasses.astuple(judge(CountedSource(data)))


INNER = element(0x00181000, "DS", b"1.5 ")
ICON = encapsulated(b"\xff\xd8\xff\xe0")
ITEMS = {
    "none": b"",
    "empty": item(b"") * 3 + undefined_length_item(b"") * 2,
    "nested": item(element(0x00081140, "SQ", item(INNER) * 3)) + item(INNER),
    "of unknown length in known": item(
        element(0x00081140, "SQ", undefined_length_item(INNER) + SEQUENCE_END, length=UNDEFINED_LENGTH)
    ),
    "an icon": item(INNER) * 2 + item(ICON) + item(INNER),
    "an icon, short": item(INNER) + item(ICON, length=len(ICON) - 24),
    "pixel data called a sequence": item(INNER)
    + item(element(PIXEL_DATA, "SQ", item(INNER) + SEQUENCE_END, length=UNDEFINED_LENGTH))
    + item(INNER),
    "pixel data called a sequence of known length": item(element(PIXEL_DATA, "SQ", item(INNER))) + item(INNER),
    "no VR": item(INNER) + item(INNER.replace(b"DS", b"--")) + item(INNER),
    "UN of unknown length": item(element(0x00291001, "UN", item(b"") + SEQUENCE_END, length=UNDEFINED_LENGTH)),
    "an item too long": item(INNER) + item(INNER, length=40),
    "an element too long": item(INNER) + item(element(0x00181000, "DS", b"1.5 ", length=40)) + item(INNER),
    "a sequence too long": item(element(0x00081140, "SQ", item(INNER), length=90)) + item(INNER),
    "rubbish": item(INNER) + b"rubbish that is no item",
    "a delimiter that ends nothing": item(INNER + element(0xFFFEE00D, "", b"") + INNER),
    "a sequence's in an item": item(INNER + SEQUENCE_END + INNER),
    "a delimiter with a length": undefined_length_item(INNER)[:-4] + b"DS\4\0" + item(INNER),
    "deep": attacks.defined_depth(70)[-70 * 20 :][12:],
}


@pytest.mark.parametrize("content", ITEMS.values(), ids=ITEMS)
@pytest.mark.parametrize("tag", [0x00081140, 0x52009230])
@pytest.mark.parametrize("ended", [False, True])
def test_items_are_passed_at_once_as_they_are_one_by_one(monkeypatch, content, tag, ended):
    length = UNDEFINED_LENGTH if ended else None
    more = element(tag, "SQ", content + (SEQUENCE_END if ended else b""), length=length)
    whole = ct_slice(rows=8, columns=8)
    at = whole.index(element(PIXEL_DATA, "OW", b"")[:6])
    data = whole[:at] + more + whole[at:]
    at_once = judged(data)
    monkeypatch.setattr(element_scanner, "pass_items", one_by_one)

    assert judged(data) == at_once


def test_mutants_are_judged_alike_one_by_one(monkeypatch):
    print(f"SEED={SEED}")
    files = [file for file in seeds() if file[0] == "dicom"]
    mutants = [mutant(SEED, number, files)[1] for number in range(1_500)]
    at_once = [judged(data) for data in mutants]
    monkeypatch.setattr(element_scanner, "pass_items", one_by_one)

    assert [number for number, data in enumerate(mutants) if judged(data) != at_once[number]] == []
