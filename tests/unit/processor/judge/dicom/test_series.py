"""What is kept from one file for the next changes no judgement, and holds nothing of a person."""

import dataclasses
import secrets

import pytest

from processor.judge import judge
from processor.judge.dicom import metadata
from processor.judge.dicom.dictionary.attributes import ABSENT, SHARED
from processor.judge.dicom.elements import tag_order
from tests.dicom_files import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    ct_slice,
    element,
    text,
    uid,
)
from tests.fuzz.mutants import mutant, seeds
from tests.unit.processor.judge.sources import CountedSource

SEED = secrets.randbits(32)
OF_A_PERSON = (
    "0010",
    "0008,0018",
    "0008,0050",
    "0008,0090",
    "0008,1030",
    "0008,103E",
    "0018,1030",
    "0020,000",
    "0020,0010",
)
TWO_CREATORS = {
    0x00290010: ("LO", b"FIRST "),
    0x00290011: ("LO", b"SECOND"),
    0x00291001: ("CS", b"A "),
    0x00291101: ("CS", b"B "),
}


def judged(data):
    return dataclasses.astuple(judge(CountedSource(data)))


def small(**options):
    return ct_slice(rows=8, columns=8, **options)


@pytest.fixture(autouse=True)
def nothing_known():
    metadata.recall_shared.cache_clear()


def test_a_slice_is_judged_alike_whatever_was_judged_before():
    first, odd = small(instance=1), small(instance=2, changes={0x00080070: ("LO", b"other ")})
    alone = judged(odd)
    judged(first)

    assert judged(odd) == alone
    assert judged(first)[2]["manufacturer"] == "Fictional Scanners"


def test_what_one_file_was_given_can_be_changed_without_harm_to_the_next():
    judge(CountedSource(small())).metadata["image_type"].append("CHANGED")

    assert judge(CountedSource(small())).metadata["image_type"] == ["ORIGINAL", "PRIMARY", "AXIAL"]


def test_a_series_is_worked_out_once():
    for instance in range(1, 21):
        judged(small(instance=instance))

    assert metadata.recall_shared.cache_info().misses == 1


def test_what_is_kept_says_nothing_of_a_person():
    kept = {f"{entry.tag >> 16:04X},{entry.tag & 0xFFFF:04X}" for entry in SHARED}

    assert [tag for tag in kept if tag.startswith(OF_A_PERSON)] == []
    assert {entry.vr for entry in SHARED} & {"PN", "DA", "TM", "DT", "LT", "ST", "UT"} == set()


def test_values_out_of_form_are_not_kept_in_the_stead_of_others():
    wrong = small(changes={0x00080060: ("CS", b"ct")})

    assert judged(wrong) == judged(wrong)
    assert [finding.code for finding in judge(CountedSource(wrong)).findings] == [
        "value-malformed",
        "modality-mismatch",
    ]
    assert judge(CountedSource(small())).findings == ()


def test_a_value_that_looks_like_an_absent_one_is_malformed_and_not_missing():
    for instance in (1, 2):
        data = small(instance=instance, changes={0x00100020: ("LO", ABSENT)})

        assert [finding.code for finding in judge(CountedSource(data)).findings] == ["value-malformed"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        TWO_CREATORS,
        {0x00091001: ("LO", b"nobody's")},
        {0x00100020: ("UN", b"TEST-1")},
        {0x00100020: ("SH", b"TEST-1")},
        {0x00204000: ("LT", b"a comment longer than a pattern passes " * 4)},
        {0x00081140: ("SQ", b"")},
        {0x00090010: ("LO", b"ONE "), 0x00091001: ("OB", bytes(100)), 0x00091002: ("OB", bytes(2))},
    ],
    ids=["none", "two creators", "ownerless", "unknown VR", "other VR", "long value", "sequence", "long private value"],
)
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN])
def test_elements_that_are_skipped_at_once_are_read_alike_one_by_one(monkeypatch, changes, syntax):
    data = small(changes=changes, transfer_syntax=syntax)
    at_once = judged(data)
    again = judged(data)
    monkeypatch.setattr(tag_order, "AT_HAND", 0)

    assert at_once == again == judged(data)


def test_elements_out_of_order_are_told_in_each_file_of_a_series():
    for instance in (1, 2):
        data = small(instance=instance)
        moved = element(0x00180015, "CS", b"CHEST ")
        position = element(0x00200052, "UI", text(uid(uid("study"), "frame of reference"), pad=b"\0"))
        swapped = data.replace(moved, b"").replace(position, position + moved)

        assert [finding.code for finding in judge(CountedSource(swapped)).findings] == ["elements-unordered"]


def test_mutants_are_read_alike_one_by_one(monkeypatch):
    """But for one warning: the pattern does not look whether the elements within a private block ascend."""
    print(f"SEED={SEED}")
    files = [file for file in seeds() if file[0] == "dicom"]
    mutants = [mutant(SEED, number, files)[1] for number in range(1_500)]
    at_once = [judged_but_for_order(data) for data in mutants]
    monkeypatch.setattr(tag_order, "AT_HAND", 0)

    assert [number for number, data in enumerate(mutants) if judged_but_for_order(data) != at_once[number]] == []


def judged_but_for_order(data):
    kind, findings, metadata, *_ = judged(data)
    return kind, [finding for finding in findings if finding[0] != "elements-unordered"], metadata
