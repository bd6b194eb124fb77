"""Values in the DICOM JSON model: what PS3.18 F.2 says, and what it says nothing of."""

import base64
import json
import struct

import pytest

from intake.dicom.errors import TooCostlyError
from portal.dicomweb.json_model.values import LARGEST_BINARY, Context, write_attribute
from tests.unit.intake.dicom.readings import plenty
from tests.unit.portal.dicomweb.pydicom_json import strict_json

NAN, INFINITY = float("nan"), float("inf")


def written(vr, value, *, terms=(), big=False, budget=None, room=lambda _: None):
    return strict_json(write_attribute(vr, value, Context(terms, big=big, budget=budget or plenty(), room=room)))


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("LO", b"one\\two ", ["one", "two"]),
        ("LO", b" padded \\\\x", [" padded", None, "x"]),
        ("LO", b"nul\0in it\0", ["nul\0in it"]),
        ("SH", b'"quoted"\x01', ['"quoted"\x01']),
        ("LT", b"one\\not two \0", ["one\\not two"]),
        ("UT", b"a\r\nb", ["a\r\nb"]),
        ("UR", b"https://x.example/?a\\b ", ["https://x.example/?a\\b"]),
        ("AE", b" STATION \\B", ["STATION", "B"]),
        ("CS", b"lower case\\OK ", ["lower case", "OK"]),
        ("DA", b"20230231", ["20230231"]),
        ("DA", b"no day", ["no day"]),
        ("TM", b"99", ["99"]),
        ("UI", b"1.2.840\0", ["1.2.840"]),
        ("UI", b"../../etc/passwd", ["../../etc/passwd"]),
        ("IS", b" 12 \\-3\\+4", [12, -3, 4]),
        ("IS", b"1.0\\1.5\\1A\\\\9999999999999999999999", [1, "1.5", "1A", None, "9999999999999999999999"]),
        ("IS", b"1_000\\\xb2 ", ["1_000", "\xb2"]),
        ("DS", b" 1.5\\-2e3\\.5\\5.", [1.5, -2000.0, 0.5, 5.0]),
        ("DS", b"nan\\inf\\1e999\\1,5\\\\0x10\\1_0", ["nan", "inf", "1e999", "1,5", None, "0x10", "1_0"]),
        ("PN", b"A^B=C=D", [{"Alphabetic": "A^B", "Ideographic": "C", "Phonetic": "D"}]),
        ("PN", b"=C\\\\A===", [{"Ideographic": "C"}, None, {"Alphabetic": "A"}]),
        ("PN", b"A=B=C=D=E", [{"Alphabetic": "A", "Ideographic": "B", "Phonetic": "C"}]),
        ("AT", b"\x10\0\x20\0\x28\0\x03\x01", ["00100020", "00280103"]),
        ("AT", b"\x10\0\x20\0\x28", ["00100020"]),
        ("US", b"\xff\xff\1\0", [65535, 1]),
        ("SS", b"\xff\xff", [-1]),
        ("UV", b"\xff" * 8, [2**64 - 1]),
        ("FL", struct.pack("<ff", 0.5, NAN), [0.5, "NaN"]),
        ("FD", struct.pack("<ddd", 0.1, INFINITY, -INFINITY), [0.1, "Infinity", "-Infinity"]),
    ],
)
def test_a_value_is_told_as_it_stands_in_the_file(vr, value, expected):
    assert written(vr, value) == {"vr": vr, "Value": expected}


@pytest.mark.parametrize("vr", ["LO", "PN", "DS", "IS", "UT", "AT", "US", "FD", "OB", "UN", "CS", "UR", "AE", "UI"])
def test_an_empty_value_is_no_value(vr):
    assert written(vr, b"") == {"vr": vr}
    if vr not in {"US", "FD", "OB", "UN", "AT"}:
        assert written(vr, b"  ") == {"vr": vr}


def test_bytes_that_are_no_whole_number_of_numbers_are_told_as_bytes():
    assert written("UL", b"\1\2\3") == {"vr": "UN", "InlineBinary": base64.b64encode(b"\1\2\3").decode()}


def test_binary_values_are_told_up_to_a_size():
    for vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        assert written(vr, b"\1\2") == {"vr": vr, "InlineBinary": "AQI="}
        assert "InlineBinary" in written(vr, b"\0" * LARGEST_BINARY)
        assert written(vr, b"\0" * (LARGEST_BINARY + 2)) == {"vr": vr}


def test_words_become_little_endian_and_bytes_stay():
    assert base64.b64decode(written("OW", b"\1\2\3\4", big=True)["InlineBinary"]) == b"\2\1\4\3"
    assert base64.b64decode(written("OL", b"\1\2\3\4", big=True)["InlineBinary"]) == b"\4\3\2\1"
    for vr in ("OB", "UN"):
        assert base64.b64decode(written(vr, b"\1\2\3\4", big=True)["InlineBinary"]) == b"\1\2\3\4"
    assert written("US", b"\1\2", big=True)["Value"] == [0x102]


@pytest.mark.parametrize(
    ("terms", "value", "expected"),
    [
        (("ISO_IR 100",), "Müller^Jürgen".encode("latin-1"), "Müller^Jürgen"),
        (("ISO_IR 192",), "山田".encode(), "山田"),
        (("ISO_IR 192",), b"\xff\xfe\xed\xa0\x80", "\ufffd" * 5),
        (("GB18030",), "王^小东".encode("gb18030"), "王^小东"),
        (("ISO_IR 144",), "Люк".encode("iso8859-5"), "Люк"),
        ((), b"M\xfcller", "Müller"),
        (("ISO_IR 999",), b"M\xfcller", "Müller"),
        (("", "ISO 2022 IR 87"), b"Yamada \x1b$B;3ED\x1b(B x", "Yamada 山田 x"),
        (("", "ISO 2022 IR 149"), b"\x1b$)C\xb1\xe8 x", "김 x"),
        (("", "ISO 2022 IR 87"), b"\x1b$)Z\x1b\x1b(", None),
    ],
)
def test_texts_are_told_in_unicode_whatever_their_character_set(terms, value, expected):
    (text,) = written("LO", value, terms=terms)["Value"]

    assert expected is None or text == expected


def test_a_name_in_kanji_has_its_three_groups():
    name = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"

    (groups,) = written("PN", name, terms=("", "ISO 2022 IR 87"))["Value"]

    assert groups == {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}


def test_the_text_is_ascii_so_that_nothing_on_its_way_can_misread_it():
    text = write_attribute(
        "LO", "山\u2028\0".encode() + b"x", Context(("ISO_IR 192",), big=False, budget=plenty(), room=print)
    )

    assert text.isascii()
    assert json.loads(text)["Value"] == ["山\u2028\0x"]


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("LO", b"\\" * 10_000),
        ("DS", b"1\\" * 10_000),
        ("PN", b"=\\" * 10_000),
        ("US", b"\0\1" * 10_000),
        ("AT", b"\0\1\0\1" * 10_000),
        ("UT", b"\x1b(B" * 10_000),
    ],
)
def test_values_and_escape_sequences_are_counted_before_they_are_made(vr, value):
    with pytest.raises(TooCostlyError):
        written(vr, value, budget=plenty(steps=1_000))


def test_numbers_are_written_some_at_a_time():
    runs = []

    written("FD", struct.pack("<d", NAN) * 10_000, room=runs.append)

    assert len(runs) == 3
