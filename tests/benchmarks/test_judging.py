"""How fast a CT slice of half a megabyte is judged, as a multiple of pydicom reading the same elements.

Run with `uv run pytest tests/benchmarks/test_judging.py -s`; times vary between machines, the ratio hardly does.
pydicom delivers what the judge delivers: the same metadata, typed and named the same way, which is compared first;
and reads what the judge reads for its rules besides. All the judge's rules are on.
"""

import io
import time

import pydicom
import pytest
from pydicom.datadict import keyword_for_tag

from processor.judge import FIRST_READ, judge
from processor.judge.attributes import BY_TAG, KEPT
from processor.judge.metadata import LISTS, PATIENT, WHOLE
from tests.dicom_files import IMPLICIT_VR_LITTLE_ENDIAN, ct_slice
from tests.unit.processor.judge.corpus import CORPUS

ROUNDS = 400
LEAST = 5.0
"""The ratio below which something has gone wrong, with room for a busy machine."""

DELIVERED = [(BY_TAG[tag].key, keyword_for_tag(tag)) for tag in sorted(KEPT) if BY_TAG[tag].key]
LOOKED_AT = [keyword_for_tag(tag) for tag in sorted(KEPT) if not BY_TAG[tag].key]
LISTED = {key for key, _ in LISTS}
NUMBERS = {key for key, _ in WHOLE} | {BY_TAG[tag].key for tag in KEPT if BY_TAG[tag].vr == "US"}

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


def slices():
    made = {
        "plain": ct_slice(),
        "with private elements": ct_slice(changes=private_elements(200)),
        "implicit": ct_slice(transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN),
    }
    real = {name: CORPUS / "dicom" / "ok" / path for name, path in REAL.items()}
    return made | {name: path.read_bytes() for name, path in real.items() if path.is_file()}


SLICES = slices()


def read_by_pydicom(data):
    """Return the metadata that the judge delivers, read by pydicom."""
    data_set = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
    found, patient = {}, {}
    for key, keyword in DELIVERED:
        value = data_set.get(keyword)
        if value is None or value == "":
            continue
        if key in LISTED:
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
    for _ in range(8):
        started = time.process_time()
        for _ in range(ROUNDS // 8):
            work()
        times.append((time.process_time() - started) / (ROUNDS // 8))
    return min(times)


@pytest.mark.parametrize("name", SLICES)
def test_judging_a_slice(benchmark, name):
    data = SLICES[name]
    source = FetchedSource(data)
    assert judge(source).metadata == read_by_pydicom(data)

    ratio = fastest(lambda: read_by_pydicom(data)) / fastest(lambda: judge(source))
    benchmark.extra_info["times_faster_than_pydicom"] = round(ratio, 1)
    print(f"\n{name}, {len(data):,} bytes: {ratio:.1f} times faster than pydicom")

    judgement = benchmark(judge, source)

    assert not judgement.rejected
    assert ratio > LEAST
