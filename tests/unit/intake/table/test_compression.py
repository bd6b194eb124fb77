"""Metadata takes little room, and comes back as it was."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from intake.records.file_items import file_item
from intake.table import items as packing
from intake.table.items import pack, unpack
from intake.table.table import deserialize, serialize
from processor.judge import Facts, judge
from tests.dicom_files import ct_slice
from tests.metering.units import item_size
from tests.records import a_file

_VALUES = some.recursive(
    some.text() | some.integers() | some.booleans() | some.none(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=10,
)


class _Bytes:
    def __init__(self, data):
        self.data, self.size = data, len(data)

    def read(self, start, length):
        return self.data[start : start + length]


@given(some.dictionaries(some.text(), _VALUES))
def test_what_was_packed_comes_back(content):
    assert unpack(pack(content)) == content


def test_a_slices_metadata_takes_less_than_half_the_room():
    metadata = judge(_Bytes(ct_slice()), Facts(extension="dcm")).metadata
    assert len(pack(metadata)) < item_size(serialize({"metadata": metadata})) / 2


@pytest.mark.parametrize("form", [bytes, lambda data: base64.b64encode(data).decode()])
def test_a_records_metadata_is_read_as_the_table_and_as_lambdas_events_tell_it(form):
    item = serialize(file_item(a_file(metadata={"modality": "CT"})))
    item["metadata"] = {"B": form(item["metadata"]["B"])}
    assert deserialize(item)["metadata"] == {"modality": "CT"}


def test_the_dictionary_never_changes():
    """What was packed with it could not be read any more."""
    digest = hashlib.sha256(packing._DICTIONARY).hexdigest()
    assert digest == "cdd10352b0f85da0ba753510dae0809bd84cd2ec7ad56723a4be6ae561ca1b65"
