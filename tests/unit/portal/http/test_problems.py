"""What people and programs are told when something goes wrong, and what they are not."""

import json

import pytest

from intake import errors as domain
from intake.errors import ContentionError, ScalperError
from portal import errors
from portal.http.problem_types import INTERNAL, KNOWN, PROBLEMS, find_problem

NAME = "DOE^JANE"


def raised(portal, error):
    """Have a page and the API meet this error."""

    def trouble(*_args, **_options):
        raise error

    portal.records.files = trouble


def all_errors(root=ScalperError):
    for kind in root.__subclasses__():
        yield kind
        yield from all_errors(kind)


def test_every_error_of_the_portal_has_its_problem():
    ours = {kind for kind in all_errors(errors.PortalError) if kind.__module__ == errors.__name__}
    assert not [kind.__name__ for kind in ours if not any(base in PROBLEMS for base in kind.__mro__)]


def test_slugs_tell_problems_apart():
    assert len({problem.slug for problem in PROBLEMS.values()}) == len(PROBLEMS)


def test_the_most_specific_entry_counts():
    assert find_problem(errors.ScopeError("scalper/read")).slug == "missing-scope"
    assert find_problem(domain.ObjectTakenError()) is INTERNAL


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/files/withdraw", "POST"),
        ("/api/v1/files/01k9ktx3mqf8g2w7v5n0ah4ebc-00000", "GET"),
        ("/api/v1/uploads", "GET, POST"),
    ],
)
def test_an_address_tells_the_methods_that_it_takes_and_none_of_one_that_is_merely_like_it(portal, path, allowed):
    answer = portal.machine().options(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/api/v1/files/nothing", 404, "not-found"),
        ("DELETE", "/api/v1/files", 405, "method-not-allowed"),
        ("GET", "/api/v1/files?cursor=invented", 400, "invalid-cursor"),
        ("GET", "/api/v1/files?limit=0", 422, "invalid-request"),
        ("GET", "/api/v1/files?since=2026-01-31T00:00:00", 422, "invalid-request"),
        ("GET", "/api/v1/files?state=lost", 422, "invalid-request"),
    ],
)
def test_the_api_answers_errors_as_problem_documents(portal, method, path, status, slug):
    response = portal.machine().request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["type"] == f"https://portal.test/api/docs/problems/{slug}"
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]


def test_method_not_allowed_names_the_methods(portal):
    assert "GET" in portal.machine().delete("/api/v1/files").headers["allow"]


@pytest.mark.parametrize("slug", KNOWN)
def test_each_type_leads_to_a_page(portal, slug):
    response = portal.visitor().get(f"/api/docs/problems/{slug}")
    assert response.status_code == 200
    assert KNOWN[slug].title in response.text


def test_an_unknown_type_leads_nowhere(portal):
    assert portal.visitor().get("/api/docs/problems/invented").status_code == 404


def test_a_wrong_field_is_pointed_at_and_its_value_is_not_repeated(portal):
    body = {"files": [{"name": NAME + "\u0007", "size": NAME}], "reference": NAME * 50, "patient": NAME}
    response = portal.machine().post("/api/v1/uploads", json=body)
    assert response.status_code == 422
    pointers = {fault["pointer"] for fault in response.json()["errors"]}
    assert pointers == {"/files/0/name", "/files/0/size", "/reference", "/patient"}
    assert NAME not in response.text


def test_a_wrong_query_is_named(portal):
    (fault,) = portal.machine().get("/api/v1/files", params={"state": NAME}).json()["errors"]
    assert (fault["in"], fault["parameter"]) == ("query", "state")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"files": NaN}'])
def test_a_body_that_is_no_json_is_malformed_or_invalid(portal, body):
    response = portal.machine().post("/api/v1/uploads", content=body, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


def test_a_browser_gets_a_page(portal):
    response = portal.browser().get("/files/nothing")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["x-request-id"] in response.text


@pytest.mark.parametrize(("error", "slug"), [(ContentionError(), "busy"), (domain.ThrottledError(), "throttled")])
def test_contention_and_throttling_ask_to_come_again(portal, error, slug):
    raised(portal, error)
    response = portal.machine().get("/api/v1/files")
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["type"].endswith(f"/{slug}")


def test_a_table_that_is_throttled_is_no_conflict_of_uploads(portal):
    """A reservation that DynamoDB throttles is asked for again by its sender, and was no conflict of theirs."""

    def throttle(*_args):
        raise domain.ThrottledError

    portal.records.add_files = throttle
    body = {"files": [{"name": "a.dcm", "size": 3}]}
    response = portal.machine().post("/api/v1/uploads", json=body)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


def test_a_missing_token_is_asked_for(portal):
    client = portal.machine()
    del client.headers["authorization"]
    response = client.get("/api/v1/files")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_fault_of_ours_tells_nothing_but_the_requests_id(portal):
    raised(portal, RuntimeError(NAME))
    response = portal.machine(raise_server_exceptions=False).get("/api/v1/files")
    assert response.status_code == 500
    assert response.headers["content-security-policy"]
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert NAME not in response.text


def test_a_log_line_names_route_status_and_ids_and_no_query(portal, log_lines):
    portal.machine().get("/api/v1/files", params={"cursor": NAME})
    (line,) = [line for line in log_lines() if line["message"] == "request"]
    assert (line["route"], line["status"], line["method"]) == ("/api/v1/files", 400, "GET")
    assert (line["subject"], line["clinic_id"]) == ("partner-1", "northside")
    assert NAME not in json.dumps(line)


def test_an_id_that_is_not_ours_is_not_logged(portal, log_lines):
    portal.machine().get(f"/api/v1/files/{NAME}")
    assert NAME not in json.dumps(log_lines())


def test_a_faults_log_line_names_its_place_and_not_its_text(portal, log_lines):
    raised(portal, RuntimeError(NAME))
    portal.machine(raise_server_exceptions=False).get("/api/v1/files")
    (line,) = [line for line in log_lines() if line["message"] == "fault"]
    assert line["error"] == "RuntimeError"
    assert any("portal/uploads/visibility.py" in frame for frame in line["frames"])
    assert NAME not in json.dumps(line)


@pytest.mark.parametrize(("path", "status"), [("/files/nothing", 404), ("/admin/clinics", 403), ("/nowhere", 404)])
def test_an_error_page_says_by_which_id_the_request_is_found(portal, path, status):
    answer = portal.browser().get(path)
    assert answer.status_code == status
    assert answer.headers["x-request-id"] in answer.text


def test_the_page_of_our_own_fault_does_so_too(portal, monkeypatch):
    def fail(_self):
        raise RuntimeError

    monkeypatch.setattr(type(portal.directory), "clinics", fail)
    client = portal.admin()
    client._transport.raise_server_exceptions = False
    answer = client.get("/admin/clinics")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "RuntimeError" not in answer.text
