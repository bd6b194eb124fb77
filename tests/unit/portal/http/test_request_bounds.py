"""Addresses and headers end before anything parses them."""

import pytest

from portal.http.request_bounds import (
    LONGER,
    MOST_HEADERS,
    MOST_OF_A_HEADER,
    MOST_OF_A_SEGMENT,
    MOST_OF_AN_ADDRESS,
    READ,
    RequestBounds,
)
from portal.sign_in.cookies import MAX_COOKIE

LONG = MOST_OF_A_HEADER + 1


def slug(answer):
    return answer.json()["type"].rpartition("/")[2]


@pytest.mark.parametrize("name", sorted(READ - LONGER.keys() - {b"x-origin-verify"}))
def test_a_header_that_is_read_is_refused_when_it_is_longer_than_that(portal, name):
    answer = portal.machine().get("/api/v1/files", headers={name.decode(): "a" * LONG})
    assert (answer.status_code, slug(answer)) == (431, "header-too-large")
    assert (answer.json()["header"], answer.json()["limit_bytes"]) == (name.decode(), MOST_OF_A_HEADER)
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("value", ["," * LONG, '",' * LONG, '"' * LONG, ";" * LONG, "a" * 60_000])
@pytest.mark.parametrize(("method", "path"), [("GET", "/dicomweb/studies"), ("GET", "/files"), ("GET", "/nowhere")])
def test_it_is_refused_at_every_address_and_to_everybody(portal, method, path, value):
    for client in (portal.machine(), portal.browser(), portal.visitor()):
        assert client.request(method, path, headers={"if-none-match": value}).status_code == 431


def test_the_same_header_many_times_is_one_that_is_as_long_as_all(portal):
    headers = [("authorization", portal.machine().headers["authorization"])] + [("accept", "a" * 100)] * 11
    assert portal.visitor().get("/dicomweb/studies", headers=headers).status_code == 431


def test_a_header_of_allowed_length_is_read(portal):
    accept = "application/json" + "," * (MOST_OF_A_HEADER - len("application/json"))
    assert portal.machine().get("/dicomweb/studies", headers={"accept": accept}).status_code == 204


@pytest.mark.parametrize("name", ["user-agent", "referer", "x-forwarded-for", "baggage", "x-unheard-of"])
def test_a_header_that_nobody_reads_does_not_stand_in_the_way_and_is_left_out(portal, name):
    seen = []

    async def app(scope, receive, send):
        seen.extend(scope["headers"])

    assert portal.visitor().get("/health", headers={name: "a" * 20_000}).status_code == 200
    scope = {
        "type": "http",
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), b"a" * LONG), (b"host", b"x")],
    }
    drive(RequestBounds(app), scope)
    assert seen == [(b"host", b"x")]


def drive(app, scope):
    """Serve one request to an app that neither reads nor answers."""
    call = app(scope, None, None)
    with pytest.raises(StopIteration):
        call.send(None)


def cookies_seen(*sent):
    seen = []

    async def app(scope, receive, send):
        seen.extend(value for name, value in scope["headers"] if name == b"cookie")

    headers = [(b"cookie", value) for value in sent]
    drive(RequestBounds(app), {"type": "http", "path": "/", "query_string": b"", "headers": headers})
    return seen


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ([b"a=b; scalper-session=x; c=d"], [b"scalper-session=x"]),
        ([b"__Host-scalper-access=x", b"scalper-refresh=y"], [b"__Host-scalper-access=x; scalper-refresh=y"]),
        ([b"a=b; " * 5000 + b"scalper-session=x"], [b"scalper-session=x"]),
        ([b'scalper-session="' + b'\\"' * 1000 + b'"'], []),
        ([b"scalper-session=" + b"x" * MAX_COOKIE], []),
        ([b"scalper-session=x; " * 5000], [b"; ".join([b"scalper-session=x"] * 4)]),
        ([b"=;;;  ; scalper"], []),
    ],
    ids=["others", "two headers", "after many others", "quoted", "too long", "again and again", "none"],
)
def test_of_the_cookies_only_those_are_read_that_the_portal_may_have_set(sent, seen):
    assert cookies_seen(*sent) == seen


def test_a_crowd_of_headers_is_refused(portal):
    headers = [(f"x-{number}", "a") for number in range(MOST_HEADERS)]
    answer = portal.machine().get("/api/v1/files", headers=headers)
    assert (answer.status_code, answer.json()["limit_headers"]) == (431, MOST_HEADERS)


@pytest.mark.parametrize(
    "address",
    [
        "/files?" + "a=b&" * (MOST_OF_AN_ADDRESS // 4),
        "/dicomweb/studies?" + "fuzzymatching=true&" * 450,
        "/api/v1/files/" + "a/" * (MOST_OF_AN_ADDRESS // 2),
        "/api/v1/files/" + "a" * (MOST_OF_A_SEGMENT + 1),
        "/files/" + "%00" * (MOST_OF_A_SEGMENT + 1),
    ],
    ids=["parameters", "the same parameter", "segments", "a segment", "a segment of zeros"],
)
def test_an_address_that_is_too_long_is_refused(portal, address):
    answer = portal.machine().get(address)
    assert (answer.status_code, slug(answer)) == (414, "address-too-long")


def test_people_are_told_in_words(portal):
    answer = portal.browser().get("/files", headers={"accept-encoding": "a" * LONG})
    assert answer.status_code == 431
    assert "browser" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_warning_of_a_search_is_told_once_however_often_it_is_earned(portal):
    answer = portal.machine().get("/dicomweb/studies?" + "fuzzymatching=true&" * 100 + "limit=201&limit=202")
    assert answer.headers["warning"].count("fuzzymatching") == 1
