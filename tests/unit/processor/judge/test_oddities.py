"""Oddities of real writers that harm nothing are read on through and told; what is the object's content is not spared.

What the judge accepts, the scanner that the portal reads with reads to the end as well, and both see the same.
"""

import pytest

from intake.dicom.events import Kind
from intake.dicom.reader import scan
from processor.judge import judge
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_elements,
    data_set,
    element,
    encapsulated,
    item,
    part10,
    uid,
    undefined_length_item,
)
from tests.unit.intake.dicom.readings import Source, plenty
from tests.unit.processor.judge.sources import CountedSource

SOP = uid("odd")
PATIENT = 0x00100020


def elements(*, big=False):
    return ct_elements(study=uid("study"), series=uid("series"), sop=SOP, big=big) | {PIXEL_DATA: ("OW", bytes(128))}


def spliced(extra, *, before=PIXEL_DATA, syntax=EXPLICIT_VR_LITTLE_ENDIAN, without=()):
    """A slice with bytes put before an element, or behind all where `before` is above them."""
    encoding = {"implicit": syntax == IMPLICIT_VR_LITTLE_ENDIAN, "big": syntax == EXPLICIT_VR_BIG_ENDIAN}
    kept = {tag: held for tag, held in elements(big=encoding["big"]).items() if tag not in without}
    first = data_set({tag: held for tag, held in kept.items() if tag < before}, **encoding)
    last = data_set({tag: held for tag, held in kept.items() if tag >= before}, **encoding)
    return part10(first + extra + last, sop=SOP, transfer_syntax=syntax)


def codes_of(data):
    return [finding.code for finding in judge(CountedSource(data)).findings]


def scanned(data):
    """Return the outermost elements that the scanner sees: tag → value, pixels left out."""
    scanner, depth, found = scan(Source(data), plenty()), 0, {}
    for event in scanner.events():
        if event.kind is Kind.ELEMENT and not depth and event.tag != PIXEL_DATA:
            found.setdefault(event.tag, scanner.value(event))
        assert event.kind is not Kind.DAMAGED
        depth += event.kind in {Kind.SEQUENCE, Kind.ITEM, Kind.FRAGMENTS}
        depth -= event.kind is Kind.END
    return found


def assert_read_by_both(data, *codes):
    judgement = judge(CountedSource(data))
    assert [finding.code for finding in judgement.findings] == list(codes)
    assert not judgement.rejected
    seen = scanned(data)
    assert judgement.metadata["patient"]["id"] == seen[PATIENT].decode().strip()
    assert judgement.metadata["sop_instance_uid"] == seen[0x00080018].decode().strip("\0")


# A value representation that is none.

ODD_VRS = [b"--", b"??", b"  ", b"\0\0", b"\x01\x80", b"lo", b"L?"]


def short(tag, vr, value, order="little"):
    head = (tag >> 16).to_bytes(2, order) + (tag & 0xFFFF).to_bytes(2, order)
    return head + vr + len(value).to_bytes(2, order) + value


def long(tag, vr, value, order="little"):
    head = (tag >> 16).to_bytes(2, order) + (tag & 0xFFFF).to_bytes(2, order)
    return head + vr + b"\0\0" + len(value).to_bytes(4, order) + value


@pytest.mark.parametrize("vr", ODD_VRS)
@pytest.mark.parametrize("write", [short, long])
@pytest.mark.parametrize("value", [b"", b"A ", b"Anything that was written here.."])
@pytest.mark.parametrize("before", [0x00181030, PIXEL_DATA])
def test_the_next_tag_tells_which_length_is_meant(vr, write, value, before):
    data = spliced(write(before - 1, vr, value), before=before)

    if not value and vr == b"\0\0":
        # It is then the implicit form as well.
        assert not judge(CountedSource(data)).rejected
    else:
        assert_read_by_both(data, "vr-invalid")


@pytest.mark.parametrize("write", [short, long])
def test_a_length_is_found_in_the_other_byte_order_too(write):
    data = spliced(write(0x00181000, b"--", b"1234", "big"), before=0x00181030, syntax=EXPLICIT_VR_BIG_ENDIAN)

    assert codes_of(data) == ["transfer-syntax-retired", "vr-invalid"]
    assert scanned(data)[0x00181000] == b"1234"


