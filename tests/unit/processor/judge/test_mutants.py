"""Mutated files: whatever is done to a file, the judge answers.

MUTANTS says how many (2,000 by default) and MUTANT_SEED repeats a run.
"""

import os
import secrets

import hypothesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.judge import judge
from processor.judge.catalogue import RULES
from tests.dicom_files import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_BASELINE,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_slice,
    element,
    encapsulated,
    item,
    part10,
    text,
    uid,
    undefined_length_item,
)
from tests.unit.processor.judge.sources import CountedSource
from tests.unit.processor.judge.test_findings import body_of

MUTANTS = int(os.environ.get("MUTANTS", "2000"))
SEED = int(os.environ.get("MUTANT_SEED", secrets.randbits(32)))


def nested():
    inner = element(0x00081140, "SQ", item(element(0x00081150, "UI", text("1.2.3", pad=b"\0"))))
    unknown = undefined_length_item(element(0x00091011, "LO", b"", implicit=True)) + SEQUENCE_END
    body = body_of(ct_slice(rows=4, columns=4, changes={PIXEL_DATA: None}))
    sequences = (
        element(0x00400275, "SQ", undefined_length_item(inner) + item(inner) + SEQUENCE_END, length=UNDEFINED_LENGTH)
        + element(0x00410010, "UN", unknown, length=UNDEFINED_LENGTH)
        + element(0x00880200, "SQ", item(encapsulated(b"\xff\xd8", b"\0\0")))
    )
    pixels = encapsulated(b"\xff\xd8\xff\xe0", b"rest")
    return part10(body + sequences + pixels, sop=uid("nested"), transfer_syntax=JPEG_BASELINE)


SEEDS = (
    ct_slice(rows=4, columns=4),
    ct_slice(rows=4, columns=4, transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN),
    ct_slice(rows=4, columns=4, transfer_syntax=EXPLICIT_VR_BIG_ENDIAN),
    ct_slice(rows=4, columns=4, transfer_syntax=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ct_slice(rows=4, columns=4)[132:],
    nested(),
)
TELLING = (
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0",
    b"\xfe\xff\xdd\xe0",
    b"SQ\0\0\xff\xff\xff\xff",
    b"UN\0\0\xff\xff\xff\xff",
    b"\xe0\x7f\x10\x00",
    b"\x1b$B\x1b$)C\x1b(J",
    b"ISO 2022 IR 87\\GB18030",
    b"1.2.840.10008.1.2.1.99",
    b"1.2.840.10008.1.2.2\0",
    b"-999999999999",
)

places = st.floats(0, 1, exclude_max=True)
operations = st.one_of(
    st.tuples(st.just("flip"), places, st.integers(1, 255)),
    st.tuples(st.just("write"), places, st.sampled_from(TELLING) | st.binary(min_size=1, max_size=12)),
    st.tuples(st.just("insert"), places, st.sampled_from(TELLING) | st.binary(min_size=1, max_size=12)),
    st.tuples(st.just("cut"), places, st.none()),
    st.tuples(st.just("remove"), places, st.integers(1, 64)),
    st.tuples(st.just("repeat"), places, st.integers(1, 256)),
)


def mutated(data, operation, place, value):
    at = int(place * len(data))
    match operation:
        case "flip":
            return data[:at] + bytes(byte ^ value for byte in data[at : at + 1]) + data[at + 1 :]
        case "write":
            return data[:at] + value + data[at + len(value) :]
        case "insert":
            return data[:at] + value + data[at:]
        case "cut":
            return data[:at]
        case "remove":
            return data[:at] + data[at + value :]
        case _:
            return data[: at + value] + data[at:]


@hypothesis.seed(SEED)
@settings(
    max_examples=MUTANTS,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.sampled_from(SEEDS), st.lists(operations, min_size=1, max_size=8))
def test_every_mutant_gets_an_answer(seed, changes):
    print(f"MUTANT_SEED={SEED}")
    data = seed
    for change in changes:
        data = mutated(data, *change)
    source = CountedSource(data)

    judgement = judge(source)

    assert {finding.code for finding in judgement.findings} <= set(RULES)
    assert judgement.rejected == any(finding.severity == "reject" for finding in judgement.findings)
    assert len(source.reads) <= 8
    assert_shape(judgement.metadata)


def assert_shape(metadata):
    for value in metadata.values():
        if isinstance(value, dict):
            assert_shape(value)
        elif isinstance(value, list):
            assert all(isinstance(entry, str) for entry in value)
        else:
            assert isinstance(value, str | int)
            assert len(str(value)) <= 256
            str(value).encode()
