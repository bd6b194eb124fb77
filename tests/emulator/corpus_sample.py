"""Twenty real files with the verdicts that are expected of them."""

from itertools import islice
from typing import NamedTuple

import pydicom

from tests.unit.processor.judge.corpus import CORPUS, content, dicom_rows

LARGEST = 2_000_000
"""Bytes; the sample is about verdicts, not volume."""

_WANTED = {"accept": 12, "accept-with-warning": 3, "reject": 5}


class Sample(NamedTuple):
    """One file of the corpus."""

    name: str
    data: bytes
    expected: str
    """`accepted` or `rejected`."""


def sample() -> list[Sample]:
    """Return files of distinct SOP instances, so that none conflicts with another, spread over the corpus."""
    taken: set[str] = set()
    picked = [row for expected, count in _WANTED.items() for row in islice(_distinct(expected, taken), count)]
    return [
        Sample(row["path"].rpartition("/")[2], content(row), "rejected" if row["expected"] == "reject" else "accepted")
        for row in picked
    ]


def _distinct(expected, taken):
    rows = [row for row in dicom_rows(confidence="high") if row["expected"] == expected]
    stride = max(1, len(rows) // 40)
    for row in rows[::stride]:
        if int(row["bytes"]) > LARGEST:
            continue
        if expected == "reject":
            yield row
            continue
        instance = pydicom.dcmread(CORPUS / row["path"], force=True, specific_tags=["SOPInstanceUID"])
        uid = str(instance.get("SOPInstanceUID", ""))
        if uid and uid not in taken:
            taken.add(uid)
            yield row
