"""Bodies end, and it is known whose they are, before anything parses them."""

import json

import anyio
import pytest
from starlette.requests import Request

from portal.api.problem_responses import ProblemDocument
from portal.http.problems import LONGEST_STEP, MOST_FAULTS
from portal.http.request_bounds import MAX_BODY, MAX_DICOMWEB_BODY, MAX_FORM, MOST_FIELDS, MOST_OF_ANYBODY
from portal.sign_in.flow import Tokens
from portal.uploads.requests import MOST_UNKNOWN
from tests.unit.portal.pool import access_token

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.fixture
def parsed(monkeypatch):
    """Return what was parsed of bodies: how many bytes of JSON, and how many forms."""
    seen = []

    async def note(request, *_args, **_options):
        seen.append(request.url.path)
        raise AssertionError("parsed")

    monkeypatch.setattr(Request, "json", note)
    monkeypatch.setattr(Request, "_get_form", note)
    return seen


NOBODYS = [
    ("/settings/notifications/x", FORM, b"&" * MAX_BODY),
    ("/settings/notifications/x", FORM, b"a=b&" * 2000),
    ("/sign-out", FORM, b"csrf_token=" + b"a" * 8000),
    ("/files/search", FORM, b"name=" + b"%41" * 4000),
    ("/upload/new", JSON, b"[" * MAX_BODY),
    ("/upload/new", JSON, b'{"files":[' + b'{"a":1},' * 10_000 + b"{}]}"),
    ("/admin/clinics/new", "multipart/form-data; boundary=b", b"--b\r\n" * 2000),
    ("/nowhere", FORM, b"&" * 10_000),
]


@pytest.mark.parametrize(("path", "kind", "body"), NOBODYS)
def test_nothing_is_parsed_of_more_than_a_little_where_nobody_is_signed_in(portal, parsed, path, kind, body):
    answer = portal.visitor().post(path, content=body, headers={"content-type": kind, "idempotency-key": "x"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert parsed == []


@pytest.mark.parametrize("cookie", ["A" * 43 + ".1.QQ", "A" * 43 + ".9999999999.QQ", "garbled"])
@pytest.mark.parametrize("request_of_nobody", NOBODYS)
def test_cookies_that_somebody_made_up_are_nobodys(portal, parsed, request_of_nobody, cookie):
    path, kind, body = request_of_nobody
    client = portal.visitor()
    for role, value in (("session", cookie), ("access", "a.b.c"), ("refresh", "r")):
        client.cookies.set(f"__Host-scalper-{role}", value, domain="portal.test", path="/")
    answer = client.post(path, content=body, headers={"content-type": kind, "idempotency-key": "x"})
    assert answer.status_code in {303, 401, 400}
    assert parsed == []


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer a.b.c", "Basic YTpi", "Bearer " + "a" * 7000])
@pytest.mark.parametrize("path", ["/api/v1/uploads", "/api/v1/webhooks", "/dicomweb/studies"])
def test_a_machine_without_a_token_that_holds_has_nothing_parsed_either(portal, parsed, path, authorization):
    client = portal.visitor()
    answer = client.post(
        path,
        content=b'{"files":[' + b"1," * 5000,
        headers={"content-type": JSON, "authorization": authorization, "accept": "*/*"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert parsed == []


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/settings/notifications/northside", FORM, MAX_FORM),
        ("/settings/notifications/northside", "Application/X-WWW-Form-URLencoded; charset=x", MAX_FORM),
        ("/upload/new", FORM, MAX_FORM),
        ("/upload/new", "multipart/form-data; boundary=b", MAX_FORM),
        ("/upload/new", JSON, MAX_BODY),
        ("/upload/new", "", MAX_FORM),
        ("/files/search", JSON, MAX_FORM),
    ],
)
def test_a_page_takes_no_more_than_its_kind_of_body_needs(portal, path, kind, most, declared):
    body = b"a" * (most + 1)
    answer = portal.browser().post(
        path, content=body if declared else iter([body[:-1], body[-1:]]), headers={"content-type": kind}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/api/v1/uploads", JSON, MAX_BODY),
        ("/api/v1/uploads", "application/json; charset=utf-8", MAX_BODY),
        ("/api/v1/uploads", "text/plain", MAX_FORM),
        ("/api/v1/webhooks", JSON, MAX_FORM),
        ("/api/v1/files/x/sign", JSON, MAX_FORM),
        ("/dicomweb/studies", 'multipart/related; type="application/dicom"; boundary=b', MAX_DICOMWEB_BODY),
    ],
)
def test_a_machine_neither(portal, path, kind, most):
    client = portal.machine()
    answer = client.post(path, content=b" " * (most + 1), headers={"content-type": kind})
    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, most)
    assert client.post(path, content=b" " * most, headers={"content-type": kind}).status_code not in {413, 500}


