"""Who gets in on the deployed stack: attacks as they were found, at the portal's function and at a worker beside it.

The two share the table and the deployment's key, and nothing else: what one is told, the other has to read.
"""

import base64
import json
import time
import uuid
from contextlib import closing

import httpx
import pytest

from infra.local.demo import Person
from portal.auth.lookups import ENDS_WITHIN
from portal.http.access_table import ROUTES, Access
from tests.emulator.sign_in import cookies_of, signed_in_browser
from tests.emulator.stacks import eventually
from tests.emulator.test_admin import PASSWORD, AdminClient

pytestmark = pytest.mark.emulator

PAGES = [row.split(" ", 1) for row, access in ROUTES.items() if access in {Access.STAFF, Access.CLINIC, Access.ADMIN}]


@pytest.fixture
def workers(portal_url, api_url):
    """Addresses of two workers of one deployment."""
    return portal_url, api_url


@pytest.fixture
def person(stack, clients, request):
    """Somebody of northside's staff, whom no other test knows."""
    name = f"p-{time.time_ns()}"
    pool = {"UserPoolId": stack.outputs["UserPoolId"], "Username": name}
    clients.cognito.admin_create_user(**pool, MessageAction="SUPPRESS")
    clients.cognito.admin_set_user_password(**pool, Password=PASSWORD, Permanent=True)
    clients.cognito.admin_add_user_to_group(**pool, GroupName="clinic:northside")
    return Person(name, PASSWORD, "northside")


@pytest.fixture
def browser(stack, portal_url, person):
    with closing(signed_in_browser(stack, portal_url, person)) as opened:
        yield opened


def copied(browser):
    """Return a browser's cookies, as whoever copied them holds them."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def page(worker, cookie, path="/files"):
    return httpx.get(worker + path, headers={"cookie": cookie, "accept": "text/html"}, timeout=30)


def by_token(worker, token):
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{worker}/api/v1/files", headers=headers, timeout=30).status_code


def test_a_partners_token_in_cookies_written_by_hand_opens_no_page_of_any_worker(workers, partner_token):
    name = base64.urlsafe_b64encode(b"Dr. Forged Name").decode()
    session = f"{'A' * 43}.{int(time.time())}.{name}"
    cookie = f"scalper-session={session}; scalper-access={partner_token}; scalper-refresh=x"
    for worker in workers:
        for method, path in PAGES:
            headers = {"cookie": cookie, "accept": "text/html", "origin": workers[0]}
            answer = httpx.request(method, worker + path.replace("{", "").replace("}", ""), headers=headers, timeout=30)
            assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?"), (method, path)


def test_a_partners_token_in_a_genuine_session_of_staff_opens_nothing(workers, browser, partner_token):
    mine = dict(item.split("=", 1) for item in copied(browser).split("; "))
    for worker in workers:
        assert page(worker, copied(browser)).status_code == 200
        cookie = "; ".join(f"{name}={value}" for name, value in (mine | {"scalper-access": partner_token}).items())
        assert page(worker, cookie).status_code == 303


def test_signing_out_ends_copied_cookies_and_the_token_at_every_worker(stack, workers, browser):
    cookie, token = copied(browser), cookies_of(stack).read(browser.cookies).access_token
    for worker in workers:
        assert page(worker, cookie).status_code == 200
        assert by_token(worker, token) == 200
    assert browser.post("/sign-out").status_code == 303
    for worker in workers:
        eventually(lambda at=worker: page(at, cookie).status_code == 303, within_s=ENDS_WITHIN)
        eventually(lambda at=worker: by_token(at, token) == 401, within_s=ENDS_WITHIN)


def test_who_signs_in_again_after_a_sign_out_works_at_once(stack, portal_url, workers, person, browser):
    browser.post("/sign-out")
    with closing(signed_in_browser(stack, portal_url, person)) as again:
        assert [page(worker, copied(again)).status_code for worker in workers] == [200, 200]


def test_disabling_ends_every_session_and_token_at_every_worker(stack, workers, admin_token, person, browser):
    cookie, token = copied(browser), cookies_of(stack).read(browser.cookies).access_token
    for worker in workers:
        assert page(worker, cookie).status_code == 200
        assert by_token(worker, token) == 200
    admin = AdminClient(stack, admin_token)
    with closing(admin.http):
        assert admin.post(f"/admin/people/{person.username}/disable").status_code == 303
        for worker in workers:
            eventually(lambda at=worker: page(at, cookie).status_code == 303, within_s=ENDS_WITHIN)
            eventually(lambda at=worker: by_token(at, token) == 401, within_s=ENDS_WITHIN)
        assert admin.post(f"/admin/people/{person.username}/enable").status_code == 303
    with closing(signed_in_browser(stack, workers[0], person)) as again:
        assert [page(worker, copied(again)).status_code for worker in workers] == [200, 200]
    assert page(workers[1], cookie).status_code == 303


def test_what_was_ended_lies_in_the_table_and_goes_by_ttl(stack, clients, browser):
    session = cookies_of(stack).read(browser.cookies)
    browser.post("/sign-out")
    key = {"pk": {"S": f"REVOKED#SESSION#{session.session_id}"}, "sk": {"S": "#REVOKED"}}
    item = clients.dynamodb.get_item(TableName=stack.outputs["Table"], Key=key)["Item"]
    assert set(item) == {"pk", "sk", "ended_at", "expires"}
    assert session.access_token not in json.dumps(item)


def test_an_attempt_with_a_lone_surrogate_is_refused(workers):
    attempt = base64.urlsafe_b64encode(b'["\\udcff","n","v","/"]').decode().rstrip("=")
    for worker in workers:
        headers = {"cookie": f"scalper-attempt={attempt}"}
        answer = httpx.get(f"{worker}/auth/callback?state=x&code=y", headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "sign-in-failed")


def test_sessions_survive_that_the_secret_is_rotated_by_the_deployed_sweep(stack, clients, workers, browser, person):
    configuration = clients.functions.get_function_configuration(FunctionName=stack.outputs["PortalFunction"])
    secret = configuration["Environment"]["Variables"]["SCALPER_PORTAL_SECRET"]
    before, version = copied(browser), str(uuid.uuid4())
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        event = {"Step": step, "SecretId": secret, "ClientRequestToken": version}
        answer = clients.functions.invoke(FunctionName=stack.outputs["SweepFunction"], Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer["Payload"].read()
    sealed = cookies_of(stack).write(cookies_of(stack).read(browser.cookies))
    after = "; ".join(value.partition(";")[0] for value in sealed)
    for worker in workers:
        assert page(worker, before).status_code == 200
        # A worker that has just read the secret looks again ten seconds later.
        eventually(lambda at=worker: page(at, after).status_code == 200)
