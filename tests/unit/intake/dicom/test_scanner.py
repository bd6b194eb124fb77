"""A data set as events: in every encoding, through damage, and never further than the budget and the bytes go."""

import struct
import zlib

import pytest

from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.reader import scan
from intake.dicom.scanner import MAX_DEPTH
from intake.dicom.streams import CHUNK_OUT, FIRST_READ
from intake.errors import ObjectChangedError
from tests.dicom_files import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_slice,
    element,
    encapsulated,
    file_meta,
    item,
    part10,
    text,
    uid,
    undefined_length_item,
)
from tests.unit.intake.dicom.readings import Source, outline, plenty, tags

FIRST = element(0x00080005, "CS", b"ISO_IR 100")
LAST = element(0x00200013, "IS", b"1 ")


def file(*parts, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN):
    return part10(b"".join(parts), sop=uid("scanner"), transfer_syntax=transfer_syntax)


def sequence(*items, tag=0x00081140, length=None):
    closing = SEQUENCE_END if length == UNDEFINED_LENGTH else b""
    return element(tag, "SQ", b"".join(items) + closing, length=length)


@pytest.mark.parametrize(
    "transfer_syntax",
    [
        EXPLICIT_VR_LITTLE_ENDIAN,
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ],
)
def test_the_same_data_set_is_told_from_every_encoding(transfer_syntax):
    told = outline(ct_slice(rows=8, columns=8, transfer_syntax=transfer_syntax))

    plain = outline(ct_slice(rows=8, columns=8))
    assert [row[:2] for row in told] == [row[:2] for row in plain]
    assert [row[2] for row in told][:-1] == [row[2] for row in plain][:-1]


@pytest.mark.parametrize("length", [None, UNDEFINED_LENGTH])
@pytest.mark.parametrize("make_item", [item, undefined_length_item])
def test_sequences_of_both_lengths_are_entered_and_left(length, make_item):
    inner = element(0x00081155, "UI", b"1.2\0")

    told = outline(file(FIRST, sequence(make_item(inner), make_item(b""), length=length), LAST))

    assert told == [
        ("ELEMENT", "00080005", "CS", b"ISO_IR 100"),
        "SEQUENCE",
        "ITEM",
        ("ELEMENT", "00081155", "UI", b"1.2\0"),
        "END",
        "ITEM",
        "END",
        "END",
        ("ELEMENT", "00200013", "IS", b"1 "),
    ]


@pytest.mark.parametrize("length", [None, UNDEFINED_LENGTH])
def test_a_sequence_under_un_is_implicit_whatever_surrounds_it(length):
    inner = item(element(0x00081155, "UI", b"1.2\0", implicit=True))
    value = inner + (SEQUENCE_END if length else b"")

    told = outline(file(FIRST, element(0x00081140, "UN", value, length=length), LAST))

    assert ("ELEMENT", "00081155", "UI", b"1.2\0") in told
    assert told[1:3] == ["SEQUENCE", "ITEM"]


def test_a_value_under_un_is_read_by_the_dictionary_and_a_large_one_is_not():
    told = outline(file(FIRST, element(0x00100020, "UN", b"X1"), element(0x00104000, "UN", b"x" * 0x10000), LAST))

    assert [row[2] for row in told] == ["CS", "LO", "UN", "IS"]


def test_private_elements_are_read_by_their_creators_dictionary_in_their_data_set_only():
    creator = element(0x00290010, "LO", text("SIEMENS CSA HEADER"), implicit=True)
    known = element(0x00291008, "CS", b"IMAGE NUM 4 ", implicit=True)
    data = file(
        element(0x00081140, "SQ", item(known), implicit=True), creator, known,
        element(0x00291108, "CS", b"AB", implicit=True), transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN,
    )  # fmt: skip

    told = [row[1:3] for row in outline(data) if isinstance(row, tuple)]

    assert told == [("00291008", "UN"), ("00290010", "LO"), ("00291008", "CS"), ("00291108", "UN")]