def test_a_form_has_a_bounded_number_of_fields(portal):
    client = portal.browser()
    for separator in ("&", ";", "&;"):
        body = separator.join(["a"] * (MOST_FIELDS + 1))
        answer = client.post("/settings/notifications/northside", content=body, headers={"content-type": FORM})
        assert answer.status_code == 413


def test_the_largest_forms_that_we_have_are_taken(portal):
    chosen = {"order_id": "0" * 26, "scope": "selected", "reason": "because " + "ü" * 480, "task": "delete"}
    body = {**chosen, "file": ["0" * 26 + "-00000"] * 500}
    answer = portal.admin().post("/admin/quarantine", data=body)
    assert answer.status_code == 200


def test_a_little_is_read_of_anybody(portal):
    body = b"csrf_token=" + b"a" * (MOST_OF_ANYBODY - 11)
    answer = portal.visitor().post("/sign-out", content=body, headers={"content-type": FORM})
    assert answer.status_code == 303


def test_a_session_that_has_to_be_renewed_is_somebodys(portal):
    client = portal.browser(exp=1)
    del client.headers["x-csrf-token"]
    portal.pool.renewals["refresh-1"] = Tokens(access_token(), "", None)
    answer = client.post("/files/search", content=b"name=" + b"a" * 8000, headers={"content-type": FORM})
    assert answer.status_code == 403, "the form lacks the token, so it was read"


@pytest.mark.parametrize(
    "body",
    [
        {str(number): 0 for number in range(190_000)},
        {"files": [{str(number): 0 for number in range(400)} for _ in range(500)]},
        {"files": [{"name": "a\u0007", "size": -1, "more": 1}] * 500},
        {"files": [{}] * 500, "reference": "x" * 1_000_000},
        {"files": [{"name": {str(number): 0 for number in range(100_000)}, "size": []}]},
    ],
    ids=["unknown fields", "unknown fields of each file", "bad files", "empty files", "deep"],
)
def test_of_many_faults_the_first_are_told(portal, body):
    answer = portal.machine().post("/api/v1/uploads", json=body)
    assert answer.status_code == 422
    assert 1 <= len(answer.json()["errors"]) <= MOST_FAULTS
    assert len(answer.content) < 20_000


def test_an_unknown_field_is_told_among_many_and_cut_where_it_is_long(portal):
    name = "n" * 100_000
    answer = portal.machine().post(
        "/api/v1/uploads",
        content=json.dumps({"files": [{"name": "a", "size": 1}], name: 1, **dict.fromkeys("abcdefghij", 1)}),
        headers={"content-type": JSON},
    )
    pointers = [fault["pointer"] for fault in answer.json()["errors"]]
    assert len(pointers) == MOST_UNKNOWN
    assert pointers[0] == "/" + "n" * LONGEST_STEP
    assert "first 50" in ProblemDocument.model_fields["errors"].description


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"files":' + b"9" * 5000 + b"}",
        b'"\\ud800"',
        b'{"\\ud800":1}',
        b"\xff" * 100,
    ],
)
def test_json_that_nobody_means_is_refused(portal, body):
    answer = portal.machine().post("/api/v1/uploads", content=body, headers={"content-type": JSON})
    assert answer.status_code in {400, 422}


def test_a_client_that_goes_away_has_half_a_body_taken_for_nothing(portal):
    """A form that was cut off would otherwise be taken as it came."""
    messages = iter([{"type": "http.request", "body": b"a=", "more_body": True}, {"type": "http.disconnect"}])
    answered = []

    async def receive():
        return next(messages)

    async def send(message):
        answered.append(message)

    headers = [(b"host", b"portal.test"), (b"origin", b"https://portal.test"), (b"content-type", FORM.encode())]
    scope = {"type": "http", "method": "POST", "path": "/sign-out", "query_string": b"", "headers": headers,
             "http_version": "1.1", "scheme": "https", "server": ("portal.test", 443), "root_path": ""}  # fmt: skip
    anyio.run(portal.app, scope, receive, send)
    assert answered[0]["status"] == 400


@pytest.mark.parametrize("path", ["/files/search", "/studies/search", "/admin/clinics/new", "/sign-out", "/session"])
@pytest.mark.parametrize("by_header", [True, False])
def test_no_form_of_ours_takes_a_file(portal, path, by_header):
    client = portal.admin()
    if not by_header:
        del client.headers["x-csrf-token"]
    answer = client.post(path, files={"name": ("x.txt", b"a")})
    assert answer.status_code in ({200, 303, 400} if by_header else {400})
