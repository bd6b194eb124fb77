"""`/api/v1/webhooks`: be called when something happens."""

import pytest

from portal.auth.rate_limit import HOOKS_A_DAY
from tests.unit.portal.pool import access_token, partner_token

URL = "https://ris.example.org/hooks/scalper"
WANTED = {"url": URL, "events": ["upload.completed", "file.rejected"]}


@pytest.fixture
def client(portal):
    return portal.machine()


def created(client, **changes):
    answer = client.post("/api/v1/webhooks", json={**WANTED, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def confirmed(client):
    webhook = created(client)
    path = f"/api/v1/webhooks/{webhook['webhook_id']}"
    assert client.post(f"{path}/confirm", json={"token": f"token-{webhook['webhook_id']}"}).status_code == 200
    return path


def test_a_webhook_waits_until_its_address_has_confirmed(portal, client):
    webhook = created(client)
    path = f"/api/v1/webhooks/{webhook['webhook_id']}"
    assert (webhook["state"], webhook["url"], portal.hook_subscriptions.asked) == ("pending", URL, [URL])
    assert client.post(f"{path}/test").status_code == 409

    answer = client.post(f"{path}/confirm", json={"token": f"token-{webhook['webhook_id']}"})

    assert answer.json()["state"] == "active"
    assert client.get(path).json() == answer.json()
    assert client.get("/api/v1/webhooks").json() == {"webhooks": [answer.json()]}


def test_a_token_that_the_address_was_not_sent_confirms_nothing(client):
    path = f"/api/v1/webhooks/{created(client)['webhook_id']}"
    answer = client.post(f"{path}/confirm", json={"token": "guessed"})
    assert (answer.status_code, client.get(path).json()["state"]) == (409, "pending")


def test_a_test_event_calls_this_webhook_and_no_other(portal, client):
    path = confirmed(client)

    fired = client.post(f"{path}/test").json()

    (event,) = portal.events.published
    assert (event.event_id, event.clinic_id) == (fired["event_id"], "northside")
    assert event.kind == f"webhook.test.{path.rpartition('/')[2]}"


def test_a_deleted_webhook_is_called_no_more(portal, client):
    path = confirmed(client)
    assert client.delete(path).status_code == 204
    assert portal.hook_subscriptions.ended == [path.rpartition("/")[2]]
    assert client.get(path).status_code == 404
    assert client.get("/api/v1/webhooks").json() == {"webhooks": []}


def test_a_repetition_with_the_same_key_makes_no_second_webhook(portal, client):
    key = {"idempotency-key": "hooks-1"}
    first = client.post("/api/v1/webhooks", json=WANTED, headers=key).json()
    assert client.post("/api/v1/webhooks", json=WANTED, headers=key).json() == first
    other = client.post("/api/v1/webhooks", json={**WANTED, "events": ["file.failed"]}, headers=key)
    assert (other.status_code, len(portal.webhooks.saved)) == (422, 1)


def test_a_clinic_has_ten_webhooks_at_most(client):
    for _ in range(10):
        created(client)
    answer = client.post("/api/v1/webhooks", json=WANTED)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "too-many-webhooks")


@pytest.mark.parametrize(
    "url",
    [
        "http://ris.example.org/hooks",
        "https://localhost/hooks",
        "https://127.0.0.1/hooks",
        "http://localhost:8080/hooks",
        "https://10.0.0.8/hooks",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://pacs/hooks",
        "https://pacs.internal/hooks",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://user:secret@ris.example.org/",
        "https://ris.example.org/#part",
        "https://ris.example.org:0/",
        "https://ris.example.org:99999/",
        "https://ris.exämple.org/",
        "https://ris.example.org/a b",
        "ftp://ris.example.org/",
        "https://",
    ],
)
def test_an_address_that_is_not_on_the_public_internet_is_refused(portal, client, url):
    answer = client.post("/api/v1/webhooks", json={**WANTED, "url": url})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "webhook-url")
    assert not portal.webhooks.saved


@pytest.mark.parametrize("events", [[], ["file.accepted"], ["webhook.test"], "file.failed"])
def test_a_webhook_is_for_events_that_there_are(client, events):
    assert client.post("/api/v1/webhooks", json={**WANTED, "events": events}).status_code == 422


def test_webhooks_need_a_scope_of_their_own(portal):
    reader = portal.machine(partner_token(scope="scalper/upload scalper/read"))
    answer = reader.post("/api/v1/webhooks", json=WANTED)
    assert (answer.status_code, answer.json()["scope"]) == (403, "scalper/webhooks")
    assert portal.machine(access_token()).get("/api/v1/webhooks").status_code == 403


def test_another_clinics_webhook_is_as_unknown_as_none(portal, client):
    webhook_id = created(client)["webhook_id"]
    other = portal.machine(partner_token("partner-2"))
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test")):
        assert other.request(method, f"/api/v1/webhooks/{webhook_id}{path}").status_code == 404
    token = {"token": f"token-{webhook_id}"}
    assert other.post(f"/api/v1/webhooks/{webhook_id}/confirm", json=token).status_code == 404
    assert other.get("/api/v1/webhooks").json() == {"webhooks": []}


def test_making_and_deleting_webhooks_has_strangers_called_a_bounded_number_of_times_a_day(portal, client):
    statuses = []
    for _ in range(HOOKS_A_DAY + 5):
        answer = client.post("/api/v1/webhooks", json=WANTED)
        statuses.append(answer.status_code)
        if answer.status_code == 201:
            client.delete(f"/api/v1/webhooks/{answer.json()['webhook_id']}")
    assert statuses == [201] * HOOKS_A_DAY + [429] * 5
    assert len(portal.hook_subscriptions.asked) == HOOKS_A_DAY
    assert 0 < int(answer.headers["retry-after"]) <= 86400
