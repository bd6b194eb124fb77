"""ZIP archives: their rules, and their listing and inflation, with the standard library as oracle."""

import dataclasses
import io
import random
import stat
import struct
import zipfile
import zlib

import pytest

from processor.judge import judge
from processor.judge.documents.zip.archive import ArchiveError, list_entries
from processor.judge.documents.zip.entries import EntryDamagedError, inflate
from processor.judge.documents.zip.left_out import MOST_STRETCHES, read_places, write_stretches
from processor.judge.inspection.window import Window
from tests.dicom_files import ct_slice
from tests.document_files import zipped
from tests.unit.processor.judge.documents.verdicts import metadata, rejecting, warning
from tests.unit.processor.judge.sources import CountedSource

MIB = 1024 * 1024
NOISE = random.Random(7).randbytes(3 * MIB)


def patched(data, change, *, central=0, local=None):
    """Write `change` (format, offset in the record, value) into the central entry and the local header."""
    edited = bytearray(data)
    layout, offset, value = change
    place = 0
    for _ in range(central + 1):
        place = data.index(b"PK\1\2", place + 1)
    struct.pack_into(layout, edited, place + offset, value)
    if local is not None:
        struct.pack_into(layout, edited, local, value)
    return bytes(edited)


def link(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


TWO = zipped([("study/1.dcm", b"one" * 100), ("study/2.dcm", NOISE[:5000])])


def test_a_plain_archive_is_accepted_and_counted():
    assert rejecting(TWO) == []
    assert warning(TWO) == []
    assert metadata(TWO) == {"entries": 2, "total_size": 5300}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("chunk", [1, 100, 4096, MIB])
def test_entries_inflate_to_what_the_standard_library_reads(method, chunk):
    size = 2_000 if chunk == 1 else len(NOISE)
    data = zipped([("a.dcm", NOISE[:size]), ("zeros", bytes(size)), ("empty", b""), ("Ölfässer/ü.dcm", b"x")], method)
    source = CountedSource(data)

    with zipfile.ZipFile(io.BytesIO(data)) as oracle:
        for entry, info in zip(list_entries(source), oracle.infolist(), strict=True):
            pieces = list(inflate(source, entry, chunk))

            assert (entry.name, entry.size, entry.crc32) == (info.filename, info.file_size, info.CRC)
            assert b"".join(pieces) == oracle.read(info)
            assert all(len(piece) <= max(chunk, 30) for piece in pieces)


def test_an_entry_is_read_in_parts():
    source = CountedSource(zipped([("a", NOISE)], zipfile.ZIP_STORED))
    (entry,) = list_entries(source)
    source.reads.clear()

    for _ in inflate(source, entry, MIB):
        pass

    assert max(length for _, length in source.reads) == MIB
    assert source.bytes_read < len(NOISE) + 4096


def test_a_streamed_archive_with_data_descriptors_is_read():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, piece):
            self.data += bytes(piece)
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", NOISE[:9000])
    source = CountedSource(pipe.data)

    assert rejecting(pipe.data) == []
    assert b"".join(inflate(source, list_entries(source)[0])) == NOISE[:9000]


def test_a_zip64_archive_is_read():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive, archive.open("a.dcm", "w", force_zip64=True) as entry:
        entry.write(b"content")
    small = packed.getvalue()
    start = small.index(b"PK\1\2")
    directory, end = bytearray(small[start : small.index(b"PK\5\6")]), len(small) - 22
    struct.pack_into("<2L", directory, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    extra = struct.pack("<2H2Q", 1, 16, 7, 7)
    struct.pack_into("<H", directory, 30, len(extra))
    directory += extra
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
    wide = small[:start] + directory + record + locator
    wide += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)

    assert end > start
    assert rejecting(wide) == []
    assert [(entry.name, entry.size) for entry in list_entries(CountedSource(wide))] == [("a.dcm", 7)]