def test_an_element_without_a_vr_among_those_with_one_is_read_as_implicit():
    told = outline(file(FIRST, element(0x00100020, "LO", b"X1", implicit=True), LAST))

    assert told[1] == ("ELEMENT", "00100020", "LO", b"X1")


def test_an_unknown_vr_has_the_long_form_and_is_told_as_un():
    unknown = struct.pack("<HH2sxxI", 0x0008, 0x0070, b"ZZ", 2) + b"ab"

    assert outline(file(FIRST, unknown, LAST))[1] == ("ELEMENT", "00080070", "UN", b"ab")


def test_fragments_are_told_one_by_one_at_any_level():
    nested = sequence(item(encapsulated(b"abcd", b"ef")), tag=0x00880200)

    told = outline(file(FIRST, nested, encapsulated(b"pixels")))

    assert [row if isinstance(row, str) else row[3] for row in told] == [
        b"ISO_IR 100", "SEQUENCE", "ITEM", "FRAGMENTS", b"", b"abcd", b"ef", "END", "END", "END",
        "FRAGMENTS", b"", b"pixels", "END",
    ]  # fmt: skip


@pytest.mark.parametrize("filling", [b"\0" * 64, b"\0" * 7, element(0x7FE00010, "OW", b"\0\0"), b"any text"])
def test_what_follows_the_pixel_data_and_is_none_of_the_data_set_ends_it(filling):
    pixels = element(0x7FE00010, "OW", b"\0" * 8)

    assert tags(file(FIRST, pixels, filling)) == ["00080005", "7FE00010"]


def test_an_element_that_belongs_before_the_pixel_data_counts_behind_them():
    pixels = element(0x7FE00010, "OW", b"\0" * 8)

    assert tags(file(FIRST, pixels, LAST)) == ["00080005", "7FE00010", "00200013"]


def test_an_element_may_follow_the_pixel_data():
    padding = element(0xFFFCFFFC, "OB", b"\0" * 8)

    assert tags(file(FIRST, element(0x7FE00010, "OW", b"\0" * 8), padding))[-1] == "FFFCFFFC"


def test_damage_within_a_sequence_of_known_length_ends_that_sequence_alone():
    damaged = sequence(item(element(0x00081155, "UI", b"1.2\0", length=400)))

    told = outline(file(FIRST, damaged, LAST))

    assert told[-2:] == ["DAMAGED", ("ELEMENT", "00200013", "IS", b"1 ")]


def test_a_fragment_beyond_the_files_end_in_a_sequence_of_known_length_ends_that_sequence_alone():
    beyond = encapsulated(b"abcd").replace(b"\x04\0\0\0abcd", b"\xff\0\0\0abcd")

    told = outline(file(FIRST, sequence(item(beyond), tag=0x00880200), LAST))

    assert told[-2:] == ["DAMAGED", ("ELEMENT", "00200013", "IS", b"1 ")]


def test_damage_within_an_item_of_known_length_ends_that_item_alone():
    damaged = item(element(0x00081155, "UI", b"1.2\0", length=400))

    told = outline(file(FIRST, sequence(damaged, item(LAST), length=UNDEFINED_LENGTH), LAST))

    assert told[1:] == [
        "SEQUENCE", "ITEM", "DAMAGED", "ITEM", ("ELEMENT", "00200013", "IS", b"1 "), "END", "END",
        ("ELEMENT", "00200013", "IS", b"1 "),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "parts",
    [
        (FIRST, element(0x00100020, "LO", b"X1", length=4000)),
        (FIRST, element(0x00104000, "UT", b"X1", length=0x7FFFFFFF)),
        (FIRST, element(0x00081155, "UI", b"1.2\0", length=UNDEFINED_LENGTH & 0xFFFF)),
        (FIRST, sequence(b"\1\2\3\4\5\6\7\10", length=UNDEFINED_LENGTH)),
        (FIRST, encapsulated(b"pixels", closed=False)),
    ],
)
def test_what_is_cut_off_or_damaged_at_the_outermost_level_is_unreadable(parts):
    with pytest.raises(UnreadableDataSetError):
        outline(file(*parts))


