"""An answer that Lambda would not carry is refused in words: API Gateway would make it a 502 without any."""

import asyncio
import gzip
import json

import pytest
from mangum import Mangum

from portal.http.answer_bounds import MOST_BYTES, TEXT, AnswerBounds, measure
from tests.unit.portal.test_wiring import event

LAMBDAS = 6_291_556
KINDS = {
    "plain": ("text/csv; charset=utf-8", b"abc"),
    "quotes": ("text/html", b'"'),
    "backslashes": ("application/json", b"\\"),
    "controls": ("text/plain", b"\x1f"),
    "lines": ("text/csv", b"\r\n"),
    "foreign": ("application/problem+json", "ü漢🩻".encode()),
    "binary": ("application/octet-stream", b"\0\xff"),
    "dicom": ("application/dicom+json", b'{"":1}'),
    "packed": ("text/csv", gzip.compress(b"abc", mtime=0)),
}


@pytest.fixture(autouse=True)
def event_loop():
    """Mangum makes this thread an event loop where it has none, and nobody would close it."""
    with asyncio.Runner() as runner:
        yield runner.get_loop()


def saying(media_type, *pieces):
    """Return an app that answers in pieces."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media_type.encode())]})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


def served(portal, app, **headers):
    """Return what Lambda is handed for an app's answer to a request."""

    async def within(scope, receive, send):
        scope.setdefault("state", {})
        await AnswerBounds(app)({**scope, "app": portal.app}, receive, send)

    return Mangum(within, lifespan="off", text_mime_types=list(TEXT))(event(path="/files", headers=headers), None)


def length_of(answer):
    """Count as Lambda's runtime does, which leaves letters as they are from Python 3.12 on."""
    return len(json.dumps(answer, ensure_ascii=False).encode())


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_is_measured_as_lambda_is_handed_it(portal, kind):
    media_type, unit = KINDS[kind]
    handed = served(portal, saying(media_type, unit * 100, unit * 11))
    messages = ({"headers": [(b"content-type", media_type.encode())]}, {"body": unit * 100}, {"body": unit * 11})
    assert measure(*messages) - 2 * (not handed["isBase64Encoded"]) == length_of(handed["body"]) - 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_that_fits_is_handed_on_and_a_little_more_is_not(portal, kind):
    media_type, unit = KINDS[kind]
    start = {"headers": [(b"content-type", media_type.encode())]}
    some, twice_as_many = (measure(start, {"body": unit * number}) for number in (3000, 6000))
    most = MOST_BYTES * 3000 // (twice_as_many - some)
    whole = served(portal, saying(media_type, unit * (most - 10)))
    assert whole["statusCode"] == 200
    assert length_of(whole) <= LAMBDAS
    refused = served(portal, saying(media_type, unit * (most + 10)))
    assert refused["statusCode"] == 413
    assert length_of(refused) < 10_000


@pytest.mark.parametrize("pieces", [1, 50])
def test_a_program_is_told_the_limit_and_what_to_do_instead(portal, pieces):
    answer = served(portal, saying("text/csv", *[b"x" * (2 * LAMBDAS // pieces)] * pieces), accept="text/csv")
    problem = json.loads(answer["body"])
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert problem["type"].endswith("/message-too-large")
    assert problem["limit_bytes"] == MOST_BYTES
    assert "Accept-Encoding: gzip" in problem["instead"]


def test_a_browser_is_shown_a_page(portal):
    answer = served(portal, saying("text/html", b"x" * LAMBDAS), accept="text/html")
    assert answer["statusCode"] == 413
    assert "Too large for one message" in answer["body"]


def test_an_answer_that_breaks_off_is_never_begun(portal):
    async def breaking(scope, receive, send):
        await saying("text/plain", b"half")(scope, receive, send)
        raise OSError("gone")

    sent = []

    async def note(message):
        sent.append(message)

    with pytest.raises(OSError, match="gone"):
        asyncio.run(AnswerBounds(breaking)({"type": "http", "aws.event": {}}, None, note))
    assert sent == []


def test_a_server_of_ones_own_passes_pieces_on_as_they_come():
    sent = []

    async def note(message):
        sent.append(len(message.get("body", b"")))

    asyncio.run(AnswerBounds(saying("text/csv", b"x" * LAMBDAS, b"y" * LAMBDAS))({"type": "http"}, None, note))
    assert sent == [0, LAMBDAS, LAMBDAS, 0]


def test_the_portal_has_it_around_all_that_answers(portal):
    names = [middleware.cls.__name__ for middleware in portal.app.user_middleware]
    assert names.index("AnswerBounds") < names.index("Packing") < names.index("EntityTags")
    assert names.index("RequestLog") < names.index("ResponseHeaders") < names.index("AnswerBounds")