def test_folders_and_carrier_files_are_no_files():
    data = zipped([("a/", b""), ("a/1.dcm", b"x"), ("__MACOSX/a/._1.dcm", b"y"), (".DS_Store", b"z"),
                   ("a/Thumbs.db", b"t"), ("a\\desktop.ini", b"d"), ("b/", b""), ("viewer.exe", b"MZ")])  # fmt: skip

    known = metadata(data)

    assert known == {"entries": 1, "total_size": 1, "left_out": 5, "left_out_entries": [[2, 5], [7, 7]]}
    entries = list_entries(CountedSource(data), read_places(known))
    assert [(entry.index, entry.name) for entry in entries] == [(1, "a/1.dcm")]


@pytest.mark.parametrize("name", ["README", "Thumbs.db", "viewer/setup.exe", ".hidden", "__MACOSX/._1"])
def test_an_entry_that_may_be_medical_is_unpacked_whatever_it_is_called(name):
    inside = [("a.txt", b"x"), (name, ct_slice(rows=8, columns=8)), ("AUTORUN.INF", b"[autorun]")]

    assert metadata(zipped(inside))["left_out_entries"] == [[2, 2]]
    assert metadata(zipped(inside, zipfile.ZIP_DEFLATED))["entries"] == 2


def test_a_carrier_file_that_cannot_be_read_is_a_file_like_others():
    whole = zipped([("1.dcm", NOISE[:100]), ("README.TXT", NOISE[:5000])])
    broken = whole.replace(b"README.TXT", b"readme.txt", 1)

    assert metadata(whole)["left_out"] == 1
    assert "left_out" not in metadata(broken)


def test_a_viewer_in_an_archive_is_looked_at_with_few_reads():
    viewer = [(f"viewer/lib{n}.dll", NOISE[:70_000]) for n in range(300)]
    source = CountedSource(zipped([("DICOM/1", b"x"), *viewer]))

    assert judge(source).metadata["left_out"] == 300
    assert len(source.reads) <= 50


def test_what_the_judge_cannot_afford_to_look_at_is_a_file_like_others(monkeypatch):
    left = iter([True, True, False, False])
    monkeypatch.setattr(Window, "affords", lambda _window, _length: next(left))
    known = metadata(zipped([("DICOM/1", b"x"), *((f"{n}.exe", b"MZ") for n in range(4))]))

    assert (known["entries"], known["left_out"]) == (3, 2)


def test_a_records_stretches_are_bounded():
    places = [place for n in range(3_000) for place in (3 * n,)]

    assert len(write_stretches(places)) == MOST_STRETCHES


DAMAGED = bytearray(zipped([("a.dcm", NOISE[:5000])]))
DAMAGED[1000] ^= 0xFF
REJECTED = {
    "archive-directory-missing": TWO[:-30],
    "archive-directory-damaged": TWO.replace(b"PK\1\2", b"PK\1\3", 1),
    "archive-directory-too-large": TWO[:-10] + struct.pack("<L", 17 * MIB) + TWO[-6:],
    "archive-trailing-bytes": TWO + bytes(100) + b"more",
    "archive-ambiguous": TWO[:-2] + struct.pack("<H", 22) + TWO[-22:-2] + b"\0\0",
    "archive-split": TWO[:-18] + b"\1\0" + TWO[-16:],
    "archive-empty": zipped([("a/", b"")]),
    "archive-nested": zipped([("one.zip", b"PK"), ("two.7z", b"7z")]),
    "archive-bomb": zipped([("a.dcm", bytes(65 * MIB))]),
    "archive-encrypted": patched(TWO, ("<H", 8, 1), local=6),
    "archive-method-unsupported": zipped([("a.dcm", NOISE[:500])], zipfile.ZIP_LZMA),
    "archive-path-traversal": zipped([("../../etc/passwd", b"x")]),
    "archive-symlink": zipped([(link("a", stat.S_IFLNK | 0o777), b"/etc/passwd")]),
    "archive-special-file": zipped([(link("a", stat.S_IFIFO | 0o777), b"x")]),
    "archive-local-header-differs": TWO.replace(b"study/1.dcm", b"other/1.dcm", 1),
    "archive-entry-damaged": bytes(DAMAGED),
}