@pytest.mark.parametrize("write", [short, long])
def test_a_length_is_found_while_inflating(write):
    data = spliced(write(0x00181000, b"--", b"1234"), before=0x00181030, syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)

    assert_read_by_both(data, "vr-invalid")


@pytest.mark.parametrize("count", [2, 4])
def test_several_in_a_row_are_followed_to_one_that_says_what_it_is(count):
    row = b"".join(short(0x00181000 + number, b"??", b"1234") for number in range(count))

    assert_read_by_both(spliced(row, before=0x00181030), "vr-invalid")


@pytest.mark.parametrize("make_item", [item, undefined_length_item])
@pytest.mark.parametrize("length", [None, UNDEFINED_LENGTH])
def test_a_length_is_found_at_the_end_of_an_item(make_item, length):
    inner = element(0x00081150, "UI", b"1.2\0") + short(0x00081155, b"??", b"1.2\0")
    content = make_item(inner) + (SEQUENCE_END if length else b"")

    assert_read_by_both(spliced(element(0x00081140, "SQ", content, length=length), before=0x00090000), "vr-invalid")


def test_a_length_is_found_at_the_end_of_the_file():
    assert_read_by_both(spliced(short(0x7FE10010, b"??", b"AB"), before=0xFFFC0000), "vr-invalid")


def test_the_identity_is_read_though_its_value_representation_is_none():
    data = spliced(short(PATIENT, b"--", b"TEST-0009 "), before=0x00100030, without=[PATIENT])

    assert_read_by_both(data, "vr-invalid")
    assert judge(CountedSource(data)).metadata["patient"]["id"] == "TEST-0009"


def test_un_with_a_length_of_two_bytes_is_read():
    assert_read_by_both(spliced(short(0x00181000, b"UN", b"AB"), before=0x00181030), "vr-invalid")


def test_a_value_representation_that_the_standard_may_add_is_taken_as_it_is():
    assert_read_by_both(spliced(long(0x00181001, b"ZZ", b"AB"), before=0x00181030))


def test_no_more_than_some_of_thousands_are_looked_into():
    row = b"".join(short(0x00290000 + number, b"??", b"1234") for number in range(0x1000, 0x3000))
    source = CountedSource(spliced(row))

    assert judge(source).rejected
    assert len(source.reads) < 16


# Commands in front.

COMMANDS = {
    "explicit": element(0x00000002, "UI", b"1.2\0") + element(0x00000100, "US", b"\1\0"),
    "implicit": element(0x00000002, "UI", b"1.2\0", implicit=True) + element(0x00000100, "US", b"\1\0", implicit=True),
    "with their length": element(0x00000000, "UL", b"\x0a\0\0\0") + element(0x00000100, "US", b"\1\0"),
    "no more than that": element(0x00000000, "UL", b"\0\0\0\0", implicit=True),
}


@pytest.mark.parametrize("commands", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    "syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]
)
def test_command_elements_in_front_are_superfluous(commands, syntax):
    assert_read_by_both(spliced(commands, before=0x00080000, syntax=syntax), "command-elements")


@pytest.mark.parametrize("front", [bytes(8), bytes(200), element(0x00000100, "US", b"\1\0") + bytes(40)])
def test_zeros_in_front_are_no_commands(front):
    assert judge(CountedSource(spliced(front, before=0x00080000))).rejected


# Elements behind the image.

BEHIND = 0xFFFC0000


def encapsulated_slice(behind):
    kept = {tag: held for tag, held in elements().items() if tag not in {PATIENT, PIXEL_DATA}}
    pixels = encapsulated(b"\xff\xd8\xff\xe0")
    return part10(data_set(kept) + pixels + behind, sop=SOP, transfer_syntax=JPEG_BASELINE)


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN])
def test_the_patient_counts_behind_the_image(syntax):
    encoding = {"implicit": syntax == IMPLICIT_VR_LITTLE_ENDIAN, "big": syntax == EXPLICIT_VR_BIG_ENDIAN}
    moved = element(PATIENT, "LO", b"TEST-0009 ", **encoding)
    retired = ["transfer-syntax-retired"] if encoding["big"] else []

    assert_read_by_both(spliced(moved, before=BEHIND, syntax=syntax, without=[PATIENT]), *retired, "elements-unordered")


