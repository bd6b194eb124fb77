"""What stands twice: the first value wins wherever the second one stands, and an identity has one value."""

import pytest

from intake.dicom.reader import scan
from processor.judge import judge
from tests.dicom_files import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    UNDEFINED_LENGTH,
    ct_elements,
    ct_slice,
    data_set,
    element,
    file_meta,
    item,
    part10,
    uid,
)
from tests.unit.intake.dicom.readings import Source, plenty
from tests.unit.processor.judge.sources import CountedSource

SYNTAXES = [
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
]
IDENTITY = {
    0x00080018: ("UI", b"1.2.3.40"),
    0x00080050: ("SH", b"OTHER "),
    0x00100010: ("PN", b"Other^Somebody"),
    0x00100020: ("LO", b"OTHER-0002"),
    0x00100030: ("DA", b"19010203"),
    0x0020000D: ("UI", b"1.2.3.41"),
    0x0020000E: ("UI", b"1.2.3.42"),
}


def codes_of(data):
    return [finding.code for finding in judge(CountedSource(data)).findings]


def spliced(extra, *, before=PIXEL_DATA, syntax=EXPLICIT_VR_LITTLE_ENDIAN):
    """A slice with elements put before another; `extra` takes the options of `element`."""
    encoding = {"implicit": syntax == IMPLICIT_VR_LITTLE_ENDIAN, "big": syntax == EXPLICIT_VR_BIG_ENDIAN}
    elements = ct_elements(
        study=uid("study"), series=uid("series"), sop=uid("repeats"), big=syntax == EXPLICIT_VR_BIG_ENDIAN
    )
    elements[0x00080050] = ("SH", b"FIRST ")
    elements[PIXEL_DATA] = ("OW", bytes(128))
    first = data_set({tag: held for tag, held in elements.items() if tag < before}, **encoding)
    last = data_set({tag: held for tag, held in elements.items() if tag >= before}, **encoding)
    return part10(first + extra(**encoding) + last, sop=uid("repeats"), transfer_syntax=syntax)


def repeated(tag, vr, value, **options):
    return spliced(lambda **encoding: element(tag, vr, value, **encoding), **options)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("tag", IDENTITY)
def test_two_values_of_an_identity_reject_in_every_encoding(tag, syntax):
    data = repeated(tag, *IDENTITY[tag], syntax=syntax)

    assert "identity-ambiguous" in codes_of(data)
    assert "OTHER" not in str(judge(CountedSource(data)).metadata)


OTHER = element(0x00100020, "LO", b"OTHER-0002")
SEQUENCE = element(0x00081140, "SQ", item(element(0x00081155, "UI", b"1.2\0")))


@pytest.mark.parametrize(
    "between",
    [
        b"",
        element(0x00090010, "LO", b"MAKER ") + element(0x00091001, "LO", b"theirs"),
        SEQUENCE,
        element(0x00080005, "CS", b"ISO_IR 100"),
        element(0x00291001, "OB", bytes(70_000)),
        element(0x00081140, "SQ", b"this is no item."),
    ],
    ids=["none", "private", "sequence", "lower first", "large value", "damaged sequence"],
)
@pytest.mark.parametrize("before", [0x00100030, 0x00180015, 0x00280010, PIXEL_DATA])
def test_a_second_patient_id_is_found_whatever_stands_between(between, before):
    data = spliced(lambda **_: between + OTHER, before=before)

    assert "identity-ambiguous" in codes_of(data)
    assert judge(CountedSource(data)).metadata["patient"]["id"] == "TEST-0001"


def test_a_second_patient_id_right_behind_the_first_is_found_though_tags_ascend_behind_it():
    data = spliced(lambda **_: OTHER, before=0x00100021)

    assert "identity-ambiguous" in codes_of(data)


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00100020, "LO", b"TEST-0001\0"),
        (0x00100020, "LO", b" TEST-0001  "),
        (0x00100020, "LO", b""),
        (0x00100010, "PN", b"Example^Nobody^^"),
    ],
)
def test_the_same_value_again_is_out_of_order_and_no_more(tag, vr, value):
    assert codes_of(repeated(tag, vr, value)) == ["elements-unordered"]


def test_an_empty_value_is_none_and_the_next_one_counts():
    empty, later = element(0x00100020, "LO", b"    "), element(0x00100020, "LO", b"LATER ")
    data = spliced(lambda **_: empty + later, before=0x00100020)
    data = data.replace(element(0x00100020, "LO", b"TEST-0001 "), b"")

    assert judge(CountedSource(data)).metadata["patient"]["id"] == "LATER"
    assert codes_of(data) == ["elements-unordered"]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_of_anything_else_the_first_value_wins(syntax):
    data = repeated(0x00080060, "CS", b"MR", syntax=syntax)

    assert judge(CountedSource(data)).metadata["modality"] == "CT"
    assert "elements-unordered" in codes_of(data)
    assert "identity-ambiguous" not in codes_of(data)


def test_an_identity_within_a_sequence_is_another_objects():
    nested = element(0x00081140, "SQ", item(OTHER + element(0x0020000D, "UI", b"1.2.3.41")))

    assert "identity-ambiguous" not in codes_of(spliced(lambda **_: nested, before=0x00090000))


NATIVE = element(0x00020010, "UI", IMPLICIT_VR_LITTLE_ENDIAN.encode() + b"\0")
JPEG = element(0x00020010, "UI", b"1.2.840.10008.1.2.4.50")
IMPLICITLY = element(0x00020010, "UI", b"1.2.840.10008.1.2.4.50", implicit=True)
OTHERS = element(0x00020003, "UI", b"1.2.3.40")


@pytest.mark.parametrize("again", [NATIVE, JPEG, IMPLICITLY, OTHERS, JPEG + NATIVE, OTHERS + IMPLICITLY])
@pytest.mark.parametrize("counted", [False, True], ids=["behind the stated end", "within it"])
def test_what_repeats_the_file_meta_information_is_ignored_and_told(again, counted):
    body = data_set(ct_elements(study=uid("study"), series=uid("series"), sop=uid("meta")))
    body += element(PIXEL_DATA, "OW", bytes(128))
    stated = file_meta(sop_class=CT_IMAGE_STORAGE, sop=uid("meta"), transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN)
    if counted:
        stated = stated[:8] + (len(stated) - 12 + len(again)).to_bytes(4, "little") + stated[12:]
    data = bytes(128) + b"DICM" + stated + again + body

    judgement = judge(CountedSource(data))
    assert [finding.code for finding in judgement.findings] == ["file-meta-repeated"]
    assert judgement.metadata["transfer_syntax_uid"] == EXPLICIT_VR_LITTLE_ENDIAN
    assert sum(event.tag == 0x00100020 for event in scan(Source(data), plenty()).events()) == 1


def test_an_element_of_unknown_length_in_the_file_meta_information_ends_nothing_before_it():
    data = ct_slice(rows=8, columns=8)
    cut = data[:144] + element(0x00020001, "OB", b"", length=UNDEFINED_LENGTH) + data[144:]

    assert "truncated" in codes_of(cut)
