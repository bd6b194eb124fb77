"""What a reader once looked at up to some limit, or not at all, and what hid behind that."""

import struct
import zlib

import pytest

from processor.judge import Facts, judge
from processor.judge.documents.zip.archive import list_entries
from processor.judge.documents.zip.entries import EntryDamagedError, inflate
from tests.document_files import chunk, jpeg, pdf, png, segment, stream, zipped
from tests.unit.processor.judge.documents.verdicts import rejecting, warning
from tests.unit.processor.judge.sources import CountedSource

ACTION = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
OBJECTS = b"/Type /ObjStm /N 1 /First 0"


def damaged_at_its_end(packed):
    """A stream of objects whose last bytes are no deflate data: others show what stands before."""
    return packed.replace(b"\nendstream", b"\xff\xff\xff\xff\nendstream").replace(packed[-20:-14], b"\xff" * 6)


@pytest.mark.parametrize(
    ("hidden", "code"),
    [
        (pdf(b" ".join([b"/A#42"] * 100_001) + b"<< /S /J#61vaScript /J#53 (x) >>"), "pdf-javascript"),
        (pdf(stream(ACTION, b"/Type /ObjS#74m")), "pdf-javascript"),
        (pdf(stream(ACTION, OBJECTS).replace(b"/FlateDecode", b"/Flate#44ecode")), "pdf-javascript"),
        (pdf(damaged_at_its_end(stream(ACTION, OBJECTS))), "pdf-javascript"),
        (pdf(stream(zlib.compress(ACTION), OBJECTS + b" /Filter [/FlateDecode /FlateDecode]")), "pdf-objects-hidden"),
        (pdf(stream(ACTION, OBJECTS).replace(b"/FlateDecode", b"/LZWDecode")), "pdf-objects-hidden"),
    ],
)
def test_no_pdf_hides_its_actions(hidden, code):
    assert rejecting(hidden)[0] == code


@pytest.mark.parametrize(
    "table",
    [
        b"a,b\n=1,2\n" + b"CALL(,2\n" * 10_001 + b"=cmd|'/c calc'!A0,2\n",
        b"a,b\n1,=" + b"A" * 600 + b"cmd|'/c calc'!A0\n",
        b"a,b\n1,\"=1+\ncmd|'/c calc'!A0\"\n",
    ],
)
def test_no_table_hides_what_it_runs(table):
    judgement = judge(CountedSource(table), Facts(extension="csv"))

    assert "csv-formula-runs" in {found.code for found in judgement.findings}


def test_image_data_behind_the_last_row_is_told_of_wherever_it_stands():
    assert warning(png()) == []
    assert warning(png(raw=bytes(201))) == ["image-data-surplus"]
    assert warning(png()[:-12] + chunk(b"IDAT", b"more") + chunk(b"IEND", b"")) == ["image-data-surplus"]


def test_a_large_png_is_read_to_its_end():
    large = png(4096, 4096, colour=0, depth=16)
    at = large.rindex(b"IEND") - 12
    damaged = large[:at] + bytes([large[at] ^ 1]) + large[at + 1 :]

    assert rejecting(large) == []
    assert rejecting(damaged) == ["image-data-damaged"]


def test_a_jpeg_is_walked_beyond_its_first_16_mib():
    behind = jpeg(scan=b"\x12" * (17 << 20), end=b"") + segment(0xE1, b"x")

    assert rejecting(behind + b"\xff\xd9") == []
    assert rejecting(behind) == ["jpeg-truncated"]
    assert rejecting(behind + b"\xff\xd9" + b"\0" * 9 + b"PK\3\4" + bytes(50)) == ["foreign-content-appended"]


def test_an_entry_whose_local_header_names_another_file_is_not_unpacked():
    whole = zipped([(f"{number}.dcm", bytes([number]) * 90_000) for number in range(9)], 0)
    at = whole.index(b"7.dcm")
    source = CountedSource(whole[:at] + b"8" + whole[at + 1 :])

    for entry in list_entries(source):
        if entry.name == "7.dcm":
            with pytest.raises(EntryDamagedError):
                list(inflate(source, entry))
        else:
            assert b"".join(inflate(source, entry)) == struct.pack("B", entry.index) * 90_000
