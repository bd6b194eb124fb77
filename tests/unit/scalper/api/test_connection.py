"""How the client asks: patiently, with a token that is good, and with errors that say what to do."""

import httpx
import pytest

from scalper import ApiError, Client, CredentialsError, DamagedError, NotFoundError, UnreachableError
from scalper.api.retry import ATTEMPTS, LONGEST_RETRY_AFTER, _read_retry_after


@pytest.fixture
def client(world):
    with world.client() as client:
        yield client


def test_one_token_serves_many_requests_and_is_renewed_before_it_ends(world, client):
    for _ in range(3):
        list(client.files())
    assert world.requests["POST token"] == 1
    client.connection._tokens._until = 0.0
    list(client.files())
    assert world.requests["POST token"] == 2


def test_a_token_that_is_not_taken_is_replaced_once(world, client):
    refused = []

    def refuse(request):
        if request.url.path == "/api/v1/files" and not refused:
            refused.append(request)
            return httpx.Response(401, json={"title": "A valid access token is needed"})
        return None

    world.before = refuse
    assert list(client.files()) == []
    assert world.requests["POST token"] == 2


def test_wrong_credentials_are_told_without_the_secret(world):
    with world.client("hunter2") as client, pytest.raises(CredentialsError, match="client id and secret") as raised:
        list(client.files())
    assert "hunter2" not in str(raised.value)
    assert world.requests["POST token"] == 1


@pytest.mark.parametrize("address", ["http://portal.example", "portal.example", "ftp://portal.example", "https://"])
def test_a_secret_never_travels_in_the_clear(address):
    with pytest.raises(CredentialsError, match="https"):
        Client(address, "id", "secret")


def test_an_address_of_something_else_is_named(world, client):
    world.before = lambda request: httpx.Response(404, text="nginx") if "well-known" in request.url.path else None
    with pytest.raises(CredentialsError, match=r"https://portal\.test"):
        list(client.files())


def test_temporary_refusals_are_waited_out_for_as_long_as_they_ask(world, client):
    answers = [httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(503), httpx.ConnectError("down")]

    def stumble(request):
        if request.url.path != "/api/v1/files" or not answers:
            return None
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    world.before = stumble
    assert list(client.files()) == []
    assert 7 <= world.pauses[0] <= 8
    assert all(0 <= pause <= 4 for pause in world.pauses[1:])


def test_a_line_that_stays_dead_is_given_up(world, client):
    world.before = lambda request: httpx.Response(502) if "/api/v1" in request.url.path else None
    with pytest.raises(UnreachableError, match=f"{ATTEMPTS} attempts: 502"):
        list(client.files())


def test_a_problem_keeps_its_document_and_says_which_request_it_was(client):
    with pytest.raises(NotFoundError) as raised:
        client.file("01kanqzzzz0000000000000000-00000")
    problem = raised.value.problem
    assert (problem.status, problem.slug) == (404, "not-found")
    assert problem.request_id in str(raised.value)
    with pytest.raises(ApiError, match=r"/files.*at least 1"):
        client.connection.ask("POST", "uploads", body={"files": []})


def test_what_comes_back_is_what_was_accepted_or_nothing(world, client, study, journal, tmp_path):
    outcome = client.upload(study / "a.dcm", journal=journal)
    (file_id,) = outcome.files
    target = tmp_path / "back.dcm"
    assert client.download(file_id, target).kind == "dicom"
    assert target.read_bytes() == b"one"
    world.objects = dict.fromkeys(world.objects, b"eno")
    with pytest.raises(DamagedError):
        client.download(file_id, tmp_path / "damaged.dcm")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.dcm", "state", "study"]


@pytest.mark.parametrize(
    "text", ["Mon, 01 Jan 2026 00:00:00 -0000", "Mon, 01 Jan 9999 99:99:99 GMT", "9" * 5000, "\xb2", "", "-1", "soon"]
)
def test_whatever_a_server_asks_to_wait_is_bounded(text):
    seconds = _read_retry_after(httpx.Response(429, headers=[(b"retry-after", text.encode("latin-1"))]))
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER + 1
