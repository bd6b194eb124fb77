"""Pictures of files: who is led to one, when it is made, and what is said where there is none."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.renditions.model import EDGES, NoPreview, RenditionAnswer, RenditionRequest
from portal.auth.identity import Identity
from portal.presentation.labels import NO_PREVIEW
from portal.retrieval import previews
from portal.services import Turns
from tests.records import REFUSAL, a_file
from tests.unit.portal.pool import access_token

ADMINS_TOKEN = {"sub": "admin-1", "cognito:groups": ["admin"]}
NOBODYS = f"{'0' * 26}-00000"
ADMIN = Identity("admin-1", None, True, frozenset(), "")
STAFF = Identity("user-1", "northside", False, frozenset(), "")


def keep(portal, number=0, **changes):
    defaults = {
        "state": State.ACCEPTED,
        "kind": "dicom",
        "stored": ObjectVersion("accepted", f"northside/{number}", "v1"),
    }
    record = replace(a_file(number), **{**defaults, **changes})
    portal.table.files[record.file_id] = record
    return record


def keep_rejected(portal, number=1, **changes):
    stored = ObjectVersion("quarantine", f"northside/{number}", "v1")
    return keep(portal, number, **{"state": State.REJECTED, "findings": (REFUSAL,), "stored": stored, **changes})


def look(client, record, edge=128):
    return client.get(f"/files/{record.file_id}/preview/{edge}")


def look_by_api(client, record, edge=128):
    return client.get(f"/api/v1/files/{record.file_id}/preview/{edge}")


def noted(portal):
    return [(one.action, one.actor, one.clinic_id, one.subject) for one in portal.audit.written]


def slug(response):
    return response.json()["type"].rpartition("/")[2]


@pytest.mark.parametrize("edge", EDGES)
def test_a_picture_is_made_once_and_found_from_then_on(portal, edge):
    record = keep(portal)
    answers = [look(portal.browser(), record, edge) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [307, 307]
    assert answers[0].headers["location"] == (
        f"https://renditions.s3.test/accepted/northside/{record.file_id}/{edge}.webp?X-Amz-Signature=fake"
    )
    expected = RenditionRequest(
        clinic_id="northside", file_id=record.file_id, stored=record.stored, size=1000, kind="dicom", accepted=True
    )
    assert portal.services.renderer.asked == [expected]


def test_a_browser_goes_by_where_it_was_led_for_less_than_the_address_is_good_for(portal):
    headers = look(portal.browser(), keep(portal)).headers
    assert headers["cache-control"] == "private, max-age=240"


def test_no_browser_keeps_where_an_admin_was_led(portal):
    rejected = keep(portal, state=State.REJECTED, stored=ObjectVersion("quarantine", "northside/x", "v1"))
    answer = look(portal.admin(), rejected)
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")


def test_the_pages_policy_lets_pictures_come_from_their_bucket(portal):
    policy = look(portal.browser(), keep(portal)).headers["content-security-policy"]
    sources = next(part for part in policy.split("; ") if part.startswith("img-src"))
    assert portal.presigner.put(ObjectVersion("renditions", "origin"), 0, None).url.rpartition("/")[0] in sources


def test_a_partner_is_led_to_the_pictures_of_its_own_clinics_files(portal):
    record = keep(portal)
    answer = look_by_api(portal.machine(), record, 768)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
        307,
        f"https://renditions.s3.test/accepted/northside/{record.file_id}/768.webp",
    )


def test_that_the_clinics_own_people_see_pictures_of_what_was_accepted_is_not_noted(portal):
    look(portal.browser(), keep(portal))
    assert noted(portal) == []


def test_another_clinics_file_is_not_found_like_one_that_does_not_exist(portal):
    theirs = keep(portal, clinic_id="lakeview")
    for answer in (look_by_api(portal.machine(), theirs), portal.machine().get(f"/api/v1/files/{NOBODYS}/preview/128")):
        assert (answer.status_code, slug(answer)) == (404, "not-found")
    assert look(portal.browser(), theirs).status_code == 404
    assert portal.services.renderer.asked == []


def test_an_admin_sees_no_picture_of_what_was_accepted_as_no_content_of_it(portal):
    record = keep(portal)
    assert look(portal.admin(), record).status_code == 403
    assert look_by_api(portal.machine(access_token(**ADMINS_TOKEN)), record).status_code == 403
    assert (portal.services.renderer.asked, noted(portal)) == ([], [])


def test_an_admin_sees_what_was_rejected_and_each_time_is_noted(portal):
    record = keep_rejected(portal)
    for _ in range(2):
        assert look(portal.admin(), record).headers["location"].startswith("https://renditions.s3.test/quarantine/")
    assert look_by_api(portal.machine(access_token(**ADMINS_TOKEN)), record).status_code == 307
    assert noted(portal) == [("file.preview", "admin-1", "northside", record.file_id)] * 3
    assert [request.accepted for request in portal.services.renderer.asked] == [False]


def test_nothing_is_shown_to_an_admin_that_could_not_be_noted(portal, monkeypatch):
    def fail(_):
        raise ConnectionError

    monkeypatch.setattr(portal.audit, "write", fail)
    with pytest.raises(ConnectionError):
        look(portal.admin(), keep_rejected(portal))
    assert portal.services.renderer.asked == []


def test_a_clinics_own_people_see_no_picture_of_what_was_rejected_as_no_content_of_it(portal):
    record = keep_rejected(portal)
    assert look(portal.browser(), record).status_code == 409
    answer = look_by_api(portal.machine(), record)
    assert (answer.status_code, slug(answer)) == (409, "not-accepted")


@pytest.mark.parametrize("state", [State.DELETED, State.FAILED, State.EXPIRED, State.AWAITING_UPLOAD])
def test_of_what_is_neither_accepted_nor_in_quarantine_nobody_sees_a_picture(portal, state):
    record = keep_rejected(portal, state=state)
    portal.renditions.kept[f"quarantine/northside/{record.file_id}/128.webp"] = (b"left behind", portal.clock())
    assert [look(client, record).status_code for client in (portal.browser(), portal.admin())] == [409, 409]


@pytest.mark.parametrize("stored", [None, ObjectVersion("accepted", "northside/archive", "v1")])
def test_of_an_archives_damaged_entry_there_is_no_picture(portal, stored):
    assert look(portal.admin(), keep_rejected(portal, stored=stored)).status_code == 409


@pytest.mark.parametrize("edge", ["0", "127", "512", "99999999999999999999", "x", "128.5"])
def test_pictures_have_two_sizes_and_no_other(portal, edge):
    record = keep(portal)
    assert look(portal.browser(), record, edge).status_code == 422
    assert look_by_api(portal.machine(), record, edge).status_code == 422
    assert portal.services.renderer.asked == []


@pytest.mark.parametrize("reason", NoPreview)
def test_where_there_is_no_picture_the_reason_is_told_as_a_code_and_in_words(portal, reason):
    record = keep(portal)
    portal.services.renderer.refuses = reason
    answers = [look_by_api(portal.machine(), record) for _ in range(2)]
    assert [(answer.status_code, slug(answer)) for answer in answers] == [(404, "no-preview")] * 2
    assert (answers[0].json()["reason"], answers[0].json()["explanation"]) == (reason.value, NO_PREVIEW[reason])
    assert len(portal.services.renderer.asked) == 1
    # In a page it is a drawing, which stands in the picture's place.
    drawn = look(portal.browser(), record)
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert f"<title>{NO_PREVIEW[reason]}</title>" in drawn.text


def test_every_reason_has_words():
    assert NO_PREVIEW.keys() == {*NoPreview}


def test_a_renderer_that_is_busy_is_to_be_asked_again(portal):
    portal.services.renderer.busy = True
    answer = look_by_api(portal.machine(), keep(portal))
    assert (answer.status_code, slug(answer), answer.headers["retry-after"]) == (503, "throttled", "5")


def test_many_pictures_at_once_wait_for_a_few_and_the_rest_are_to_be_asked_again(portal):
    record, begun, done = keep(portal), Event(), Event()

    class Slow:
        def render(self, request):
            begun.set()
            assert done.wait(60)
            return RenditionAnswer(reason=NoPreview.CRASHED)

    services = replace(portal.services, renderer=Slow(), rendering=Turns(at_once=1, waiting=0, patience_s=60))
    portal.app.state.services = services
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(look_by_api, portal.machine(), record)
        assert begun.wait(60)
        second = look_by_api(portal.machine(), record)
        done.set()
        assert (first.result().status_code, second.status_code, slug(second)) == (404, 503, "throttled")


def test_a_page_learns_why_there_is_no_picture_and_has_none_made(portal):
    record = keep(portal)
    assert previews.find_reason(portal.services, STAFF, record) is None
    portal.services.renderer.refuses = NoPreview.PROTECTED
    look(portal.browser(), record)
    assert previews.find_reason(portal.services, STAFF, record) is NoPreview.PROTECTED
    assert len(portal.services.renderer.asked) == 1


@pytest.mark.parametrize(
    ("make", "identity", "expected"),
    [(keep, STAFF, True), (keep, ADMIN, False), (keep_rejected, STAFF, False), (keep_rejected, ADMIN, True)],
)
def test_a_page_knows_whether_to_ask_for_a_picture(portal, make, identity, expected):
    record = make(portal)
    portal.renditions.put_note(
        RenditionRequest(
            clinic_id="northside",
            file_id=record.file_id,
            stored=record.stored,
            size=1,
            kind="",
            accepted=record.state is State.ACCEPTED,
        ),
        NoPreview.CRASHED,
    )
    assert previews.is_previewed(portal.services, identity, record) is expected
    assert previews.find_reason(portal.services, identity, record) == (NoPreview.CRASHED if expected else None)
