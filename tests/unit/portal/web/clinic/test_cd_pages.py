"""What the pages say of a patient's CD: what was left out, and what its list names that is not here."""

import pytest

from intake.files.states import State
from intake.studies.media_directory import MEDIA_DIRECTORY
from intake.studies.model import Series, Study
from tests.records import NOON, UPLOAD_ID, a_file, an_upload

STUDY = "1.2.3"


def listed(*series):
    rows = [
        {
            "study_uid": STUDY,
            "series_uid": f"{STUDY}.{number}",
            "number": str(number),
            "modality": "CT",
            "images": images,
        }
        for number, images in enumerate(series, 1)
    ]
    return {
        "sop_class_uid": MEDIA_DIRECTORY,
        "references": {"images": sum(series), "whole": True, "series": rows},
    }


@pytest.fixture
def cd(portal, monkeypatch):
    """A CD that lists 20 and 40 images, of which the clinic has 20 and 37; and the archive that another came in."""
    directory = a_file(0, name="DICOMDIR", state=State.ACCEPTED, kind="dicom", metadata=listed(20, 40))
    archive = a_file(1, name="cd.zip", state=State.ACCEPTED, kind="zip", settled=True,
                     metadata={"left_out": 7, "left_out_entries": [[0, 6]]})  # fmt: skip
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=2)
    portal.table.files |= {record.file_id: record for record in (directory, archive)}
    ids = portal.services.ids
    study_id = ids.study("northside", STUDY)
    held = Study(
        clinic_id="northside", study_id=study_id, study_uid=STUDY, instances=57, bytes=1, first_at=NOON, last_at=NOON,
        series=tuple(
            Series(series_id=ids.series("northside", series_uid), series_uid=series_uid, instances=count)
            for series_uid, count in ((f"{STUDY}.1", 20), (f"{STUDY}.2", 37))
        ),
    )  # fmt: skip
    calls = []
    monkeypatch.setattr(type(portal.services.studies), "study", lambda _, clinic, one: calls.append(one) or held)
    portal.calls = calls
    return portal


TOLD = "The CD&#39;s list names 60 images; 3 of them are not here: 3 of 40 in series 2 (CT)."


def test_a_dicomdirs_page_says_what_it_is_and_what_did_not_come(cd):
    text = cd.browser().get(f"/files/{a_file(0).file_id}").text

    assert "This is the list of what a CD holds (DICOMDIR), and no image itself." in text
    assert TOLD in text
    assert f'<a href="/upload?continue={UPLOAD_ID}">Send the missing ones</a>' in text
    assert len(cd.calls) == 1


def test_the_receipt_says_it_too(cd):
    text = cd.browser().get(f"/uploads/{UPLOAD_ID}").text

    assert TOLD in text
    assert "7 other files in it left out" in text
    assert len(cd.calls) == 1


def test_an_archives_page_says_how_many_files_were_left_out(cd):
    text = cd.browser().get(f"/files/{a_file(1).file_id}").text

    assert "7 other files in this archive were left out" in text
    assert "left_out" not in text


def test_a_list_of_many_studies_costs_no_lookups_and_says_nothing_of_them(cd):
    record = cd.table.files[a_file(0).file_id]
    rows = [{**record.metadata["references"]["series"][0], "study_uid": f"1.{n}"} for n in range(30)]
    record.metadata["references"]["series"] = rows

    text = cd.browser().get(f"/files/{record.file_id}").text

    assert "no image itself" in text
    assert "names" not in text.partition('id="contents"')[2][:400]
    assert cd.calls == []


def test_a_list_of_which_all_is_here_asks_nothing(cd):
    cd.table.files[a_file(0).file_id].metadata["references"]["series"][1]["images"] = 37
    cd.table.files[a_file(0).file_id].metadata["references"]["images"] = 57

    assert "names 57 images; all are here." in cd.browser().get(f"/files/{a_file(0).file_id}").text
    assert 'id="contents"' not in cd.browser().get(f"/uploads/{UPLOAD_ID}").text
