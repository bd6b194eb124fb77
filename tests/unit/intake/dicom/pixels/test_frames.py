"""A frame is the bytes that pydicom has for it, and costs three reads and 64 KiB beside its own bytes at the most."""

import random
import struct
import time

import pytest

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.pixels.frames import open_pixels
from intake.dicom.pixels.model import NoPixelsError, NoSuchFrameError
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    element,
    encapsulated,
    item,
)
from tests.unit.intake.dicom.pixels.samples import (
    PACKAGED,
    basic,
    cut,
    expected_frames,
    fragmented,
    native,
    offsets_of,
)
from tests.unit.intake.dicom.readings import Source, plenty
from tests.unit.processor.judge.corpus import content, dicom_rows, needs_corpus

BESIDE = 64 * 1024
MOST_FRAMES = 120
"""Frames of one file that are compared."""


def bounded():
    """Return the budget that one request of the portal has."""
    return Budget(steps=200_000, fetched=64 << 20, inflated=64 << 20, taken=8 << 20)


def read(data, number=1, **how):
    return open_pixels(Source(data), bounded()).read_frame(number, **how)


def located(data, number=1):
    return [data[start : start + length] for start, length in open_pixels(Source(data), bounded()).locate(number)]


def compare(data, walked=()):
    """Compare an image's frames with pydicom's, and what they cost. Return how many were compared."""
    image = open_pixels(Source(data), bounded()).description
    wanted = expected_frames(data, image)
    for number in range(1, min(image.frames, MOST_FRAMES) + 1):
        source = Source(data)
        pixels = open_pixels(source, bounded())
        found = pixels.read_frame(number)
        assert found == wanted[number - 1], number
        extents = pixels.locate(number)
        if extents is not None:
            assert b"".join(data[start : start + length] for start, length in extents) == found
        if pixels.index.walked is None or image.frames == 1:
            assert len(source.reads) <= 3, source.reads
            assert sum(length for _, length in source.reads) <= len(found) + BESIDE, source.reads
    return min(image.frames, MOST_FRAMES)


def is_image(data):
    try:
        return bool(open_pixels(Source(data), bounded()).read_frame(1))
    except (UnreadableDataSetError, TooCostlyError):
        return False


@needs_corpus
def test_every_frame_of_every_accepted_image_of_the_corpus_is_pydicoms():
    images = [row for row in dicom_rows(confidence="high") if row["expected"] != "reject" and is_image(content(row))]
    frames = {row["path"]: compare(content(row)) for row in images}
    assert len(frames) > 200, len(frames)
    encapsulated_ones = [row for row in images if open_pixels(Source(content(row)), bounded()).description.encapsulated]
    assert len(encapsulated_ones) > 100, len(encapsulated_ones)


@needs_corpus
def test_what_the_judge_rejects_is_read_or_refused_and_nothing_else():
    for row in dicom_rows(confidence="high"):
        if row["expected"] == "reject":
            is_image(content(row))


def test_every_frame_of_the_images_that_come_with_pydicom_is_pydicoms():
    files = [path.read_bytes() for path in sorted(PACKAGED.rglob("*.dcm"))]
    compared = [compare(data) for data in files if is_image(data)]
    assert len(compared) > 50, len(compared)


@pytest.mark.parametrize("columns", [4, 5, 7, 8])
def test_packed_bits_are_cut_where_a_frame_begins_within_a_byte(columns):
    value = random.Random(columns).randbytes((3 * columns * 6 + 7) // 8)
    data = native(value, vr="OB", frames=6, rows=3, columns=columns, bits=1)
    pixels = open_pixels(Source(data), bounded())
    assert [pixels.read_frame(number) for number in range(1, 7)] == [cut(value, at, 3 * columns) for at in range(6)]
    assert (pixels.locate(2) is None) == (columns != 8)


def test_halved_chroma_takes_two_samples_a_pixel():
    data = native(bytes(range(64)), frames=2, samples=3, photometric=b"YBR_FULL_422")
    assert read(data, 2) == bytes(range(32, 64))


@pytest.mark.parametrize(("tag", "vr", "size"), [(0x7FE00008, "OF", 4), (0x7FE00009, "OD", 8)])
def test_floating_point_pixels_are_as_wide_as_their_element_says(tag, vr, size):
    value = bytes(range(16 * size))
    data = native(value, vr=vr, tag=tag, frames=2, rows=2, columns=4, bits=16)
    assert read(data, 2) == value[8 * size :]
    assert open_pixels(Source(data), bounded()).description.tag == tag


def test_big_endian_words_are_left_as_they_are_or_turned_round_on_demand():
    value = struct.pack(">16H", *range(16))
    data = native(value, EXPLICIT_VR_BIG_ENDIAN, frames=2, rows=2, columns=4, bits=16, big=True)
    assert read(data, 2) == value[16:]
    assert read(data, 2, little=True) == struct.pack("<8H", *range(8, 16))


def test_big_endian_words_that_two_frames_share_are_turned_round_as_a_whole():
    value = bytes([1, 0, 3, 2, 5, 4])  # Samples 0 to 5, two frames of three, in big endian words.
    data = native(value, EXPLICIT_VR_BIG_ENDIAN, frames=2, rows=1, columns=3, bits=8, big=True)
    assert [read(data, number, little=True) for number in (1, 2)] == [bytes([0, 1, 2]), bytes([3, 4, 5])]


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN])
def test_other_encodings_of_the_data_set_have_the_same_frames(syntax):
    value = random.Random(1).randbytes(5 * 16)
    data = native(value, syntax, frames=5)
    pixels = open_pixels(Source(data), bounded())
    # Backwards too, which a deflated data set is inflated anew for.
    assert [pixels.read_frame(number) for number in (2, 5, 1)] == [value[16:32], value[64:], value[:16]]


