"""The sweeping Lambda's entry: whose turn it is, what becomes of a turn, and what is not swept about."""

import time
from types import SimpleNamespace

import boto3
import pytest

from processor.telemetry import metrics
from tests.records import NOON

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")  # The parts that write them are replaced.

PARTS = (
    "_follow_up",
    "_sweep",
    "_awaited",
    "_dropped",
    "_reconciler",
    "_sample",
    "_quiet",
    "_expected",
    "_rebuilds",
    "_scorecards",
)
LEFT_MS = 240_000


class Lease:
    """The turn, which somebody may have; notes what is asked of it."""

    def __init__(self, turn="a turn"):
        self.turn, self.asked, self.given_back = turn, [], []

    def take(self, at, until):
        self.asked.append((until - at).total_seconds())
        return self.turn

    def give_back(self, turn):
        self.given_back.append(turn)


@pytest.fixture
def sweep(monkeypatch):
    """Return how to run the handler over a lease, and which parts it ran."""
    buckets = ("INCOMING_BUCKET", "ACCEPTED_BUCKET", "QUARANTINE_BUCKET")
    others = ("TABLE", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "REBUILD_FUNCTION", "ALERT_TOPIC_ARN", "EVENT_TOPIC_ARN")
    for name in (*buckets, *others, "API_ID", "AUTHORIZER_ID", "WEB_CLIENT_ID", "CLI_CLIENT_ID"):
        monkeypatch.setenv(f"SCALPER_{name}", "any")
    for name in ("PORTAL_ORIGIN", "QUARANTINE_DAYS", "TIME_LIMIT_S"):
        monkeypatch.setenv(f"SCALPER_{name}", "90")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: None)
    monkeypatch.setattr(metrics.provider, "namespace", "SilentScalper")
    from processor.handlers import sweep as handler  # It reads its settings when it is imported.

    monkeypatch.setattr(handler, "now", lambda: NOON)
    context = SimpleNamespace(
        function_name="sweep",
        memory_limit_in_mb="1",
        invoked_function_arn="arn",
        aws_request_id="request",
        get_remaining_time_in_millis=lambda: LEFT_MS,
    )

    def run(lease, event=None, broken=(), shares=None):
        shares = {} if shares is None else shares
        ran = []

        def part(name, share=None):
            ran.append(name)
            if share:
                shares[name] = share.ends - time.monotonic()
            if name in broken:
                raise ConnectionError(name)

        for name in PARTS:
            monkeypatch.setattr(handler, name, SimpleNamespace(run=lambda *share, name=name: part(name, *share)))
        for name in PARTS[:-2]:
            report = {
                "_sweep": "swept",
                "_follow_up": "followed",
                "_reconciler": "reconciled",
                "_sample": "sampled",
            }.get(name, name[1:])
            monkeypatch.setattr(handler, f"report_{report}", lambda _: None)
        monkeypatch.setattr(handler, "_resender", SimpleNamespace(begin=lambda: None))
        monkeypatch.setattr(handler, "_rotation", SimpleNamespace(take=lambda _: ran.append("_rotation")))
        monkeypatch.setattr(handler, "_lease", lease)
        try:
            answer = handler.handle(event or {}, context)
        except ConnectionError:
            answer = "failed"
        return answer, ran

    return run


def test_who_has_the_turn_sweeps_everything_and_gives_it_back(sweep):
    lease = Lease()
    answer, ran = sweep(lease)
    assert (answer, set(ran)) == ({"swept": True}, set(PARTS))
    assert lease.given_back == ["a turn"]


def test_where_another_sweeps_nothing_is_done_and_nothing_is_wrong(sweep):
    lease = Lease(turn="")
    assert sweep(lease) == ({"swept": False}, [])
    assert lease.given_back == []


def test_a_turn_outlives_the_time_that_is_left_by_ten_seconds(sweep):
    lease = Lease()
    sweep(lease)
    assert lease.asked == [LEFT_MS / 1000 + 10]


def test_whatever_fails_the_turn_is_given_back_so_that_lambdas_retry_can_sweep(sweep):
    for broken in (*((part,) for part in PARTS), PARTS):
        lease = Lease()
        answer, ran = sweep(lease, broken=broken)
        assert (answer, set(ran), lease.given_back) == ("failed", set(PARTS), ["a turn"]), broken


def test_a_rotation_waits_for_no_turn(sweep):
    event = {"Step": "createSecret", "SecretId": "arn", "ClientRequestToken": "token"}
    lease = Lease(turn="")
    assert sweep(lease, event)[1] == ["_rotation"]
    assert lease.asked == []


def test_the_rounds_share_the_time_so_that_each_has_some_and_the_rest_has_more_than_a_quarter(sweep):
    shares = {}
    sweep(Lease(), shares=shares)
    assert set(shares) == {"_follow_up", "_awaited", "_dropped", "_reconciler", "_sample"}
    assert all(share > 7 for share in shares.values())
    assert max(share for part, share in shares.items() if part != "_dropped") <= 8
    assert sum(shares.values()) < 0.75 * LEFT_MS / 1000
