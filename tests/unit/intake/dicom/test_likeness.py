"""An image is its data set, not its file: what is the same stays the same in every wrapping, and nothing else is."""

import copy
import os
import random
import shutil
import subprocess
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.dicom.budget import FETCH, Budget
from intake.dicom.encoding import BEHIND
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.likeness import PIXEL_DATA, SOP_INSTANCE_UID, Likeness, compare, digest
from tests.dicom_files import (
    JPEG_BASELINE,
    ct_elements,
    ct_slice,
    data_set,
    element,
    encapsulated,
    item,
    part10,
    uid,
)
from tests.encodings import SYNTAXES, Wrapping, wrapped
from tests.unit.intake.dicom.readings import Source
from tests.unit.processor.judge.corpus import CORPUS, content, dicom_rows, needs_corpus

SEED, REAL = 20261129, int(os.environ.get("LIKENESS_FILES", "20"))
EXAMPLES = int(os.environ.get("LIKENESS_EXAMPLES", "250"))
TEXTS = st.text("ABCxyz019^.=", min_size=1, max_size=11)
NUMBERS = st.lists(st.integers(0, 0x7FFF), min_size=1, max_size=5)
VALUES = {
    0x00080020: ("DA", st.just("20200102")),
    0x00080050: ("SH", TEXTS),
    0x00081030: ("LO", TEXTS),
    0x00100010: ("PN", TEXTS),
    0x00180050: ("DS", TEXTS),
    0x00186018: ("UL", NUMBERS),
    0x00189087: ("FD", st.lists(st.floats(0, 9), min_size=1, max_size=3)),
    0x00280010: ("US", NUMBERS),
    0x00280106: ("SS", NUMBERS),
    0x00281201: ("OW", NUMBERS),
    0x00287FE0: ("UR", TEXTS),
    0x00291001: ("US", NUMBERS),
    0x00291002: ("LO", TEXTS.filter(lambda text: len(text) % 2 == 0)),
    0x00720060: ("AT", st.just([0x10, 0x20])),
}
SEQUENCES = (0x00081140, 0x00400275, 0x00291010, 0x52009229)


def plenty(steps=1_000_000, inflated=1 << 26):
    return Budget(steps=steps, fetched=1 << 28, inflated=inflated, taken=1 << 28)


def compared(one, other):
    return compare(digest(Source(one), plenty()), digest(Source(other), plenty()))


def _models(depth):
    plain = {tag: values.map(lambda value, vr=vr: (vr, value)) for tag, (vr, values) in VALUES.items()}
    more = {}
    if depth:
        more = dict.fromkeys(SEQUENCES, st.lists(_models(depth - 1), max_size=3).map(lambda items: ("SQ", items)))
    return st.fixed_dictionaries({}, optional=plain | more)


WRAPPINGS = st.builds(
    Wrapping,
    transfer_syntax=st.sampled_from(SYNTAXES),
    undefined=st.booleans(),
    group_lengths=st.booleans(),
    padding=st.sampled_from([0, 2, 510, 70_000]),
    filling=st.sampled_from([0, 1, 7, 512]),
    preamble=st.sampled_from([b"\0" * 128, b"II*\0".ljust(128, b"\0")]),
    meta=st.sampled_from(["a", "b"]),
)
IMAGES = _models(2).map(
    lambda model: {
        0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.2"),
        0x00080018: ("UI", "2.25.77"),
        **model,
        PIXEL_DATA: ("OW", [1, 2, 0xABCD, 4]),
    }
)
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@often
@given(model=IMAGES, one=WRAPPINGS, other=WRAPPINGS)
def test_any_two_wrappings_of_a_data_set_are_the_same(model, one, other):
    assert compared(wrapped(model, one), wrapped(model, other)).likeness is Likeness.SAME