def test_the_picture_of_an_icon_is_not_the_images():
    icon = element(0x00880200, "SQ", item(element(0x7FE00010, "OW", b"icon") + encapsulated(b"icon")))
    data = native(bytes(range(16)), before=icon)
    assert read(data) == bytes(range(16))
    with pytest.raises(NoPixelsError):
        read(native(b"", tag=0x7FE00020, before=icon))


def test_a_long_sequence_before_the_pixels_is_jumped_over():
    groups = element(0x52009229, "SQ", b"".join(item(element(0x00280011, "US", b"\1\0") * 50) for _ in range(2_000)))
    value = bytes(range(16)) * 10
    source = Source(native(value, before=groups, frames=10))
    pixels = open_pixels(source, bounded())
    assert pixels.read_frame(7) == bytes(range(16))
    assert len(source.reads) <= 3
    assert sum(length for _, length in source.reads) <= BESIDE + 16


def test_a_sequence_whose_length_lies_is_looked_into_after_all():
    inside = item(element(0x7FE00010, "OW", b"nested") + b"\0" * 20_000)
    lying = element(0x52009229, "SQ", inside, length=len(inside) - 12_345)
    data = native(bytes(range(16)), before=lying)
    with pytest.raises(UnreadableDataSetError):
        read(data)