def test_no_error_tells_a_value():
    with pytest.raises(UnreadableDataSetError) as caught:
        outline(file(FIRST, element(0x00100010, "PN", b"Example^Nobody", length=4000)))
    assert "Example" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\0" * 400, b"\0" * 128 + b"DICM", b"%PDF-1.4 is no data set", b"\2\0\0\0UL"])
def test_what_is_no_data_set_is_unreadable(data):
    with pytest.raises(UnreadableDataSetError):
        outline(data)


def test_a_transfer_syntax_that_the_bytes_contradict_is_unreadable():
    with pytest.raises(UnreadableDataSetError):
        outline(file(FIRST, LAST, transfer_syntax=EXPLICIT_VR_BIG_ENDIAN))


def test_sequences_are_followed_as_deep_as_the_judge_lets_them_be():
    def nested(depth):
        opened = element(0x0040A730, "SQ", b"", length=UNDEFINED_LENGTH) + item(b"", length=UNDEFINED_LENGTH)
        return file(FIRST, opened * depth)

    assert outline(nested(MAX_DEPTH)).count("SEQUENCE") == MAX_DEPTH
    with pytest.raises(TooCostlyError) as caught:
        outline(nested(20_000))
    assert caught.value.cost == "depth"


def test_steps_bound_elements_items_and_fragments_alike():
    for parts in (
        [element(0x00411000 + number, "LO", b"") for number in range(2_000)],
        [sequence(item(b"") * 2_000, tag=0x0040A730)],
        [encapsulated(*[b""] * 2_000)],
    ):
        budget = plenty(steps=1_500)
        with pytest.raises(TooCostlyError) as caught:
            outline(file(FIRST, *parts), budget)
        assert caught.value.cost == "steps"


def test_deflated_data_is_inflated_no_further_than_the_budget_and_little_at_a_time():
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = FIRST + element(0x00411000, "OB", b"", length=1 << 30)
    deflated = packer.compress(body) + b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(64)) + packer.flush()
    data = b"\0" * 128 + b"DICM" + file_meta(
        sop_class=CT_IMAGE_STORAGE, sop=uid("bomb"), transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    ) + deflated  # fmt: skip
    budget = plenty(inflated=1 << 20)
    scanner = scan(Source(data), budget)

    with pytest.raises(TooCostlyError):
        list(scanner.events())

    assert -CHUNK_OUT <= budget.inflated < 0
    assert len(scanner._stream.buffer) <= 2 * CHUNK_OUT


def test_deflate_data_that_is_damaged_or_cut_off_is_unreadable():
    whole = ct_slice(rows=64, columns=64, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    for data in (whole[:-60], whole[:500] + b"\xff" * 40 + whole[540:]):
        with pytest.raises(UnreadableDataSetError):
            outline(data)


def test_large_values_are_jumped_over_and_not_fetched():
    source = Source(file(FIRST, element(0x00411000, "OB", b"\0" * 10_000_000), LAST))

    assert [event.tag for event in scan(source, plenty()).events()] == [0x00080005, 0x00411000, 0x00200013]
    assert sum(length for _, length in source.reads) <= FIRST_READ + 100


def test_an_object_that_became_shorter_is_told_as_changed():
    data = file(FIRST, element(0x00411000, "OB", b"\0" * 100_000), LAST)
    source = Source(data)
    scanner = scan(source, plenty())
    source.data = data[:70_000]
    source_size = len(data)
    scanner._stream.size = source_size

    with pytest.raises(ObjectChangedError):
        list(scanner.events())
    with pytest.raises(ObjectChangedError):
        scan(Source(data), plenty(), first=data[:100])


def test_fetches_and_their_bytes_are_spent():
    data = file(FIRST, *[element(0x00411000 + number, "OB", b"\0" * 100_000) for number in range(100)])
    for limits in ({"steps": 5_000}, {"fetched": 1 << 17}):
        source = Source(data)
        with pytest.raises(TooCostlyError) as caught:
            list(scan(source, plenty(**limits)).events())
        assert {caught.value.cost} == limits.keys()
        assert len(source.reads) <= 20