@often
@given(model=IMAGES, one=WRAPPINGS, other=WRAPPINGS, data=st.data())
def test_whatever_is_changed_dropped_or_added_anywhere_differs_and_is_named(model, one, other, data):
    changed, tag = _changed(model, data)

    told = compared(wrapped(model, one), wrapped(changed, other))

    assert told.likeness is Likeness.DIFFERENT
    assert told.differing == (tag,)


def _changed(model, data):
    """Return a copy with one difference at any depth, and the outermost tag under which it stands."""
    changed = copy.deepcopy(model)
    tag = outermost = data.draw(st.sampled_from(sorted(changed.keys() - {0x00080018})))
    held = changed
    while held[tag][0] == "SQ" and any(held[tag][1]) and data.draw(st.booleans()):
        held = data.draw(st.sampled_from([item for item in held[tag][1] if item]))
        tag = data.draw(st.sampled_from(sorted(held)))
    how = data.draw(st.sampled_from(["change", "drop", "add"]))
    if how == "drop":
        del held[tag]
    elif how == "add":
        held[0x00185100] = ("CS", "HFS")
        outermost = 0x00185100 if held is changed else outermost
    else:
        held[tag] = _another(*held[tag])
    return changed, outermost


def _another(vr, value):
    if vr == "SQ":
        return vr, [*value, {0x00185100: ("CS", "HFS")}]
    return vr, value[:-1] + "Q" if isinstance(value, str) else [*value[:-1], value[-1] + 1]


def test_the_order_of_elements_makes_no_difference():
    parts = [element(0x00080018, "UI", b"1.2\0"), element(0x00080060, "CS", b"CT"), element(0x00100020, "LO", b"A1")]
    one, other = (part10(b"".join(order), sop="1.2") for order in (parts, parts[::-1]))
    assert compared(one, other).likeness is Likeness.SAME


def test_an_element_that_stands_twice_counts_where_its_values_differ():
    start = element(0x00080018, "UI", b"1.2\0")
    one, other = element(0x00100020, "LO", b"A1"), element(0x00100020, "LO", b"B2")
    once = part10(start + one, sop="1.2")
    assert compared(once, part10(start + one + one, sop="1.2")).likeness is Likeness.SAME
    for twice in (one + other, other + one):
        assert compared(once, part10(start + twice, sop="1.2")).differing == (0x00100020,)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_changed_pixel_is_a_difference_of_the_pixels_alone(syntax):
    model = {0x00080018: ("UI", "1.2.3"), PIXEL_DATA: ("OW", [1, 2, 3])}
    changed = {**model, PIXEL_DATA: ("OW", [1, 2, 4])}
    told = compared(wrapped(model), wrapped(changed, Wrapping(syntax)))
    assert (told.likeness, told.differing) == (Likeness.DIFFERENT, (PIXEL_DATA,))


def test_a_private_sequence_of_an_unknown_maker_is_read_where_no_vr_is_stated():
    model = {
        0x00080018: ("UI", "1.2.3"),
        0x00290010: ("LO", "FICTIONAL MAKER "),
        0x00291010: ("SQ", [{0x00100020: ("LO", "A"), 0x00291011: ("SQ", [{0x00080060: ("CS", "CT")}])}]),
    }
    for undefined in (False, True):
        implicit = wrapped(model, Wrapping(SYNTAXES[1], undefined=undefined))
        assert compared(wrapped(model), implicit).likeness is Likeness.SAME


def test_what_a_converter_does_not_know_it_does_not_turn_round():
    """As dcmtk writes a known maker's numbers under UN, whose bytes stay as they were."""
    maker = {0x00080018: ("UI", "1.2.3"), 0x00190010: ("LO", "GEMS_ACQU_01")}
    numbers = (0x1234).to_bytes(2, "little")
    implicit = wrapped({**maker, 0x00191002: ("UN", numbers)}, Wrapping(SYNTAXES[1]))
    big = wrapped({**maker, 0x00191002: ("UN", numbers)}, Wrapping(SYNTAXES[2]))
    stated = wrapped({**maker, 0x00191002: ("SS", [0x1234])}, Wrapping(SYNTAXES[2]))
    assert compared(implicit, big).likeness is Likeness.SAME
    assert compared(implicit, stated).likeness is Likeness.SAME


