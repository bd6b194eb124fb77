"""What is taken of a DICOM header, and what is not."""

import struct

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from intake.dicom.errors import TooCostlyError
from intake.dicom.reader import scan
from processor.render.dicom_header import LONGEST, MOST, middle_frame, read_header
from tests.dicom_files import PIXEL_DATA, UNDEFINED_LENGTH, ct_slice, element, item
from tests.unit.processor.judge.sources import CountedSource
from tests.unit.processor.render.images import budget, header, image, write

VALUES = np.zeros((4, 4), np.uint16)


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_values_are_handed_on_as_their_bytes(syntax):
    shown = image(VALUES, WindowCenter="40.5", PatientName="Example^Nobody")
    if syntax:
        shown.file_meta.TransferSyntaxUID = syntax
    shown.add_new(0x00280120, "US", 7)

    found = header(write(shown))

    assert found.elements["00281050"] == "40.5"
    assert found.elements["00280120"].encode("latin-1") == struct.pack(">H" if found.big else "<H", 7)
    assert found.big == (syntax == ExplicitVRBigEndian)
    assert "Nobody" not in str(found.elements)


def test_of_a_sequence_of_tables_the_first_counts():
    tables = []
    for first in (5, 6):
        table = Dataset()
        table.add_new(0x00283002, "US", [4, first, 16])
        table.add_new(0x00283006, "US", [1, 2, 3, 4])
        tables.append(table)

    found = header(write(image(VALUES, VOILUTSequence=Sequence(tables))))

    assert found.elements["00283010"]["00283002"].encode("latin-1") == struct.pack("<HHH", 4, 5, 16)


def _group(center):
    voi = Dataset()
    voi.WindowCenter, voi.WindowWidth = center, 100
    group = Dataset()
    group.FrameVOILUTSequence = Sequence([voi])
    return group


@pytest.mark.parametrize(("frame", "center"), [(None, "30.0"), (1, "10.0"), (5, "50.0")])
def test_of_frames_with_groups_of_their_own_that_of_the_frame_counts(frame, center):
    shown = image(VALUES, NumberOfFrames=5)
    shown.PerFrameFunctionalGroupsSequence = Sequence([_group(center) for center in (10, 20, 30, 40, 50)])

    assert header(write(shown), frame).elements["52009230"]["00289132"]["00281050"] == center


def test_tables_of_icons_and_other_sequences_are_none_of_the_image():
    icon = Dataset()
    icon.WindowCenter, icon.WindowWidth = 1, 2
    shown = image(VALUES)
    shown.IconImageSequence = Sequence([icon])

    assert "00281050" not in str(header(write(shown)).elements)


def test_a_sequence_that_is_damaged_harms_nothing_around_it():
    damaged = element(0x00283010, "SQ", item(b"no data set at all", length=18))
    data = ct_slice(changes={0x00281050: ("DS", b"40"), 0x00281051: ("DS", b"400 ")})
    place = data.index(element(PIXEL_DATA, "OW", b"")[:6])

    found = header(data[:place] + damaged + data[place:])

    assert found.elements["00281050"] == "40"


def test_a_value_that_is_longer_than_any_table_is_left_out():
    data = ct_slice()
    place = data.index(element(PIXEL_DATA, "OW", b"")[:6])
    long = element(0x00281201, "OW", bytes(LONGEST + 2)) if place else b""

    assert "00281201" not in header(data[:place] + long + data[place:]).elements


def test_values_are_no_more_than_a_megabyte_together():
    shown = image(VALUES)
    for tag in (*range(0x00281101, 0x00281104), *range(0x00281201, 0x00281204), *range(0x00281221, 0x00281224)):
        shown.add_new(tag, "OW", bytes(LONGEST - 2))

    assert sum(map(len, header(write(shown)).elements.values())) <= MOST


def test_endless_items_cost_no_more_than_the_budget():
    data = ct_slice()
    place = data.index(element(PIXEL_DATA, "OW", b"")[:6])
    endless = element(0x52009230, "SQ", item(b"") * 200_000, length=UNDEFINED_LENGTH)

    with pytest.raises(TooCostlyError):
        read_header(scan(CountedSource(data[:place] + endless + data[place:]), budget()), None)


def test_a_document_is_found_where_it_lies():
    shown = image(VALUES)
    shown.EncapsulatedDocument = b"%PDF-1.7 anything"
    del shown.PixelData
    data = write(shown)

    start, length = header(data).document

    assert data[start : start + length].startswith(b"%PDF-1.7 anything")


@pytest.mark.parametrize(("frames", "middle"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (301, 151)])
def test_the_middle_frame_is_the_one_behind_half_of_all(frames, middle):
    assert middle_frame(frames) == middle
