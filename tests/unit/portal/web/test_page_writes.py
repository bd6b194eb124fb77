"""What people do on pages counts against the same limit as what machines do."""

import re

import pytest
from fastapi.routing import iter_route_contexts

from portal.auth.rate_limit import WRITES_PER_MINUTE
from portal.http.security import API, SAFE_METHODS, WAY_OUT

_PARAMETER = re.compile(r"{[^}]*}")


def unsafe_pages(portal):
    """Return method and address of every page route that may change something."""
    for route in iter_route_contexts(portal.app.routes):
        address = _PARAMETER.sub("x", route.path)
        if not address.startswith(API):
            yield from ((method, address) for method in (route.methods or set()) - SAFE_METHODS)


def test_every_page_that_changes_something_counts_and_is_refused_beyond_the_limit(portal):
    portal.request_counts.earlier = WRITES_PER_MINUTE
    pages = [page for page in unsafe_pages(portal) if page[1] != WAY_OUT]
    assert len(pages) > 30
    for client in (portal.browser(), portal.admin()):
        answers = {page: client.request(*page).status_code for page in pages}
        assert {page: status for page, status in answers.items() if status != 429} == {}


def test_whoever_is_not_signed_in_is_not_counted(portal):
    for method, address in unsafe_pages(portal):
        portal.visitor().request(method, address)
    assert not portal.request_counts.counts


def test_what_another_site_has_a_browser_send_is_not_counted(portal):
    client = portal.browser()
    client.headers["origin"] = "https://evil.example"
    assert client.post("/session").status_code == 403
    assert not portal.request_counts.counts


def test_pages_and_machines_of_one_account_share_a_minute(portal):
    portal.browser().post("/session")
    portal.browser().post("/session")
    ((subject, _),) = portal.request_counts.counts
    assert subject == "user-1"
    assert portal.request_counts.counts.total() == 2


def test_reading_pages_does_not_count(portal):
    client = portal.browser()
    for path in ("/files", "/uploads", "/session", "/studies"):
        assert client.get(path).status_code == 200
    assert not portal.request_counts.counts


def test_people_are_told_in_words_how_to_go_on(portal):
    portal.request_counts.earlier = WRITES_PER_MINUTE
    answer = portal.browser().post("/settings/notifications/northside", data={"email": "a@example.org"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Wait a minute" in answer.text
    assert "Retry-After" not in answer.text


def test_a_script_of_a_page_is_told_as_programs_are(portal):
    portal.request_counts.earlier = WRITES_PER_MINUTE
    answer = portal.browser().post("/upload/new", json={}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (429, "too-many-requests")


@pytest.mark.parametrize("who", ["browser", "admin"])
def test_whoever_wants_to_go_is_let_go_whatever_was_counted(portal, who):
    portal.request_counts.earlier = WRITES_PER_MINUTE
    assert getattr(portal, who)().post(WAY_OUT).status_code == 303
    assert portal.request_counts.counts.total() == 1
