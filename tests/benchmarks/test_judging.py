"""How fast CT slices of half a megabyte are judged, as a multiple of pydicom reading the same elements.

Run with `uv run pytest tests/benchmarks/test_judging.py -s`; times vary between machines, the ratio hardly does.
pydicom delivers what the judge delivers: the same metadata, typed and named the same way, which is compared first;
and reads what the judge reads for its rules besides. All the judge's rules are on.
"""

import io
import time

import pydicom
import pytest
from pydicom.datadict import keyword_for_tag

from intake.dicom.streams import FIRST_READ
from processor.judge import judge
from processor.judge.dicom import metadata
from processor.judge.dicom.dictionary.attributes import BY_TAG, KEPT
from processor.judge.dicom.metadata import LISTS, PATIENT, WHOLE
from tests.dicom_files import IMPLICIT_VR_LITTLE_ENDIAN, ct_slice, element, uid
from tests.unit.processor.judge.corpus import CORPUS

SERIES = 60
"""Slices of a series: fewer than most have, so that what is worked out for the first one weighs rather more."""
ROUNDS = 20
LEAST = 8.0
"""The ratio below which something has gone wrong: measured are 10 to 14, the rest is for a busy machine."""

DELIVERED = [(BY_TAG[tag].key, keyword_for_tag(tag)) for tag in sorted(KEPT) if BY_TAG[tag].key]
LOOKED_AT = [keyword_for_tag(tag) for tag in sorted(KEPT) if not BY_TAG[tag].key]
NUMBERS = WHOLE | {BY_TAG[tag].key for tag in KEPT if BY_TAG[tag].vr == "US"}

_REAL = "cornerstoneWADOImageLoader__CTImage.dcm"
REAL = {
    "real, explicit": f"{_REAL}_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm",
    "real, implicit": _REAL,
}
"""Of the corpus: 268 elements, 188 of them private; judged where the corpus is."""


class FetchedSource:
    """A source as the processor has it: the first bytes are there, and nothing else is needed."""

    def __init__(self, data):
        self.size = len(data)
        self._first = data[:FIRST_READ]

    def read(self, start, length):
        assert start + length <= FIRST_READ
        return self._first[start : start + length]


def private_elements(count):
    """What scanners add to a slice: many short elements of odd groups."""
    creator = {0x00090010: ("LO", b"FICTIONAL SCANNERS")}
    return creator | {0x00091001 + number: ("DS", b"12.34567") for number in range(count)}


MADE = {
    "plain": {},
    "with private elements": {"changes": private_elements(200)},
    "implicit": {"transfer_syntax": IMPLICIT_VR_LITTLE_ENDIAN},
}


def renumbered(whole):
    """Return a series made from one real slice: each has its own SOP Instance UID, instance number and position."""
    first = pydicom.dcmread(io.BytesIO(whole), stop_before_pixels=True)
    implicit = first.file_meta.TransferSyntaxUID.is_implicit_VR
    uid, height = first.SOPInstanceUID.encode(), first.ImagePositionPatient[2].original_string.encode()
    number = element(0x00200013, "IS", b" 1", implicit=implicit)
    assert (whole.count(uid), whole.count(number)) == (2, 1)
    return [
        whole.replace(uid, uid[:-3] + b"%03d" % (at + 100))
        .replace(number, element(0x00200013, "IS", b"%d" % (at + 10), implicit=implicit))
        .replace(height, b"%.6f" % (1 + at / 10))
        for at in range(SERIES)
    ]


def series(name):
    """Return a series of slices, each another file: as clinics send them."""
    if name in REAL:
        path = CORPUS / "dicom" / "ok" / REAL[name]
        return renumbered(path.read_bytes()) if path.is_file() else pytest.skip(f"no {path}")
    return [ct_slice(study=uid(name), instance=number, **MADE[name]) for number in range(1, SERIES + 1)]


def read_by_pydicom(data):
    """Return the metadata that the judge delivers, read by pydicom."""
    data_set = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
    found, patient = {}, {}
    for key, keyword in DELIVERED:
        value = data_set.get(keyword)
        if value is None or value == "":
            continue
        if key in LISTS:
            found[key] = [value] if isinstance(value, str) else [str(entry) for entry in value]
        elif key in NUMBERS:
            found[key] = int(value)
        elif key.startswith(PATIENT):
            patient[key.removeprefix(PATIENT)] = str(value)
        else:
            found[key] = str(value)
    for keyword in LOOKED_AT:
        str(data_set.get(keyword, ""))
    syntax = data_set.file_meta.TransferSyntaxUID
    found |= {
        "transfer_syntax_uid": str(syntax),
        "transfer_syntax": syntax.name,
        "sop_class": data_set.SOPClassUID.name,
    }
    return found | {"patient": patient}


def fastest(work):
    """Return the CPU seconds of one call, the least of some rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def judge_all(sources):
    """Judge a series as a process that has seen none of it."""
    metadata.recall_shared.cache_clear()
    for source in sources:
        judge(source)


@pytest.mark.parametrize("name", [*MADE, *REAL])
def test_judging_a_series_of_slices(benchmark, name):
    slices = series(name)
    sources = [FetchedSource(data) for data in slices]
    judgements = [judge(source) for source in sources]
    assert not any(judgement.rejected for judgement in judgements)
    assert len({judgement.sop_instance_uid for judgement in judgements}) == SERIES
    assert [judgement.metadata for judgement in judgements] == [read_by_pydicom(data) for data in slices]

    ours, theirs = fastest(lambda: judge_all(sources)), fastest(lambda: [read_by_pydicom(data) for data in slices])
    ratio = theirs / ours
    benchmark.extra_info["times_faster_than_pydicom"] = round(ratio, 1)
    print(
        f"\n{name}, {len(slices[0]):,} bytes: {ours / SERIES * 1e6:.1f} µs a slice, {ratio:.1f} times pydicom's speed"
    )

    benchmark(judge_all, sources)

    assert ratio > LEAST