def _compressed(*fragments, transfer_syntax=JPEG_BASELINE, table=b"", tail=b"", **changes):
    elements = ct_elements(study=uid("s"), series=uid("e"), sop=uid("i"), **changes)
    pixels = encapsulated(*fragments)
    if table:
        pixels = pixels.replace(item(b""), item(table), 1)
    return part10(data_set(elements) + pixels + tail, sop=uid("i"), transfer_syntax=transfer_syntax)


LOSSLESS = "1.2.840.10008.1.2.4.80"


@pytest.mark.parametrize(
    ("other", "likeness"),
    [
        (_compressed(b"\xff\xd8one!", b"two!"), Likeness.SAME),
        (_compressed(b"\xff\xd8one!", b"two!", table=b"\0" * 8), Likeness.SAME),
        (_compressed(b"\xff\xd8one!two!"), Likeness.RECOMPRESSED),
        (_compressed(b"\xff\xd8other", transfer_syntax=LOSSLESS), Likeness.RECOMPRESSED),
        (ct_slice(study=uid("s"), series=uid("e"), sop=uid("i"), rows=8, columns=8), Likeness.RECOMPRESSED),
        (_compressed(b"\xff\xd8one!", b"TWO!"), Likeness.DIFFERENT),
        (_compressed(b"\xff\xd8other", transfer_syntax=LOSSLESS, patient_id="TEST-2"), Likeness.DIFFERENT),
        (part10(data_set(ct_elements(study=uid("s"), series=uid("e"), sop=uid("i"))), sop=uid("i")),
         Likeness.DIFFERENT),
    ],
    ids=["equal", "table", "cut otherwise", "another syntax", "native", "other bytes", "another patient", "no pixels"],
)  # fmt: skip
def test_compressed_pixels_are_compared_as_far_as_that_goes_without_decoding(other, likeness):
    assert compared(_compressed(b"\xff\xd8one!", b"two!"), other).likeness is likeness


def test_files_without_an_instance_uid_are_never_the_same():
    file = part10(element(0x00080060, "CS", b"CT"), sop="1.2")
    assert compared(file, file).likeness is Likeness.DIFFERENT


def test_what_follows_a_data_set_and_is_no_filling_counts():
    one = ct_slice(rows=8, columns=8)
    assert compared(one, one + b"\0" * 600).likeness is Likeness.SAME
    assert compared(one, one + b"\0" * 600 + b"hidden").differing == (BEHIND,)


def test_what_cannot_be_read_to_its_end_is_no_likeness():
    whole = ct_slice(rows=8, columns=8)
    damaged = part10(element(0x00080018, "UI", b"1.2\0") + element(0x00081140, "SQ", b"rubbish!"), sop="1.2")
    for broken in (whole[:-8], damaged):
        with pytest.raises(UnreadableDataSetError):
            digest(Source(broken), plenty())


