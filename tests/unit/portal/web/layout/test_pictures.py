from dataclasses import replace

import pytest

from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.renditions.model import NoPreview, RenditionRequest
from portal.auth.identity import Identity
from portal.presentation.labels import NO_PREVIEW
from portal.web.layout.pictures import Picture, build_picture, choose_by_study, is_pictured
from tests.records import IDS, a_file

STAFF = Identity("user-1", "northside", False, frozenset(), "")
ADMIN = Identity("admin-1", None, True, frozenset(), "")
IMAGE = {"rows": 512, "columns": 512, "study_instance_uid": "1.2.3", "series_instance_uid": "1.2.3.4"}


@pytest.fixture
def services(portal):
    return portal.services


def accepted(number=0, kind="dicom", metadata=IMAGE, **changes):
    stored = ObjectVersion("accepted", f"northside/{number}", "v1")
    return a_file(number, state=State.ACCEPTED, kind=kind, metadata=metadata, stored=stored, **changes)


def rejected(number=0, **changes):
    stored = ObjectVersion("quarantine", f"northside/{number}", "v1")
    return replace(accepted(number), state=State.REJECTED, stored=stored, **changes)


def test_what_a_clinic_owns_and_what_an_admin_decides_on_is_shown_and_nothing_else(services):
    assert is_pictured(services, STAFF, accepted())
    assert is_pictured(services, ADMIN, rejected())
    assert not is_pictured(services, ADMIN, accepted())
    assert not is_pictured(services, STAFF, rejected())
    assert build_picture(services, STAFF, rejected()) is None
    assert build_picture(services, STAFF, a_file()) is None


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((512, 512), (512, 512)),
        ((3072, 4096), (576, 768)),
        ((4096, 1), (768, 1)),
        ((0, 0), (768, 768)),
        (("?", None), (768, 768)),
    ],
)
def test_a_picture_has_the_room_that_it_is_going_to_take(services, size, shown):
    record = accepted(metadata={"columns": size[0], "rows": size[1]})
    picture = build_picture(services, STAFF, record)
    assert picture == Picture(f"/files/{record.file_id}/preview/768", *shown)


@pytest.mark.parametrize(
    ("kind", "metadata", "reason"),
    [
        ("hl7v2", {}, NoPreview.UNKNOWN_FORMAT),
        ("csv", IMAGE, NoPreview.UNKNOWN_FORMAT),
        ("dicom", {"modality": "SR"}, NoPreview.NO_PIXELS),
        ("pdf", {}, None),
        ("nifti", {}, None),
    ],
)
def test_of_what_is_never_drawn_the_reason_is_told_and_nobody_is_asked(services, kind, metadata, reason):
    record = accepted(kind=kind, metadata=metadata)
    picture = build_picture(services, STAFF, record)
    assert picture.reason == (NO_PREVIEW[reason] if reason else "")
    assert is_pictured(services, STAFF, record) is (reason is None)
    assert services.renderer.asked == []


def test_a_rejected_image_whose_header_was_not_read_is_tried_all_the_same(services):
    assert is_pictured(services, ADMIN, rejected(metadata={}))


def test_a_note_that_there_is_no_picture_becomes_a_sentence_without_waiting_for_the_renderer(portal, services):
    record = accepted()
    request = RenditionRequest(
        clinic_id="northside", file_id=record.file_id, stored=record.stored, size=1000, kind="dicom", accepted=True
    )
    portal.renditions.put_note(request, NoPreview.TOO_LARGE)
    assert build_picture(services, STAFF, record).reason == NO_PREVIEW[NoPreview.TOO_LARGE]
    assert services.renderer.asked == []


def test_an_uploads_two_thousand_images_are_one_picture_a_study_the_one_in_the_middle(services):
    images = [
        accepted(number, metadata={**IMAGE, "instance_number": 2000 - number, "study_instance_uid": f"1.{number % 2}"})
        for number in range(2000)
    ]
    others = [rejected(3000), accepted(3001, kind="pdf"), accepted(3002, metadata={"study_instance_uid": "1.9"})]
    chosen = choose_by_study(services, STAFF, [*images, *others])
    even, odd = (IDS.study("northside", f"1.{one}") for one in (0, 1))
    # Of the numbers 2, 4 … 2000 and 1, 3 … 1999.
    assert chosen == {even: images[998].file_id, odd: images[999].file_id}
    assert choose_by_study(services, ADMIN, images) == {}


def test_an_images_number_may_be_missing(services):
    images = [accepted(0), accepted(1, metadata={**IMAGE, "instance_number": "7"})]
    assert len(choose_by_study(services, STAFF, images)) == 1