def many(sizes, cuts=1, seed=3):
    """Return frames of such sizes, each cut in as many fragments and ended as a code stream is."""
    draw = random.Random(seed)
    frames = []
    for size in sizes:
        data = draw.randbytes(size - 2).replace(b"\xff\xd9", b"\0\0") + b"\xff\xd9"
        step = max(2, len(data) // cuts // 2 * 2)
        frames.append([data[at : at + step] for at in range(0, len(data), step)])
    return frames


def flat(frames):
    return [fragment for frame in frames for fragment in frame]


FORMS = {
    "basic offset table": lambda frames: fragmented(flat(frames), basic(offsets_of(frames)), frames=len(frames)),
    "extended offset table": lambda frames: fragmented(
        flat(frames), extended=(offsets_of(frames), [len(b"".join(each)) for each in frames]), frames=len(frames)
    ),
    "no table": lambda frames: fragmented(flat(frames), frames=len(frames)),
    "no table and no end": lambda frames: fragmented(flat(frames), frames=len(frames), closed=False),
    "a table of another number": lambda frames: fragmented(flat(frames), basic([0, 8]), frames=len(frames)),
    "a table that points anywhere": lambda frames: fragmented(
        flat(frames), basic([0, *range(4, 4 * len(frames), 4)]), frames=len(frames)
    ),
    "a table that goes back": lambda frames: fragmented(
        flat(frames), basic([0, *reversed(offsets_of(frames)[1:])]), frames=len(frames)
    ),
    "an extended table that points anywhere": lambda frames: fragmented(
        flat(frames), extended=([at + 2 for at in offsets_of(frames)], [16] * len(frames)), frames=len(frames)
    ),
    "an extended table that points beyond": lambda frames: fragmented(
        flat(frames), extended=([1 << 63] * len(frames), [1 << 63] * len(frames)), frames=len(frames)
    ),
    "an extended table of wrong lengths": lambda frames: fragmented(
        flat(frames), extended=(offsets_of(frames), [3 + len(b"".join(each)) for each in frames]), frames=len(frames)
    ),
    "half of an extended table": lambda frames: fragmented(
        flat(frames), extended=(offsets_of(frames),), frames=len(frames)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_frame_is_found_whatever_tells_where_it_lies_and_whatever_lies(form):
    frames = many([100, 2_000, 64, 150_000, 10, 70_000])
    data = FORMS[form](frames)
    pixels = open_pixels(Source(data), bounded())
    for number in (4, 6, 1, 2, 3, 5):
        wanted = b"".join(frames[number - 1])
        assert read(data, number) == pixels.read_frame(number) == wanted
        assert b"".join(located(data, number)) == wanted
    with pytest.raises(NoSuchFrameError):
        pixels.read_frame(7)
    with pytest.raises(NoSuchFrameError):
        pixels.read_frame(0)


@pytest.mark.parametrize("form", ["basic offset table", "no table", "a table that points anywhere"])
def test_frames_that_are_cut_in_fragments_are_joined(form):
    frames = many([100, 2_000, 64, 150_000, 10, 70_000], cuts=3)
    data = FORMS[form](frames)
    assert [read(data, number) for number in range(1, 7)] == [b"".join(frame) for frame in frames]


@pytest.mark.parametrize("trailer", [0, 100, 300_000])
@pytest.mark.parametrize("cuts", [1, 200])
def test_the_only_frame_is_all_fragments_in_three_reads(cuts, trailer):
    (frame,) = frames = many([400_000], cuts=cuts)
    padding = element(0xFFFCFFFC, "OB", bytes(trailer)) if trailer else b""
    source = Source(fragmented(frame, trailer=padding))
    assert open_pixels(source, bounded()).read_frame(1) == b"".join(*frames)
    assert len(source.reads) <= 3
    if cuts == 1 or not trailer:
        assert sum(length for _, length in source.reads) <= 400_000 + BESIDE


@pytest.mark.parametrize("form", ["basic offset table", "extended offset table"])
def test_a_large_table_is_read_once_with_what_follows_it(form):
    frames = many([40] * 20_000)
    data = FORMS[form](frames)
    for number in (1, 9_999, 20_000):
        source = Source(data)
        assert open_pixels(source, bounded()).read_frame(number) == b"".join(frames[number - 1])
        assert len(source.reads) <= 4 - (number < 20_000)


def test_a_known_index_saves_the_header():
    frames = many([30_000] * 40)
    for form, write in FORMS.items():
        data = write(frames)
        first = open_pixels(Source(data), bounded())
        first.read_frame(3)
        source = Source(data)
        pixels = open_pixels(source, bounded(), known=first.index)
        assert pixels.read_frame(17) == b"".join(frames[16])
        assert len(source.reads) == 1, form
        assert sum(length for _, length in source.reads) <= 30_016
        assert first.index.size < 4_096


def test_the_first_bytes_are_not_read_again():
    data = native(bytes(range(64)), frames=4)
    source = Source(data)
    assert open_pixels(source, bounded(), data).read_frame(4) == bytes(range(48, 64))
    assert source.reads == []


def test_a_walk_over_small_fragments_takes_few_reads():
    frames = many([3_000] * 4_000)
    source = Source(fragmented(flat(frames), frames=4_000))
    assert open_pixels(source, bounded()).read_frame(4_000) == b"".join(frames[-1])
    assert len(source.reads) <= 10


def test_a_walk_over_large_fragments_jumps():
    frames = many([3_000_000] * 6)
    source = Source(fragmented(flat(frames), frames=6))
    assert open_pixels(source, bounded()).read_frame(2) == b"".join(frames[1])
    assert sum(length for _, length in source.reads) < 6_000_000


@pytest.mark.parametrize("frame_bytes", [10, 100_000])
def test_a_video_has_no_frames_apart(frame_bytes):
    data = fragmented([bytes(frame_bytes)], frames=3, syntax="1.2.840.10008.1.2.4.102")
    with pytest.raises(UnreadableDataSetError):
        read(data, 1)


@pytest.mark.parametrize(
    "data",
    [
        native(bytes(15)),
        native(bytes(16), rows=0),
        native(bytes(16), bits=0),
        native(bytes(64), frames=5)[:-20],
        fragmented([b"ab"], frames=2, table=basic([0, 10])),
        fragmented([b"ab"])[:-9],
        fragmented([], frames=1),
    ],
    ids=["too few", "no rows", "no bits", "cut off", "fewer fragments", "cut within a fragment", "no fragment"],
)
def test_pixels_that_are_not_there_are_refused(data):
    with pytest.raises(UnreadableDataSetError):
        open_pixels(Source(data), bounded()).read_frame(open_pixels(Source(data), bounded()).description.frames)


def test_what_costs_too_much_is_refused_before_it_is_read():
    data = native(bytes(3_000_000), rows=1_000, columns=3_000)
    source = Source(data)
    with pytest.raises(TooCostlyError):
        open_pixels(source, plenty(fetched=2_000_000)).read_frame(1)
    assert sum(length for _, length in source.reads) <= 2_000_000


@pytest.mark.parametrize("form", ["no table", "a table that goes back", "a table that points anywhere"])
def test_time_grows_with_the_number_of_fragments_and_no_faster(form):
    def spend(count):
        data = FORMS[form](many([10] * count))
        began = time.process_time()
        open_pixels(Source(data), plenty()).read_frame(count // 2)
        return time.process_time() - began

    spend(1_000)
    few, many_times = min(spend(10_000) for _ in range(3)), min(spend(80_000) for _ in range(3))
    assert many_times < 8 * few * 3
