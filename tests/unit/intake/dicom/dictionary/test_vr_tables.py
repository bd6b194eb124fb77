"""The dictionaries of value representations are pydicom's, as they stand in the tables that are generated from it."""

from pathlib import Path

import pytest
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._private_dict import private_dictionaries
from pydicom.datadict import dictionary_VR, private_dictionary_VR

from intake.dicom.dictionary.vrs import private_vr, public_vr
from tests.unit.intake.dicom.dictionary import vr_tables

ROOT = Path(__file__).parents[5]


@pytest.mark.parametrize("path", vr_tables.modules())
def test_a_table_is_what_its_generator_writes(path):
    assert (ROOT / path).read_text() == vr_tables.modules()[path]


def test_every_public_element_has_pydicoms_value_representation():
    assert not [tag for tag, (vr, *_) in DicomDictionary.items() if vr != "NONE" and public_vr(tag) != vr]


@pytest.mark.parametrize("digit", "04E")
def test_every_repeating_element_has_pydicoms_value_representation(digit):
    tags = [int(pattern.replace("x", digit), 16) for pattern in RepeatersDictionary]

    assert [public_vr(tag) for tag in tags] == [dictionary_VR(tag) for tag in tags]


def pydicoms(tag, creator):
    """Some patterns of its table are of no form that it looks for."""
    try:
        vr = private_dictionary_VR(tag, creator)
    except KeyError:
        return None
    return vr_tables.SPELLED.get(vr, vr)


def test_every_private_element_has_pydicoms_value_representation():
    tags = [
        (int(pattern.lower().replace("x", "1"), 16), creator)
        for creator, rows in private_dictionaries.items()
        for pattern in rows
    ]

    assert [private_vr(*each) for each in tags] == [pydicoms(*each) for each in tags]


def test_what_no_table_knows_has_none():
    assert public_vr(0x00080003) is None
    assert private_vr(0x00291010, "NOBODY") is None
    assert private_vr(0x002910FF, "SIEMENS CSA HEADER") is None
