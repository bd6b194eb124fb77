"""Each address of bulk data that metadata tell leads to the value that they leave out, whatever the file is like."""

import json
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.reader import scan
from portal.dicomweb.json_model.writer import JsonWriter
from portal.dicomweb.pixels.bulkdata import find_element
from tests.dicom_files import ct_slice, element, encapsulated, item, undefined_length_item
from tests.fuzz.mutations import mutated, operations_on
from tests.unit.portal.dicomweb.archive import Bytes

EXAMPLES = int(os.environ.get("BULK_EXAMPLES", "200"))
VALUE = bytes(range(256)) * 5
INNER = item(element(0x00091002, "OW", VALUE)) + item(element(0x00091003, "OB", VALUE[:1100]))
NESTED = undefined_length_item(element(0x00081115, "SQ", INNER) + element(0x00091004, "UN", VALUE)) + item(
    encapsulated(b"icon") + element(0x7FE00020, "OB", VALUE)
)
SEED = ct_slice(
    rows=8, columns=8, changes={0x00091001: ("OB", VALUE), 0x00400275: ("SQ", NESTED), 0x00880200: ("SQ", item(b""))}
)
PATHS = {
    "00091001",
    "00400275.1.00081115.1.00091002",
    "00400275.1.00081115.2.00091003",
    "00400275.1.00091004",
    "00400275.2.7FE00020",
    "7FE00010",
}
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(operations_on("dicom")), st.floats(0, 1, exclude_max=True), st.integers(0, 2**32)),
    max_size=4,
)


def spend():
    return Budget(steps=100_000, fetched=1 << 22, inflated=1 << 22, taken=1 << 20)


def addresses(row):
    """Return the addresses of a data set and of the items in it."""
    for attribute in row.values():
        if "BulkDataURI" in attribute:
            yield attribute["BulkDataURI"].removeprefix("at/")
        for value in attribute.get("Value", []) if attribute["vr"] == "SQ" else []:
            yield from addresses(value)


def told(data):
    budget = spend()
    return [*addresses(json.loads(JsonWriter(budget, 1 << 22).write(scan(Bytes(data), budget), "at/")))]


def test_every_large_binary_value_has_an_address():
    assert sorted(told(SEED)) == sorted(PATHS)
    for path in PATHS - {"7FE00010"}:
        scanner = scan(Bytes(SEED), spend())
        assert VALUE.startswith(scanner.value(find_element(scanner, path)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(changes=OPERATIONS)
def test_what_metadata_tell_of_a_mutant_is_found(changes):
    data = mutated(SEED, changes)
    try:
        paths = told(data)
    except (UnreadableDataSetError, TooCostlyError):
        return
    for path in set(paths) - {"7FE00008", "7FE00009", "7FE00010"}:
        event = find_element(scan(Bytes(data), spend()), path)
        assert f"{event.tag:08X}" == path[-8:]