@pytest.mark.parametrize(
    "more",
    [
        b"",
        element(0x00204000, "UT", bytes(70_000)),
        element(0x00081140, "SQ", item(element(0x00081155, "UI", b"1.2\0"))),
        element(0xFFFCFFFC, "OB", bytes(200)),
    ],
    ids=["no more", "a large value", "a sequence", "padding"],
)
def test_the_patient_counts_behind_fragments_whatever_follows(more):
    assert_read_by_both(encapsulated_slice(element(PATIENT, "LO", b"TEST-0009 ") + more), "elements-unordered")


def test_two_patients_before_and_behind_the_image_are_one_too_many():
    assert "identity-ambiguous" in codes_of(spliced(element(PATIENT, "LO", b"TEST-0009 "), before=BEHIND))


@pytest.mark.parametrize("rest", [b"\1" * 40, b"any text that stands there", b"\x10\0\x20\0LO\xff\x7f" + bytes(40)])
def test_other_bytes_behind_the_image_are_no_elements(rest):
    assert codes_of(spliced(rest, before=BEHIND)) == ["trailing-bytes"]


# Lengths of items around an icon.

ICON = data_set({0x00280010: ("US", b"\2\0"), 0x00280011: ("US", b"\2\0")}) + encapsulated(b"\xff\xd8\xff\xe0" * 20)


@pytest.mark.parametrize("missing", [2, 8, 24, 60, len(ICON) - 32])
@pytest.mark.parametrize("outer", ["undefined", "right", "short"])
@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN])
def test_fragments_tell_the_true_end_of_their_item(missing, outer, syntax):
    content = item(ICON, length=len(ICON) - missing)
    length = {"undefined": UNDEFINED_LENGTH, "right": len(content), "short": len(content) - missing}[outer]
    icon = element(0x00880200, "SQ", content + (SEQUENCE_END if outer == "undefined" else b""), length=length)

    assert_read_by_both(spliced(icon, before=0x00880201, syntax=syntax), "item-length-wrong")


def test_fragments_tell_the_true_end_of_all_items_around_them():
    inner = element(0x00880200, "SQ", item(ICON, length=len(ICON) - 24), length=len(ICON) + 8 - 24)
    outer = element(0x00081140, "SQ", item(inner, length=len(inner) - 24), length=len(inner) + 8 - 24)

    assert_read_by_both(spliced(outer, before=0x00090000), "item-length-wrong")


def test_an_icon_whose_fragments_do_not_end_harms_nothing_around_it():
    broken = ICON[: -len(SEQUENCE_END)] + b"no delimiter here"
    data = spliced(element(0x00880200, "SQ", item(broken)), before=0x00880201)

    assert codes_of(data) == ["sequence-damaged"]


# What an object is made for.

CONTENT = {
    "contours": 0x30060039,
    "observations": 0x30060080,
    "beams": 0x300A00B0,
    "treatment sessions": 0x30080020,
    "report": 0x0040A730,
    "frames": 0x52009230,
    "segments": 0x00620002,
    "waveforms": 0x54000100,
    "annotations": 0x00700001,
    "registration": 0x00700308,
    "surfaces": 0x00660002,
    "real world values": 0x00409096,
}
BROKEN = {
    "no item": element(0x00081140, "SQ", b"this is no item.")[12:],
    "an element that exceeds its item": item(element(0x300600C8, "IS", b"1 ", length=400)),
    "rubbish in an undefined item": undefined_length_item(b"\xff\xfe\xff\xff rubbish")[:-8],
    "an item that exceeds its sequence": item(b"\0\0", length=900),
}


