"""Whatever was accepted: describing it answers with JSON or with a problem, and never costs more than its budget."""

import os
import secrets
import struct
import tracemalloc

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.dicom.budget import FETCH
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.reader import scan
from intake.dicom.streams import CHUNK_OUT
from portal.dicomweb.json_model.writer import JsonWriter
from portal.dicomweb.wado import LARGEST_MESSAGE, budget
from processor.judge import judge
from tests.dicom_files import ct_slice, data_set, element, part10, text, uid
from tests.fuzz.mutants import seeds
from tests.fuzz.mutations import mutated, operations_on
from tests.unit.intake.dicom.readings import Source
from tests.unit.portal.dicomweb import hostile
from tests.unit.portal.dicomweb.pydicom_json import strict_json

SEED = int(os.environ.get("MUTANT_SEED", secrets.randbits(32)))
MUTANTS = int(os.environ.get("MUTANTS", "300"))
MOST_MEMORY = 64 * 1024 * 1024
"""Bytes beside what the process holds before."""
FILES = [data for kind, data in seeds() if kind == "dicom"]

numbers = st.integers(0, 2**40)
operations = st.lists(
    st.tuples(st.sampled_from(operations_on("dicom")), st.floats(0, 1, exclude_max=True), numbers), max_size=8
)
unhurried = settings(
    max_examples=MUTANTS,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def described(data):
    """Describe one instance within a request's budget. Return its model or the error, and what was spent."""
    spent, source = budget(), Source(data)
    writer = JsonWriter(spent, LARGEST_MESSAGE)
    try:
        found = strict_json(writer.write(scan(source, spent)))
    except (TooCostlyError, UnreadableDataSetError) as error:
        found = error
    whole = budget()
    assert sum(length for _, length in source.reads) <= whole.fetched
    assert len(source.reads) * FETCH <= whole.steps + FETCH
    assert spent.inflated >= -CHUNK_OUT
    return found, spent


@hypothesis.seed(SEED)
@unhurried
@given(st.sampled_from(FILES), operations)
def test_every_mutant_is_described_or_refused_and_none_that_the_judge_accepts_is_unreadable(data, changes):
    print(f"MUTANT_SEED={SEED}")
    mutant = mutated(data, changes)

    found, _ = described(mutant)

    judgement = judge(Source(mutant))
    if judgement.kind == "dicom" and not judgement.rejected:
        assert not isinstance(found, UnreadableDataSetError)


@hypothesis.seed(SEED)
@unhurried
@given(st.binary(max_size=600), st.booleans())
def test_any_bytes_are_described_or_refused(data, wrapped):
    print(f"MUTANT_SEED={SEED}")
    described(part10(data, sop=uid("any")) if wrapped else data)


values = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\x1b$B;3ED\x1b(B", b"\\" * 20, b"=^=\\=", b"nan\\-inf", b"1e999", b"\xff\xfe", b"\0" * 7]),
)
VRS = ("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV", "OW", "PN",
       "SH", "SL", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV")  # fmt: skip
TAGS = (0x00080070, 0x00100010, 0x00189810, 0x00280106, 0x00281101, 0x00283002, 0x00283006, 0x00290010, 0x00291008)


@hypothesis.seed(SEED)
@unhurried
@given(
    st.sampled_from(["", "ISO_IR 100", "ISO_IR 192", "GB18030", "\\ISO 2022 IR 87", "ISO_IR 127", "\\\\", "NONE"]),
    st.dictionaries(st.sampled_from(TAGS), st.tuples(st.sampled_from(VRS), values), max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_any_values_of_any_vr_in_any_character_set_are_json(charset, elements, implicit, big):
    print(f"MUTANT_SEED={SEED}")
    whole = {0x00080005: ("CS", text(charset)), **elements}
    body = data_set(whole, implicit=implicit, big=big and not implicit)
    syntax = "1.2.840.10008.1.2" + ("" if implicit else ".2" if big else ".1")

    found, _ = described(part10(body, sop=uid("values"), transfer_syntax=syntax))

    assert set(found) == {f"{tag:08X}" for tag in whole}


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_the_worst_files_cost_no_more_than_their_budget(kind):
    data = hostile.KINDS[kind]()

    found, spent = described(data)

    used = budget().steps - spent.steps
    print(f"{kind}: {len(data)} bytes, {used} steps, {found if isinstance(found, Exception) else 'described'}")
    assert used <= budget().steps or isinstance(found, TooCostlyError)


@pytest.mark.parametrize("kind", hostile.MEMORY)
def test_the_worst_files_stay_within_memory(kind):
    data = hostile.KINDS[kind]()
    tracemalloc.start()
    try:
        described(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    print(f"{kind}: {len(data)} bytes, {most} bytes of memory at the most")
    assert most < MOST_MEMORY


def test_a_small_file_is_described_whatever_its_values():
    invalid = {0x00080020: ("DA", b"no date "), 0x00280030: ("DS", b"x\\y "), 0x00200013: ("IS", b"1A"),
               0x00281053: ("DS", b"1e999 "), 0x00080060: ("CS", b"lower case, far too long")}  # fmt: skip

    found, _ = described(ct_slice(rows=8, columns=8, changes=invalid))

    assert [found[tag]["Value"] for tag in ("00080020", "00280030", "00200013", "00281053")] == [
        ["no date"], ["x", "y"], ["1A"], ["1e999"],
    ]  # fmt: skip


def test_a_lut_descriptors_first_value_is_unsigned_and_ambiguous_elements_follow_the_pixel_representation():
    signed = {
        0x00280103: ("US", b"\1\0"),
        0x00280106: ("SS", b"\xfe\xff"),
        0x00283002: ("SS", b"\xff\xff\xfe\xff\x10\0"),
    }
    nested = element(0x00283000, "SQ", b"", implicit=True)
    body = nested + data_set(signed, implicit=True)

    found, _ = described(part10(body, sop=uid("signed"), transfer_syntax="1.2.840.10008.1.2"))

    assert found["00280106"] == {"vr": "SS", "Value": [-2]}
    assert found["00283002"] == {"vr": "SS", "Value": [65535, -2, 16]}


def test_an_ambiguous_element_takes_the_pixel_representation_that_comes_after_its_sequence():
    inner = element(0x00280106, "US", b"\xfe\xff", implicit=True)
    wrapped = element(0x00081140, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner, implicit=True)
    for representation, value in ((0, 65534), (1, -2)):
        body = wrapped + element(0x00280103, "US", bytes([representation, 0]), implicit=True)
        found, _ = described(part10(body, sop=uid("later"), transfer_syntax="1.2.840.10008.1.2"))
        assert found["00081140"]["Value"][0]["00280106"]["Value"] == [value]


def test_attributes_stand_in_order_once_each_and_group_lengths_not_at_all():
    body = (
        element(0x00100000, "UL", b"\1\0\0\0") + element(0x00100020, "LO", b"B ") + element(0x00080070, "LO", b"A ")
        + element(0x00100020, "LO", b"C ") + element(0x00410000, "SQ", b"") + element(0x00081140, "SQ", b"")
    )  # fmt: skip

    found, _ = described(part10(body, sop=uid("order")))

    assert list(found) == ["00080070", "00081140", "00100020"]
    assert found["00100020"]["Value"] == ["B"]


def test_items_take_the_character_set_around_them_until_they_state_their_own():
    name = element(0x00100010, "PN", "Müller".encode("latin-1"))
    own = element(0x00080005, "CS", b"ISO_IR 192") + element(0x00100010, "PN", "Müller ".encode())
    items = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(each)) + each for each in (name, own))
    body = element(0x00080005, "CS", b"ISO_IR 100") + element(0x00081140, "SQ", items) + name

    found, _ = described(part10(body, sop=uid("character sets")))

    names = [*(each["00100010"]["Value"] for each in found["00081140"]["Value"]), found["00100010"]["Value"]]
    assert names == [[{"Alphabetic": "Müller"}]] * 3


def test_damage_is_told_as_a_sequence_or_an_item_without_content():
    broken = element(0x00081155, "UI", b"1.2\0", length=400)
    item_of = struct.pack("<HHI", 0xFFFE, 0xE000, len(broken)) + broken
    good = struct.pack("<HHI", 0xFFFE, 0xE000, 12) + element(0x00081155, "UI", b"1.2\0")
    delimited = item_of + good + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    body = element(0x00081140, "SQ", good + item_of) + element(0x00081199, "SQ", delimited, length=0xFFFFFFFF)

    found, _ = described(part10(body, sop=uid("damage")))

    assert found == {
        "00081140": {"vr": "SQ"},
        "00081199": {"vr": "SQ", "Value": [{}, {"00081155": {"vr": "UI", "Value": ["1.2"]}}]},
    }
