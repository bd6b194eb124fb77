"""DICOM JSON is pydicom's on every real file, but for differences that are listed in a table and argued.

`uv run python -m tests.unit.portal.dicomweb.test_pydicom_json` writes the table anew, after a change that is meant.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from intake.dicom.encoding import EXPLICIT_BIG
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    ct_slice,
)
from tests.unit.portal.dicomweb.pydicom_json import WHY, argued, oracle, ours
from tests.unit.processor.judge.corpus import content, dicom_rows, needs_corpus

TABLE = Path(__file__).parents[3] / "data" / "dicom_json_differences.csv"
"""File, reason (a key of WHY), and the attributes that differ, by their tags from the outermost level on."""


def listed():
    with TABLE.open(newline="") as table:
        return {(row["path"], row["reason"]): row["attributes"].split() for row in csv.DictReader(table)}


def compared():
    """Compare all files that both readers read. Return the table's rows, and how many files there were."""
    found, count = {}, Counter()
    for row in (*dicom_rows(confidence="high"), *dicom_rows(confidence="low")):
        data = content(row)
        try:
            own = ours(data)
        except (TooCostlyError, UnreadableDataSetError):
            count["refused by us"] += 1
            assert row["expected"] == "reject", row["path"]
            continue
        try:
            theirs, lenient = oracle(data), oracle(data, lenient=True)
        except Exception:  # noqa: BLE001 - pydicom raises what it likes.
            count["not read by pydicom"] += 1
            continue
        count["compared"] += 1
        found |= {
            (row["path"], why): attributes
            for why, attributes in argued(theirs, own, lenient, big=row["transfer_syntax"] == EXPLICIT_BIG).items()
        }
    return found, count


@needs_corpus
def test_every_difference_from_pydicom_on_real_files_is_listed_and_argued():
    found, count = compared()

    print(dict(count), Counter(why for _, why in found))
    assert {why for _, why in found} <= WHY.keys(), [path for (path, why) in found if why not in WHY]
    assert found == listed()
    assert count["compared"] > 300


@needs_corpus
def test_every_accepted_file_of_the_corpus_is_described():
    accepted = [row for row in dicom_rows(confidence="high") if row["expected"] != "reject"]

    assert all(ours(content(row)) for row in accepted)


def test_every_listed_reason_has_its_argument():
    assert {why for _, why in listed()} == WHY.keys()


@pytest.mark.parametrize(
    "transfer_syntax",
    [
        EXPLICIT_VR_LITTLE_ENDIAN,
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ],
)
def test_a_slice_is_described_as_pydicom_describes_it_in_every_uncompressed_encoding(transfer_syntax):
    data = ct_slice(rows=8, columns=8, transfer_syntax=transfer_syntax)

    assert ours(data) == oracle(data)


if __name__ == "__main__":
    with TABLE.open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["path", "reason", "attributes"])
        writer.writerows([path, why, " ".join(attributes)] for (path, why), attributes in sorted(compared()[0].items()))
