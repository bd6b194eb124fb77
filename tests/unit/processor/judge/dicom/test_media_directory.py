"""What a DICOMDIR lists, with pydicom as the oracle; and what a hostile one can not do."""

import pytest
from pydicom import dcmread

from processor.judge import judge
from processor.judge.dicom import media_directory
from processor.judge.dicom.media_directory import read_references
from tests.patient_cd import burn_cd
from tests.unit.processor.judge.corpus import CORPUS, needs_corpus
from tests.unit.processor.judge.sources import CountedSource

ODD = CORPUS / "dicom" / "odd-but-valid"
REAL = [
    "dwv__DICOMDIR", "pydicom__DICOMDIR", "pydicom__DICOMDIR-bigEnd", "pydicom__DICOMDIR-implicit",
    "pydicom__DICOMDIR-reordered", "pydicom__DICOMDIR~1",
]  # fmt: skip


def references(data):
    return read_references(CountedSource(data))["references"]


@pytest.fixture
def directory(tmp_path):
    burn_cd(tmp_path, [3, 2])
    return (tmp_path / "DICOMDIR").read_bytes()


def test_the_instances_of_each_series_are_counted(directory):
    listed = references(directory)

    assert (listed["images"], listed["whole"]) == (5, True)
    assert [(row["number"], row["modality"], row["images"]) for row in listed["series"]] == [
        ("1", "CT", 3),
        ("2", "CT", 2),
    ]
    assert len({row["study_uid"] for row in listed["series"]}) == 1


def test_the_judge_accepts_a_media_directory_and_keeps_what_it_lists(directory):
    judged = judge(CountedSource(directory))

    assert not judged.rejected
    assert [found.code for found in judged.findings] == ["media-directory"]
    assert judged.metadata["references"]["images"] == 5


@needs_corpus
@pytest.mark.parametrize("name", REAL)
def test_the_corpus_directories_list_what_pydicom_reads(name):
    data = dcmread(ODD / name)
    instances = {record.get("ReferencedSOPInstanceUIDInFile") for record in data.DirectoryRecordSequence} - {None}

    listed = references((ODD / name).read_bytes())

    assert (listed["images"], listed["whole"]) == (len(instances), True)


def test_offsets_that_run_in_a_circle_or_lead_nowhere_hang_nobody(directory):
    zeroed, circled = bytearray(directory), bytearray(directory)
    for tag in (b"\4\0\0\x14UL\4\0", b"\4\0\x20\x14UL\4\0"):
        at = directory.find(tag)
        while at >= 0:
            zeroed[at + 8 : at + 12] = bytes(4)
            circled[at + 8 : at + 12] = directory[directory.index(b"\4\0\0\x12UL\4\0") + 8 :][:4]
            at = directory.find(tag, at + 1)

    assert references(bytes(zeroed)) == references(directory)
    assert references(bytes(circled)) == references(directory)


def test_a_directory_that_is_cut_off_says_that_it_is_not_whole(directory):
    listed = references(directory[: len(directory) - 400])

    assert not listed["whole"]
    assert listed["images"] < 5


def test_what_is_kept_of_a_directory_is_bounded(directory, monkeypatch):
    monkeypatch.setattr(media_directory, "MOST_SERIES", 1)
    listed = references(directory)

    assert (len(listed["series"]), listed["images"], listed["whole"]) == (1, 5, False)
    monkeypatch.setattr(media_directory, "STEPS", 400)
    assert not references(directory)["whole"]


def test_a_record_that_is_not_in_use_is_not_listed(directory):
    last = directory.rindex(b"\4\0\x10\x14US\2\0")
    changed = directory[: last + 8] + b"\0\0" + directory[last + 10 :]

    assert references(changed)["images"] == 4