def test_a_budget_ends_the_walk():
    many = part10(b"".join(element(0x00080018 + n, "UN", b"") for n in range(9_000)), sop="1.2")
    with pytest.raises(TooCostlyError):
        digest(Source(many), plenty(steps=5_000))
    bomb = wrapped({0x00080018: ("UI", "1.2"), PIXEL_DATA: ("OW", [0] * (1 << 20))}, Wrapping(SYNTAXES[3]))
    with pytest.raises(TooCostlyError):
        digest(Source(bomb), plenty(inflated=1 << 16))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_memory_does_not_grow_with_pixels_or_items(syntax):
    def peak(frames):
        items = [{0x00200013: ("IS", str(n))} for n in range(frames)]
        model = {0x00080018: ("UI", "1.2"), 0x52009230: ("SQ", items), PIXEL_DATA: ("OW", [7] * 2000 * frames)}
        data = wrapped(model, Wrapping(syntax))
        tracemalloc.start()
        try:
            digest(Source(data), plenty())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(500), peak(2000)
    assert large < max(small, 1 << 20) * 2


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("grows", ["elements", "items", "depth", "pixels", "rest"])
def test_what_a_comparison_costs_grows_with_the_file_and_no_faster(syntax, grows):
    def spent(count):
        item = {0x00080060: ("CS", "CT")}
        if grows == "depth":
            for _ in range(count // 40):
                item = {0x00081140: ("SQ", [item])}
        model = {0x00080018: ("UI", "1.2"), **item}
        if grows == "elements":
            model |= {0x00290000 | number: ("UN", b"ab") for number in range(0x1000, 0x1000 + count)}
        if grows == "items":
            model[0x00081140] = ("SQ", [item] * count)
        model[PIXEL_DATA] = ("OW", [7] * (400 * count if grows == "pixels" else 1))
        behind = b"\1" * 500 * count if grows == "rest" and syntax != SYNTAXES[3] else b""
        budget = plenty()
        digest(Source(wrapped(model, Wrapping(syntax)) + behind), budget)
        return 1_000_000 - budget.steps

    assert spent(2000) <= 2.2 * spent(1000) + 3 * FETCH


@pytest.mark.skipif(not shutil.which("dcmconv"), reason="dcmtk is not installed")
@pytest.mark.parametrize("options", ["+ti", "+te", "+tb", "+td", "+ti +g +e", "+te -g -e", "+te +p 512 64", "+tb +g"])
def test_what_dcmtk_converts_stays_the_same(tmp_path, options):
    (tmp_path / "one.dcm").write_bytes(ct_slice(rows=16, columns=16))
    subprocess.run(["dcmconv", *options.split(), "one.dcm", "two.dcm"], cwd=tmp_path, check=True)
    told = compared((tmp_path / "one.dcm").read_bytes(), (tmp_path / "two.dcm").read_bytes())
    assert told.likeness is Likeness.SAME, told


@pytest.mark.skipif(not shutil.which("dcmcjpls"), reason="dcmtk is not installed")
@pytest.mark.parametrize("tool", ["dcmcrle", "dcmcjpls"])
def test_what_dcmtk_compresses_without_loss_is_the_same_image_compressed_in_another_way(tmp_path, tool):
    (tmp_path / "one.dcm").write_bytes(ct_slice(rows=16, columns=16))
    subprocess.run([tool, "one.dcm", "two.dcm"], cwd=tmp_path, check=True)
    told = compared((tmp_path / "one.dcm").read_bytes(), (tmp_path / "two.dcm").read_bytes())
    assert told.likeness is Likeness.RECOMPRESSED, told


def _accepted():
    """Return some real files that are accepted and name their instance, of those that dcmtk may convert."""
    found = [
        row for row in dicom_rows(confidence="high") if row["expected"] != "reject" and int(row["bytes"]) < 600_000
    ]
    return random.Random(SEED).sample(found, min(REAL, len(found)))


@needs_corpus
@pytest.mark.skipif(not shutil.which("dcmconv"), reason="dcmtk is not installed")
@pytest.mark.parametrize("options", ["+ti", "+te +g", "+tb", "+td"])
def test_real_files_that_dcmtk_converts_stay_the_same(tmp_path, options):
    print(f"seed {SEED}")
    other, likely = tmp_path / "other.dcm", 0
    for row in _accepted():
        converted = subprocess.run(
            ["dcmconv", *options.split(), CORPUS / row["path"], other],
            check=False,
            capture_output=True,
        )
        one = digest(Source(content(row)), plenty())
        # Of a malformed UID it takes the blanks out, which makes another value of it.
        changed = converted.returncode or b"were removed" in converted.stderr
        if changed or SOP_INSTANCE_UID not in one.elements:
            continue
        told = compare(one, digest(Source(other.read_bytes()), plenty()))
        assert told.likeness is Likeness.SAME, (row["path"], told)
        likely += 1
    assert likely
