"""What fails is answered and logged by us, once; no server ever sees the error."""

import contextlib
import json
import socket
import threading

import anyio
import httpx
import pytest
import uvicorn

from portal.http.request_log import METHODS, BrokenOffError, FaultBarrier
from tests.unit.portal.portal_fixture import Portal

NAME = "DOE^JANE"


def served(app, **changes):
    """Return the messages that a server gets for one request."""
    messages = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        messages.append(message)

    headers = [(b"host", b"portal.test"), (b"accept", b"application/json")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers,
             "http_version": "1.1", "scheme": "https", "server": ("portal.test", 443), "root_path": ""}  # fmt: skip
    anyio.run(FaultBarrier(app), scope | changes, receive, send)
    return messages


def failing(error, *before):
    async def app(scope, receive, send):
        for message in before:
            await send(message)
        raise error

    return app


BEGUN = {"type": "http.response.start", "status": 200, "headers": []}
A_PIECE = {"type": "http.response.body", "body": b"a", "more_body": True}
THE_LAST = {"type": "http.response.body", "body": b"b", "more_body": False}


@pytest.mark.parametrize("error", [RuntimeError(NAME), ValueError(NAME), ExceptionGroup(NAME, [KeyError(NAME)])])
def test_an_error_outside_of_everything_is_answered_as_our_fault(error, log_lines):
    start, body = served(failing(error))
    assert start["status"] == 500
    assert json.loads(body["body"])["title"] == "Something went wrong on our side"
    (line,) = log_lines()
    assert (line["message"], line["error"]) == ("fault", type(error).__name__)
    assert NAME not in json.dumps(line)


def test_an_answer_that_broke_off_is_left_unfinished_so_that_the_server_closes_the_connection(log_lines):
    assert served(failing(RuntimeError(NAME), BEGUN, A_PIECE)) == [BEGUN, A_PIECE]
    assert [line["message"] for line in log_lines()] == ["fault"]


def test_an_answer_that_broke_off_within_lambda_is_an_error_that_says_nothing():
    with pytest.raises(BrokenOffError) as broken:
        served(failing(RuntimeError(NAME), BEGUN, A_PIECE), **{"aws.event": {}})
    assert broken.value.__cause__ is broken.value.__context__ is None


def test_what_fails_behind_a_whole_answer_is_logged_and_no_more(log_lines):
    assert served(failing(RuntimeError(NAME), BEGUN, THE_LAST), **{"aws.event": {}}) == [BEGUN, THE_LAST]
    assert len(log_lines()) == 1


def trouble(*_args, **_options):
    raise RuntimeError(NAME)


PLACES = {
    "a route": ("portal.web.auth.require_staff", "/"),
    "a template": ("portal.web.auth.render", "/"),
    "the page of the error itself": ("portal.http.problems._wants_page", "/nowhere"),
    "the headers of every answer": ("portal.http.security.Headers.add_to", "/health"),
    "what reads bodies": ("portal.http.request_bounds._read_body", "/sign-out"),
    "what bounds requests": ("portal.http.request_bounds._enforce_bounds", "/health"),
    "what tags answers": ("portal.http.entity_tags._Tagging", "/api/v1/files"),
    "the count of page writes": ("portal.http.security._count_write", "/sign-out"),
}


@pytest.mark.parametrize(("place", "path"), PLACES.values(), ids=PLACES)
def test_wherever_it_fails_the_server_gets_an_answer_and_the_log_one_line(monkeypatch, log_lines, place, path):
    portal = Portal()
    monkeypatch.setattr(place, trouble)
    method = "POST" if path == "/sign-out" else "GET"
    headers = [(b"host", b"portal.test"), (b"origin", b"https://portal.test"), (b"accept", b"text/html")]
    start, *_ = served(portal.app, path=path, method=method, headers=headers)
    assert start["status"] == 500
    faults = [line for line in log_lines() if line["message"] == "fault"]
    assert {line["error"] for line in faults} == {"RuntimeError"}
    assert NAME not in json.dumps(faults)


def test_a_request_whose_body_nobody_could_read_is_answered_too():
    async def app(scope, receive, send):
        await receive()
        raise OSError

    assert served(app)[0]["status"] == 500


@pytest.mark.parametrize("method", ['EVIL"\n{"level":"FAKE', "get", "PROPFIND", "A" * 4000, "GET ", "", "QUERY", "é"])
def test_a_method_that_nobody_knows_is_not_logged_as_it_came(portal, log_lines, method):
    served(portal.app, method=method, path="/files")
    (line,) = [line for line in log_lines() if line["message"] == "request"]
    assert line["method"] == "OTHER"


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_known_method_is_logged_by_its_name(portal, log_lines, method):
    served(portal.app, method=method, path="/files")
    (line,) = [line for line in log_lines() if line["message"] == "request"]
    assert line["method"] == method


@contextlib.contextmanager
def under_uvicorn(app):
    """Serve an app as `scalper up` does, and yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", access_log=False, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    "app",
    [failing(RuntimeError(NAME), *before) for before in ((), (BEGUN, A_PIECE), (BEGUN, THE_LAST))],
    ids=["before the answer", "amid the answer", "behind the answer"],
)
def test_uvicorn_prints_nothing_of_an_error(app, log_lines, caplog):
    with under_uvicorn(FaultBarrier(app)) as address, contextlib.suppress(httpx.RemoteProtocolError):
        assert httpx.get(address).status_code in {200, 500}
    told = [record for record in caplog.records if record.name.startswith("uvicorn")]
    assert not [record for record in told if record.exc_info or NAME in record.getMessage()]
    assert [line["error"] for line in log_lines()] == ["RuntimeError"]


def test_an_answer_that_broke_off_is_not_taken_for_the_whole():
    app = FaultBarrier(failing(RuntimeError(NAME), BEGUN, A_PIECE))
    with under_uvicorn(app) as address, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(address)


def test_without_the_barrier_uvicorn_would_print_it(caplog):
    """So that the test above sees what uvicorn prints."""
    with under_uvicorn(failing(RuntimeError(NAME))) as address:
        assert httpx.get(address).status_code == 500
    assert [record for record in caplog.records if record.name.startswith("uvicorn") and record.exc_info]
