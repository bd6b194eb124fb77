"""A link to one study: made by its clinic, used by somebody without an account, and refused to everybody else alike."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from intake.errors import NotFoundError
from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.sharing.model import LISTED, MOST_OPENINGS, MOST_TAKINGS, MOST_TRIES, digest_token
from portal.retrieval.sharing import DAYS, MOST_OPEN, read_code
from tests.records import IDS, NOON, a_file

PATIENT = {"id": "TEST-4711", "name": "Example^Nobody"}
STUDY = IDS.study("northside", "1.2.3")
OTHER = IDS.study("northside", "9.8.7")


def image(number, study="1.2.3"):
    told = {
        "study_instance_uid": study,
        "series_instance_uid": f"{study}.1",
        "modality": "CT",
        "study_date": "20261122",
        "instance_number": number,
        "patient": PATIENT,
    }
    stored = ObjectVersion("accepted", f"northside/{number}", "v1")
    return a_file(number, state=State.ACCEPTED, kind="dicom", metadata=told, name=f"{number}.dcm", stored=stored)


@pytest.fixture
def filled(portal):
    records = [*(image(number) for number in range(3)), image(3, "9.8.7")]
    portal.table.files |= {record.file_id: record for record in records}
    return portal


@pytest.fixture
def doctor(filled):
    return filled.visitor()


def make(portal, days="7", study=STUDY):
    """Return the token and the code of a new link, as the clinic's page tells them."""
    answer = portal.browser().post(f"/studies/{study}/links", data={"days": days})
    assert answer.status_code == 200, answer.text
    token = re.search(r"/shared#([\w-]{43})<", answer.text)[1]
    return token, re.search(r'data-part="code">(\w{4}-\w{4})</strong>', answer.text)[1]


def enter(client, token, code):
    return client.post("/shared", data={"token": token, "code": code})


def pass_of(answer):
    assert answer.status_code == 200
    return unescape(re.search(r'data-pass="([^"]+)"', answer.text)[1])


def take(client, pass_, cursor=""):
    query = f"?cursor={cursor}" if cursor else ""
    return client.post(f"/shared/content{query}", json={"pass_": pass_}, headers={"accept": "application/json"})


def only(portal):
    (link,) = portal.study_links.links.values()
    return link


def actions(portal):
    return [(entry.actor.partition(":")[0], entry.action, entry.clinic_id) for entry in portal.audit.written]


def test_a_doctor_without_an_account_sees_the_exam_and_takes_it_out(filled, doctor):
    token, code = make(filled)
    answer = enter(doctor, token, code.lower().replace("-", " "))
    assert "CT, 22 Nov 2026" in answer.text
    assert "Northside Imaging" in answer.text
    page = take(doctor, pass_of(answer)).json()
    assert sorted(file["name"] for file in page["files"]) == ["0.dcm", "1.dcm", "2.dcm"]
    assert page["count"] == 3
    assert (only(filled).opened, only(filled).taken, only(filled).tries) == (1, 1, 0)
    assert actions(filled) == [
        ("user-1", "study.share", "northside"),
        ("link", "study.open-shared", "northside"),
        ("link", "file.take-out", "northside"),
    ]
    listed = filled.browser().get(f"/studies/{STUDY}/links").text
    assert re.search(r'data-label="Opened">1<', listed)
    assert re.search(r'data-label="Downloaded">1<', listed)


def test_a_page_anew_is_no_second_taking(filled, doctor):
    pass_ = pass_of(enter(doctor, *make(filled)))
    here = take(doctor, pass_).json()["here"]
    assert len(take(doctor, pass_, here).json()["files"]) == 3
    assert only(filled).taken == 1


def test_neither_the_link_nor_the_entrance_tells_of_the_patient_or_the_exam(filled, doctor, log_lines):
    token, code = make(filled)
    entrance = doctor.get("/shared").text
    opened = enter(doctor, token, code)
    for told in (PATIENT["id"], "Nobody", STUDY, "1.2.3"):
        assert told not in entrance
        assert told not in token
    assert PATIENT["id"] not in opened.text
    assert "Nobody" not in opened.text
    lines = str(log_lines())
    assert token not in lines
    assert code not in lines
    assert token not in str(filled.audit.written)
    assert code.replace("-", "") not in str(filled.audit.written)
    assert token not in str(filled.study_links.links)


