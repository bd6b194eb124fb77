"""Pictures of studies, series, instances and frames: what the renderer is asked for, and how it is answered."""

import pytest

from intake.files.states import State
from intake.renditions.model import NoPreview, View
from tests.dicom_files import ct_slice, uid
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.pool import partner_token

STUDY, SERIES = uid("rendered", "study"), uid("rendered", "series")
BASE = f"/dicomweb/studies/{STUDY}"
OF_SERIES = f"{BASE}/series/{SERIES}"
INSTANCE = f"{OF_SERIES}/instances/{uid(STUDY, SERIES, 2)}"


@pytest.fixture
def kept(portal):
    """Keep a series of three images of 40 columns and 20 rows."""
    slices = [ct_slice(study=STUDY, series=SERIES, instance=at, rows=20, columns=40) for at in (1, 2, 3)]
    Archive(portal).add(*slices)
    assert {record.state for record in portal.table.files.values()} == {State.ACCEPTED}
    return {record.metadata["instance_number"]: record for record in portal.table.files.values()}


@pytest.fixture
def client(portal, kept):
    return portal.machine()


def asked(portal):
    """Return what the renderer was asked for last."""
    return portal.services.renderer.asked[-1]


def noted(portal):
    return [entry.subject for entry in portal.audit.written if entry.action == "file.download"]


@pytest.mark.parametrize(
    ("path", "frame"), [(BASE, None), (OF_SERIES, None), (INSTANCE, None), (f"{INSTANCE}/frames/7", 7)]
)
def test_each_level_is_drawn_and_noted_and_a_thumbnail_is_small(portal, client, path, frame):
    answer = client.get(f"{path}/rendered")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"a view", "image/jpeg")
    request = asked(portal)
    record = portal.table.files[request.file_id]
    assert (request.clinic_id, request.stored, request.kind) == ("northside", record.stored, "dicom")
    assert record.metadata["instance_number"] == 2 or not path.startswith(INSTANCE)
    assert request.view == View(media_type="image/jpeg", frame=frame)
    assert noted(portal) == [record.file_id]

    assert client.get(f"{path}/thumbnail").status_code == 200
    assert asked(portal).view == View(media_type="image/jpeg", frame=frame, edge=128)
    assert len(noted(portal)) == 1


@pytest.mark.parametrize(
    ("asked_for", "media_type"),
    [
        ({"headers": {"accept": "image/png"}}, "image/png"),
        ({"headers": {"accept": "image/*"}}, "image/jpeg"),
        ({"headers": {"accept": "image/gif, image/webp;q=0.5"}}, "image/webp"),
        ({"params": {"accept": "image/png"}, "headers": {"accept": "image/jpeg"}}, "image/png"),
    ],
)
def test_the_media_type_is_the_clients_choice(client, asked_for, media_type):
    assert client.get(f"{INSTANCE}/rendered", **asked_for).headers["content-type"] == media_type


def test_other_media_types_are_not_drawn(client, portal):
    refused = client.get(f"{INSTANCE}/rendered", headers={"accept": "video/mp4"})
    assert (refused.status_code, refused.json()["acceptable"][0]) == (406, "image/jpeg")
    assert portal.services.renderer.asked == []


@pytest.mark.parametrize(
    ("viewport", "edge"), [("40,40", 40), ("512,512", 512), ("20,100", 20), ("100,10", 20), ("1,1", 1), ("100,50", 100)]
)
def test_an_image_fits_the_viewport_whole(portal, client, viewport, edge):
    assert client.get(f"{INSTANCE}/rendered", params={"viewport": viewport}).status_code == 200
    assert asked(portal).view.edge == edge


@pytest.mark.parametrize(("viewport", "edge"), [("8192,8192", 256), ("64,64", 64)])
def test_a_thumbnail_stays_small_whatever_its_viewport_as_nobody_notes_it(portal, client, viewport, edge):
    assert client.get(f"{INSTANCE}/thumbnail", params={"viewport": viewport}).status_code == 200
    assert asked(portal).view.edge == edge
    assert noted(portal) == []


def test_a_window_is_handed_on(portal, client):
    for text in ("40,400,linear", "40,400"):
        assert client.get(f"{INSTANCE}/thumbnail", params={"window": text}).status_code == 200
        assert asked(portal).view.window == (40.0, 400.0)


@pytest.mark.parametrize(
    "asked_for",
    [
        *({"viewport": text} for text in ("0,10", "10", "10,10,0,0,5,5", "a,b", "-1,5", "1e3,5", "٣,٣")),
        *({"window": text} for text in ("40", "40,0,linear", "nan,400", "40,inf", "4,9,sigmoid", "a,b", "1,2,linear,")),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_as_it_is_wanted_is_refused(portal, client, asked_for):
    assert client.get(f"{INSTANCE}/rendered", params=asked_for).status_code == 400
    assert portal.services.renderer.asked == []


def test_what_is_not_done_is_told(client):
    answer = client.get(f"{INSTANCE}/rendered", params={"quality": "80", "annotation": "patient"})
    assert answer.headers["warning"] == '299 silent-scalper "not done: quality, annotation"'


def test_what_has_no_picture_says_why_and_a_busy_renderer_asks_to_come_again(portal, client):
    portal.services.renderer.refuses = NoPreview.UNKNOWN_FORMAT
    refused = client.get(f"{INSTANCE}/rendered")
    assert (refused.status_code, refused.json()["reason"]) == (404, "unknown-format")
    portal.services.renderer.busy = True
    assert client.get(f"{INSTANCE}/rendered").status_code == 503


@pytest.mark.parametrize("path", [BASE, OF_SERIES, INSTANCE, f"{INSTANCE}/frames/1"])
def test_pictures_are_nobody_elses(portal, client, path):
    stranger = portal.machine(partner_token("partner-2"))
    for kind in ("rendered", "thumbnail"):
        assert stranger.get(f"{path}/{kind}").status_code == 404
    assert portal.services.renderer.asked == []


def test_a_picture_is_fetched_by_query(portal, client, kept):
    names = {"studyUID": STUDY, "seriesUID": SERIES, "objectUID": uid(STUDY, SERIES, 2), "requestType": "WADO"}
    shown = {"contentType": "image/png", "frameNumber": 3, "columns": 20, "windowCenter": "40", "windowWidth": "400"}
    answer = client.get("/dicomweb/wado", params=names | shown)
    assert (answer.content, answer.headers["content-type"]) == (b"a view", "image/png")
    assert asked(portal).view == View(media_type="image/png", frame=3, edge=20, window=(40.0, 400.0))
    assert noted(portal) == [kept[2].file_id]
    for wanted, status in (("image/jpeg", 200), ("image/gif", 406), ("video/mp4", 406), ("application/dicom", 307)):
        assert client.get("/dicomweb/wado", params={**names, "contentType": wanted}).status_code == status, wanted
