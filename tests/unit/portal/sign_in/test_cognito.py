"""What the portal asks the user pool over HTTP, against a server on loopback."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from portal.errors import SignInError, UserPoolUnavailableError
from portal.sign_in.cognito import CognitoPool
from portal.sign_in.flow import Tokens
from tests.unit.portal.pool import POOL_ID, WEB_CLIENT, jwk
from tests.wired_portal import settings


@dataclass
class Server:
    """Answers with what was put in, and keeps what it was asked."""

    url: str
    status: int = 200
    answer: bytes = b"{}"
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("content-length", 0))
            served.asked.append((self.command, self.path, self.rfile.read(length).decode()))
            self.send_response(served.status)
            self.send_header("content-length", str(len(served.answer)))
            self.end_headers()
            self.wfile.write(served.answer)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        served = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        http.shutdown()
        thread.join()


def cognito(url):
    return boto3.client(
        "cognito-idp",
        region_name="eu-central-1",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def pool(server) -> Iterator[CognitoPool]:
    http, client = urllib3.PoolManager(), cognito(server.url)
    yield CognitoPool(client, http, settings(sign_in_url=server.url))
    http.clear()
    client.close()


def test_the_keys_are_fetched_from_the_pools_own_endpoint(pool, server):
    server.answer = json.dumps({"keys": [jwk()]}).encode()
    assert pool.fetch_signing_keys() == {"keys": [jwk()]}
    assert server.asked == [("GET", f"/{POOL_ID}/.well-known/jwks.json", "")]


def test_a_code_is_exchanged_with_its_verifier_and_without_a_secret(pool, server):
    server.answer = json.dumps({"access_token": "a", "id_token": "i", "refresh_token": "r"}).encode()
    assert pool.exchange("code", "verifier", "https://portal.test/auth/callback") == Tokens("a", "i", "r")
    method, path, body = server.asked[0]
    assert (method, path) == ("POST", "/oauth2/token")
    assert dict(parse_qsl(body)) == {
        "grant_type": "authorization_code",
        "client_id": WEB_CLIENT,
        "code": "code",
        "code_verifier": "verifier",
        "redirect_uri": "https://portal.test/auth/callback",
    }


@pytest.mark.parametrize("rotated", [None, "r2"])
def test_a_session_is_renewed_whether_or_not_refresh_tokens_rotate(pool, server, rotated):
    tokens = {"AccessToken": "a", "IdToken": "i", **({"RefreshToken": rotated} if rotated else {})}
    server.answer = json.dumps({"AuthenticationResult": tokens}).encode()
    assert pool.refresh("r") == Tokens("a", "i", rotated)
    assert json.loads(server.asked[0][2]) == {"RefreshToken": "r", "ClientId": WEB_CLIENT}


@pytest.mark.parametrize("code", ["NotAuthorizedException", "RefreshTokenReuseException", "UserNotFoundException"])
def test_a_refresh_token_that_is_worth_nothing_ends_the_session(pool, server, code):
    server.status, server.answer = 400, json.dumps({"__type": code, "message": ""}).encode()
    with pytest.raises(SignInError):
        pool.refresh("r")


def test_other_trouble_with_renewing_is_not_hidden(pool, server):
    server.status, server.answer = 400, b'{"__type": "ResourceNotFoundException", "message": ""}'
    with pytest.raises(ClientError):
        pool.refresh("r")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "TooManyRequestsException"),
        (400, "LimitExceededException"),
        (500, "InternalErrorException"),
        (503, "Whatever"),
    ],
)
def test_a_busy_pool_is_an_outage_and_ends_no_session(pool, server, status, code):
    server.status, server.answer = status, json.dumps({"__type": code, "message": ""}).encode()
    with pytest.raises(UserPoolUnavailableError):
        pool.refresh("r")
    with pytest.raises(UserPoolUnavailableError):
        pool.revoke("r")


@pytest.mark.parametrize(("status", "error"), [(400, SignInError), (401, SignInError), (500, UserPoolUnavailableError)])
def test_a_refusal_is_told_from_an_outage(pool, server, status, error):
    server.status = status
    with pytest.raises(error):
        pool.exchange("code", "verifier", "uri")
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [b"<html>", b"[]"])
def test_an_answer_that_is_no_json_object_is_an_outage(pool, server, answer):
    server.answer = answer
    with pytest.raises(UserPoolUnavailableError):
        pool.fetch_signing_keys()


def test_keys_that_cannot_be_had_are_an_outage(pool, server):
    server.status = 404
    with pytest.raises(UserPoolUnavailableError):
        pool.fetch_signing_keys()


def test_a_pool_that_cannot_be_reached_is_an_outage():
    http, client = urllib3.PoolManager(), cognito("http://127.0.0.1:1")
    nobody = CognitoPool(client, http, settings(sign_in_url="http://127.0.0.1:1"))
    with pytest.raises(UserPoolUnavailableError):
        nobody.refresh("r")
    with pytest.raises(UserPoolUnavailableError):
        nobody.exchange("code", "verifier", "uri")
    client.close()


def test_a_refresh_token_is_revoked_by_the_pool(pool, server):
    pool.revoke("r")
    assert json.loads(server.asked[0][2]) == {"Token": "r", "ClientId": WEB_CLIENT}


def test_revoking_what_is_worth_nothing_is_no_error(pool, server):
    server.status, server.answer = 400, b'{"__type": "UnauthorizedException", "message": ""}'
    pool.revoke("r")


def test_trouble_with_revoking_is_not_hidden(pool, server):
    server.status, server.answer = 400, b'{"__type": "ResourceNotFoundException", "message": ""}'
    with pytest.raises(ClientError):
        pool.revoke("r")