@pytest.mark.parametrize("code", REJECTED)
def test_a_broken_archive_is_named_by_the_judge_and_refused_by_the_listing(code):
    assert rejecting(REJECTED[code]) == [code]
    if code not in {"archive-local-header-differs", "archive-entry-damaged"}:
        with pytest.raises(ArchiveError) as refused:
            list_entries(CountedSource(REJECTED[code]))
        assert refused.value.code == code


@pytest.mark.parametrize("name", ["/etc/passwd", "C:/x", "c:x", "a/../../b", "..\\x", "\\\\server\\x", "a\\..\\b"])
def test_a_path_that_leaves_its_folder_is_refused(name):
    assert rejecting(zipped([(name, b"x"), ("fine.dcm", b"y")])) == ["archive-path-traversal"]


@pytest.mark.parametrize("name", ["..a", "a..b/c", "a/..b", "..."])
def test_a_path_with_odd_dots_is_taken(name):
    assert rejecting(zipped([(name, b"x")])) == []


def test_too_many_entries_are_refused_without_reading_them():
    data = TWO[:-14] + struct.pack("<2H", 50_001, 50_001) + TWO[-10:]

    assert rejecting(data) == ["archive-too-many-entries"]


def test_entries_that_share_bytes_are_refused():
    content = zlib.compress(bytes(1000))[2:-4]
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, zlib.crc32(bytes(1000)), len(content), 1000, 1, 0)
    listed = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, zlib.crc32(bytes(1000)), len(content), 1000,
                         1, 0, 0, 0, 0, 0, 0)  # fmt: skip
    directory = b"".join(listed + name for name in (b"a", b"b", b"c"))
    start = len(local) + 1 + len(content)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(directory), start, 0)

    assert rejecting(local + b"a" + content + directory + end) == ["archive-entries-overlap"]


def test_a_quilt_beyond_all_sizes_is_named_first_by_its_overlap():
    one = zipped([("a", bytes(1000))])
    start = one.index(b"PK\1\2")
    listed = bytearray(one[start:-22])
    struct.pack_into("<L", listed, 24, 0xFFFFFFF0)
    directory = bytes(listed) * 40
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 40, 40, len(directory), start, 0)

    assert rejecting(one[:start] + directory + end) == [
        "archive-entries-overlap",
        "archive-total-too-large",
        "archive-bomb",
    ]


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("archive-duplicate-names", [("a", b"x"), ("a", b"y")]),
        ("archive-path-backslash", [("a\\b", b"x")]),
        ("archive-holds-archive", [("a.zip", b"x"), ("b.dcm", b"y")]),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_merely_odd_is_a_warning(code, files):
    data = zipped(files)

    assert rejecting(data) == []
    assert warning(data) == [code]


def test_an_uncompressed_entry_with_its_size_behind_it_is_a_warning():
    data = patched(zipped([("a", b"x")], zipfile.ZIP_STORED), ("<H", 8, 8), local=6)

    assert warning(data) == ["archive-descriptor-stored"]


def test_compressed_volumes_are_no_archives():
    assert warning(zipped([("brain.nii.gz", b"x"), ("a.dcm", b"y")])) == []


def test_an_archive_within_an_archive_is_refused():
    assert rejecting(TWO, from_archive=True) == ["archive-nested"]


@pytest.mark.parametrize("change", [("size", 4999), ("size", 5001), ("crc32", 1), ("compressed_size", 4000)])
def test_an_entry_that_is_not_as_declared_is_damaged(change):
    source = CountedSource(TWO)
    entry = dataclasses.replace(list_entries(source)[1], **dict([change]))

    with pytest.raises(EntryDamagedError):
        list(inflate(source, entry))


def test_a_huge_archive_is_judged_by_its_directory_alone():
    files = [(f"{number}.dcm", NOISE[: 40 * 1024]) for number in range(400)]
    source = CountedSource(zipped(files, zipfile.ZIP_STORED))
    assert judge(source).findings == ()
    assert len(source.reads) <= 6
    assert source.bytes_read < 256 * 1024
