"""The origin's secret: read rarely, followed when it is rotated, and never at a guesser's bidding."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from portal.errors import EdgeUnknownError
from portal.origin_secret import CURRENT, FRESH, PAUSE, PREVIOUS, RETRY, OriginSecret
from portal.secrets_manager import StoredSecret


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stored:
    """Secrets Manager with one secret, which can be rotated, retired, and out of reach."""

    def __init__(self, current="new-secret", previous="old-secret"):
        self.versions = {CURRENT: current, PREVIOUS: previous}
        self.reachable = True
        self.readings = 0

    def read(self, stage):
        self.readings += stage == CURRENT
        if not self.reachable:
            raise EdgeUnknownError("unreachable")
        return self.versions[stage]


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def stored():
    return Stored()


@pytest.fixture
def secret(stored, seconds):
    return OriginSecret(stored.read, seconds)


def test_the_current_secret_and_the_one_before_it_are_admitted(secret):
    assert secret.admits(b"new-secret")
    assert secret.admits(b"old-secret")


@pytest.mark.parametrize(
    "shown",
    [b"", b"new-secre", b"new-secret2", b"new-secret,new-secret", b"NEW-SECRET", b"x" * 100_000, "sécret".encode()],
)
def test_nothing_else_is(secret, shown):
    assert not secret.admits(shown)


def test_without_an_earlier_secret_nothing_stands_in_for_it(seconds):
    secret = OriginSecret(Stored(previous=None).read, seconds)
    assert secret.admits(b"new-secret")
    assert not secret.admits(b"")
    assert not secret.admits(b"None")


def test_an_empty_secret_admits_nobody(seconds):
    assert not OriginSecret(Stored(current="", previous=None).read, seconds).admits(b"")


def test_the_secret_is_read_once_an_hour(secret, stored, seconds):
    for _ in range(100):
        assert secret.admits(b"new-secret")
    assert stored.readings == 1
    seconds.now += FRESH
    assert secret.admits(b"new-secret")
    assert stored.readings == 2


def test_a_guesser_has_it_read_every_ten_seconds_at_the_most(secret, stored, seconds):
    for guess in range(100):
        assert not secret.admits(b"%d" % guess)
    assert stored.readings == 1
    seconds.now += PAUSE
    assert not secret.admits(b"again")
    assert not secret.admits(b"and again")
    assert stored.readings == 2


def test_a_secret_that_was_rotated_is_followed(secret, stored, seconds):
    assert secret.admits(b"new-secret")
    stored.versions = {CURRENT: "newest-secret", PREVIOUS: "new-secret"}
    seconds.now += PAUSE
    assert secret.admits(b"newest-secret")
    assert secret.admits(b"new-secret")
    assert not secret.admits(b"old-secret")


def test_a_secret_that_was_retired_is_admitted_for_an_hour_at_the_most(secret, stored, seconds):
    assert secret.admits(b"old-secret")
    stored.versions[PREVIOUS] = None
    seconds.now += FRESH
    assert not secret.admits(b"old-secret")


def test_what_is_known_serves_while_nobody_can_be_asked(secret, stored, seconds):
    assert secret.admits(b"new-secret")
    stored.reachable = False
    seconds.now += 24 * FRESH
    assert secret.admits(b"new-secret")


def test_what_is_not_known_is_neither_admitted_nor_refused_while_nobody_can_be_asked(secret, stored, seconds):
    assert secret.admits(b"new-secret")
    stored.reachable = False
    seconds.now += PAUSE
    with pytest.raises(EdgeUnknownError):
        secret.admits(b"newest-secret")


def test_nothing_is_admitted_before_the_secret_was_read(secret, stored, seconds):
    stored.reachable = False
    for _ in range(10):
        with pytest.raises(EdgeUnknownError):
            secret.admits(b"new-secret")
    assert stored.readings == 1
    stored.reachable = True
    seconds.now += RETRY
    assert secret.admits(b"new-secret")


@pytest.fixture
def client():
    options = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("secretsmanager", config=Config(retries={"total_max_attempts": 1}), **options)


def reading(client, stage, code=""):
    """Read a stage where Secrets Manager answers with a value, or with an error of this code."""
    asked = {"SecretId": "silent-scalper/prod/origin", "VersionStage": stage}
    with Stubber(client) as stub:
        if code:
            stub.add_client_error("get_secret_value", code, expected_params=asked)
        else:
            stub.add_response("get_secret_value", {"SecretString": "value"}, asked)
        return StoredSecret(client, "silent-scalper/prod/origin").read(stage)


def test_a_version_is_read_by_its_stage(client):
    assert reading(client, CURRENT) == "value"


def test_a_secret_that_was_never_rotated_has_no_version_before(client):
    assert reading(client, PREVIOUS, "ResourceNotFoundException") is None


def test_a_missing_secret_and_a_missing_permission_are_faults_of_the_deployment(client):
    for code in ("ResourceNotFoundException", "AccessDeniedException"):
        with pytest.raises(ClientError):
            reading(client, CURRENT, code)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_a_busy_service_is_no_answer(client, code):
    with pytest.raises(EdgeUnknownError):
        reading(client, CURRENT, code)


def test_a_service_out_of_reach_is_no_answer():
    options = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, proxies={})
    client = boto3.client("secretsmanager", endpoint_url="http://127.0.0.1:1", config=config, **options)
    with pytest.raises(EdgeUnknownError):
        StoredSecret(client, "silent-scalper/prod/origin").read(CURRENT)