@pytest.mark.parametrize("tag", CONTENT.values(), ids=CONTENT)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_damage_to_what_the_object_is_made_for_rejects(tag, broken):
    data = spliced(element(tag, "SQ", broken), before=min(tag, PIXEL_DATA - 1))

    assert "content-damaged" in codes_of(data)
    assert "sequence-damaged" not in codes_of(data)


def test_damage_within_an_item_of_known_length_in_a_sequence_of_unknown_length_rejects_as_well():
    inner = element(0x30060040, "SQ", item(element(0x30060050, "DS", b"1\\2\\3 ", length=600)))
    contours = element(0x30060039, "SQ", item(inner) + SEQUENCE_END, length=UNDEFINED_LENGTH)

    assert "content-damaged" in codes_of(spliced(contours, before=0x30070000))


@pytest.mark.parametrize("tag", [0x00081140, 0x00880200, 0x00400275, 0x00081115, 0x00221007])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_damage_to_what_goes_with_an_image_is_a_warning(tag, broken):
    assert codes_of(spliced(element(tag, "SQ", broken), before=tag)) == ["sequence-damaged"]


@pytest.mark.parametrize("tag", [0x00081115, 0x00221007])
def test_an_object_without_an_image_consists_of_its_sequences(tag):
    assert "content-damaged" in codes_of(spliced(element(tag, "SQ", b"no items"), before=tag, without=[PIXEL_DATA]))


# Pixel Data without any.


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE])
def test_pixel_data_of_no_length_is_none(syntax):
    body = {tag: held for tag, held in elements().items() if not 0x00280000 < tag < 0x00290000}
    implicit = syntax == IMPLICIT_VR_LITTLE_ENDIAN
    data = part10(data_set(body | {PIXEL_DATA: ("OW", b"")}, implicit=implicit), sop=SOP, transfer_syntax=syntax)

    assert_read_by_both(data)


def test_an_image_whose_pixel_data_have_no_length_lacks_them():
    kept = elements() | {PIXEL_DATA: ("OW", b""), 0x7FE10010: ("LO", b"MAKER ")}

    assert_read_by_both(part10(data_set(kept), sop=SOP), "pixel-data-missing")


# Character sets.


@pytest.mark.parametrize(
    ("term", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("UTF_8", "utf-8"),
        ("ISO_IR UTF-8", "utf-8"),
        ("iso_ir 192", "utf-8"),
        ("ISO-IR-192", "utf-8"),
        ("ISO 8859-2", "iso8859-2"),
        ("ISO_8859_5", "iso8859-5"),
        ("gb18030", "gb18030"),
        ("GB 2312", "gb2312"),
        ("Latin1", "latin-1"),
    ],
)
def test_a_misspelt_character_set_is_told_once_and_read(term, codec):
    name = {"iso8859-5": "Нет^Никто", "gb18030": "王^小东", "gb2312": "王^小东"}.get(codec, "Mül^Lö")
    written = name.encode(codec)
    stated = element(0x00080005, "CS", term.encode() + b" " * (len(term) % 2))
    named = element(0x00100010, "PN", written + b" " * (len(written) % 2))
    data = spliced(stated, before=0x00080006, without=[0x00080005])
    data = data.replace(element(0x00100010, "PN", elements()[0x00100010][1]), named)

    assert codes_of(data) == ["character-set-unknown"]
    assert judge(CountedSource(data)).metadata["patient"]["name"] == name


def test_what_names_no_character_set_is_read_as_the_default():
    stated = element(0x00080005, "CS", b"KLINGON ")

    assert codes_of(spliced(stated, before=0x00080006, without=[0x00080005])) == ["character-set-unknown"]


# Names.


@pytest.mark.parametrize("groups", ["Example^Nobody=", "Example^Nobody==", "A^B=Ideo^Graphic=", "=Ideo^Graphic=", "="])
def test_empty_groups_at_the_end_of_a_name_are_the_standards_own_form(groups):
    name = element(0x00100010, "PN", (groups + " " * (len(groups) % 2)).encode())
    data = spliced(name, before=PATIENT, without=[0x00100010])

    assert codes_of(data) == []
    assert judge(CountedSource(data)).metadata["patient"].get("name", "") == groups.rstrip("=")