def denials(filled, doctor):
    """Yield every way in which a link and a code are refused."""
    token, code = make(filled)
    yield "wrong code", enter(doctor, token, "2222-2222")
    yield "no code", enter(doctor, token, "")
    yield "unknown link", enter(doctor, "u" * 43, code)
    yield "malformed link", enter(doctor, "../" + token, code)
    yield "no link", enter(doctor, "", code)
    yield "no field", doctor.post("/shared", data={})
    yield "half of the code", enter(doctor, token, code[:4])
    yield "long code", enter(doctor, token, code + "A")
    yield "another link's code", enter(doctor, token, make(filled, study=OTHER)[1])
    revoked = make(filled)
    link_id = digest_token(revoked[0])
    filled.browser().post(f"/studies/{STUDY}/links/{link_id}/revoke")
    yield "revoked", enter(doctor, *revoked)
    locked = make(filled)
    for _ in range(MOST_TRIES):
        enter(doctor, locked[0], "2222-2222")
    yield "locked", enter(doctor, *locked)
    lapsed, gone = make(filled, "1"), make(filled)
    filled.clock.forward(days=1)
    yield "lapsed", enter(doctor, *lapsed)
    filled.table.files.clear()
    yield "its study is gone", enter(doctor, *gone)


def test_every_denial_looks_alike(filled, doctor):
    answers = dict(denials(filled, doctor))
    looks = {
        (answer.status_code, answer.text, tuple(sorted(answer.headers.keys() - {"x-request-id"})))
        for answer in answers.values()
    }
    assert len(answers) == 13
    assert len(looks) == 1, {why: answer.status_code for why, answer in answers.items()}
    assert next(iter(looks))[0] == 404


def test_a_link_opens_its_one_study_and_nothing_else(filled, doctor):
    pass_ = pass_of(enter(doctor, *make(filled)))
    asked = {"pass_": pass_, "study": OTHER, "files": [image(3).file_id], "series": IDS.series("northside", "9.8.7.1")}
    answer = doctor.post("/shared/content", json=asked)
    assert "3.dcm" not in answer.text
    for path in ("/studies", f"/studies/{STUDY}", "/files", f"/files/{image(0).file_id}"):
        assert doctor.get(path).status_code == 303


@pytest.mark.parametrize("pass_", ["", "x", "A" * 120])
def test_a_pass_that_nobody_sealed_opens_nothing(doctor, pass_):
    assert take(doctor, pass_).status_code == 404


def test_a_link_that_is_closed_meanwhile_gives_no_more_pages(filled, doctor):
    token, code = make(filled)
    pass_ = pass_of(enter(doctor, token, code))
    here = take(doctor, pass_).json()["here"]
    filled.browser().post(f"/studies/{STUDY}/links/{digest_token(token)}/revoke")
    assert {take(doctor, pass_, cursor).status_code for cursor in ("", here)} == {404}


def test_a_link_that_lapses_meanwhile_gives_no_more_pages(filled, doctor):
    pass_ = pass_of(enter(doctor, *make(filled, "1")))
    filled.clock.forward(hours=25)
    assert take(doctor, pass_).status_code == 404


def test_a_cursor_is_of_its_own_link(filled, doctor):
    first, second = (pass_of(enter(doctor, *make(filled))) for _ in range(2))
    here = take(doctor, first).json()["here"]
    assert take(doctor, second, here).status_code == 400


def test_the_right_code_comes_too_late_after_five_wrong_ones(filled, doctor):
    token, code = make(filled)
    for _ in range(MOST_TRIES - 1):
        enter(doctor, token, "2222-2222")
    assert enter(doctor, token, code).status_code == 200
    enter(doctor, token, "2222-2222")
    assert enter(doctor, token, code).status_code == 404
    assert "Locked" in filled.browser().get(f"/studies/{STUDY}/links").text


@pytest.mark.parametrize("days", ["0", "15", "-1", "365", "", "1.5", "7 ", "\u0667"])
def test_a_link_lives_for_1_to_14_days(filled, days):
    answer = filled.browser().post(f"/studies/{STUDY}/links", data={"days": days})
    assert answer.status_code == 422
    assert filled.study_links.links == {}
    assert (min(DAYS), max(DAYS)) == (1, 14)


def test_links_of_a_study_are_bounded_and_a_closed_one_makes_room(filled):
    made = [make(filled) for _ in range(MOST_OPEN)]
    answer = filled.browser().post(f"/studies/{STUDY}/links", data={"days": "1"})
    assert (answer.status_code, "Close one first" in answer.text) == (422, True)
    filled.browser().post(f"/studies/{STUDY}/links/{digest_token(made[0][0])}/revoke")
    make(filled)


def test_another_clinic_and_admins_make_see_and_close_no_links(filled):
    token, _ = make(filled)
    link_id = digest_token(token)
    other = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    for client, status in ((other, 404), (filled.admin(), 403), (filled.visitor(), 303)):
        assert client.get(f"/studies/{STUDY}/links").status_code == status
        assert client.post(f"/studies/{STUDY}/links", data={"days": "7"}).status_code == status
        assert client.post(f"/studies/{STUDY}/links/{link_id}/revoke").status_code == status
    assert only(filled).revoked_at is None
    # By way of a study of one's own, neither.
    assert filled.browser().post(f"/studies/{OTHER}/links/{link_id}/revoke").status_code == 404


def test_closing_twice_is_noted_once(filled):
    token, _ = make(filled)
    for _ in range(2):
        assert filled.browser().post(f"/studies/{STUDY}/links/{digest_token(token)}/revoke").status_code == 303
    assert [action for _, action, _ in actions(filled)] == ["study.share", "study.unshare"]


def test_who_is_signed_in_may_use_a_link_too_and_only_from_our_own_page(filled):
    token, code = make(filled)
    client = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    csrf = re.search(r'name="csrf_token" value="(\w+)"', client.get("/shared").text)[1]
    del client.headers["x-csrf-token"]
    assert enter(client, token, code).status_code == 403
    assert client.post("/shared", data={"token": token, "code": code, "csrf_token": csrf}).status_code == 200
    foreign = filled.visitor()
    foreign.headers["origin"] = "https://elsewhere.example"
    assert enter(foreign, token, code).status_code == 403
    assert only(filled).tries == 0


def test_what_cannot_be_noted_is_not_opened(filled, doctor, monkeypatch):
    token, code = make(filled)

    def failing(_entry):
        raise TimeoutError

    monkeypatch.setattr(filled.audit, "write", failing)
    with pytest.raises(TimeoutError):
        enter(doctor, token, code)
    assert only(filled).opened == 0


def test_a_pass_is_good_for_a_day(filled, doctor):
    pass_ = pass_of(enter(doctor, *make(filled, "14")))
    filled.clock.forward(hours=23)
    assert take(doctor, pass_).status_code == 200
    filled.clock.forward(hours=2)
    assert take(doctor, pass_).status_code == 404
    assert only(filled).expires_at - filled.clock() > timedelta(days=12)


@pytest.mark.parametrize(
    ("typed", "read"),
    [("k7q2-9xmf", "K7Q29XMF"), (" K7Q2 9XMF ", "K7Q29XMF"), ("K7Q2\u00a09XMF", "K7Q29XMF"), ("", "")],
)
def test_a_code_is_read_as_people_write_it(typed, read):
    assert read_code(typed) == read


def test_a_study_that_there_is_not_is_not_shared(filled):
    for study in (IDS.study("northside", "4.4"), "no-study"):
        assert filled.browser().get(f"/studies/{study}/links").status_code == 404
    with pytest.raises(NotFoundError):
        filled.services.studies.study("northside", IDS.study("northside", "4.4"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token", "\\ud800"),
        ("code", "\\udfff"),
        ("code", "K7Q2\\udc00"),
        ("token", "t" * 42 + "\\ud800"),
        ("token", "\\ud83d" * 500),
    ],
)
def test_text_that_no_encoding_holds_is_refused_like_any_other(filled, doctor, field, value):
    """A form may say that it is written in a code that knows more than Unicode does."""
    token, code = make(filled)
    told = {"token": token, "code": code, field: value}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in told.items()
    )
    kind = "multipart/form-data; boundary=x; charset=unicode_escape"
    answer = doctor.post("/shared", content=f"{body}--x--\r\n", headers={"content-type": kind})
    assert answer.status_code == 404
    assert answer.text == enter(doctor, "u" * 43, code).text


def test_no_link_that_is_open_is_pushed_out_of_the_list(filled):
    """Whoever made links and hid them behind others could not be stopped: what is not listed cannot be closed."""
    hidden = make(filled, "14")
    for _ in range(LISTED - 1):
        filled.browser().post(f"/studies/{STUDY}/links/{digest_token(make(filled)[0])}/revoke")
    answer = filled.browser().post(f"/studies/{STUDY}/links", data={"days": "1"})
    assert (answer.status_code, "later" in answer.text) == (422, True)
    assert len(filled.study_links.links) == LISTED
    listed = filled.browser().get(f"/studies/{STUDY}/links").text
    assert digest_token(hidden[0]) in listed


@pytest.mark.parametrize(
    ("used", "told"),
    [
        ({"opened": MOST_OPENINGS}, "Used up"),
        ({"taken": MOST_TAKINGS}, "Used up"),
        ({"opened": MOST_OPENINGS, "tries": MOST_TRIES}, "Locked"),
        ({"opened": MOST_OPENINGS - 1, "taken": MOST_TAKINGS - 1}, "Open"),
        ({"taken": MOST_TAKINGS, "revoked_at": NOON}, "Closed"),
    ],
)
def test_a_link_that_gives_nothing_any_more_is_not_called_open(filled, used, told):
    make(filled)
    filled.study_links.links = {link.link_id: replace(link, **used) for link in filled.study_links.links.values()}
    badges = re.findall(
        r'class="badge[^>]*>(.*?)</span>', filled.browser().get(f"/studies/{STUDY}/links").text, re.DOTALL
    )
    assert [told] == [re.sub(r"<.*?>", "", badge).strip() for badge in badges]
