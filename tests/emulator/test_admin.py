"""Clinics, people and partners on the deployed stack: Cognito, the gateway's list of clients, the audit table."""

import re

import httpx
import pytest

from infra.local.demo import Person
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from tests.emulator.sign_in import cookies_of, opened_session, person_token
from tests.emulator.stacks import eventually
from tests.emulator.sweeping import sweep

pytestmark = pytest.mark.emulator

PASSWORD = "Sc11-a-long-enough-password!"


class AdminClient:
    """An admin's browser, at the portal's function behind the gateway."""

    def __init__(self, stack, token):
        session = opened_session(stack, token)
        cookies = [value.partition(";")[0] for value in cookies_of(stack).write(session)]
        headers = {
            "accept": "text/html",
            "origin": stack.outputs["PortalOrigin"],
            "x-csrf-token": session.csrf_token,
            "cookie": "; ".join(cookies),
        }
        self.http = httpx.Client(base_url=stack.api_url, headers=headers, timeout=30)

    def get(self, path):
        return self.http.get(path)

    def post(self, path, **fields):
        return self.http.post(path, data=fields)

    def client(self, clinic_id, name, **scopes):
        """Create a partner's client and return its id and secret, as the page shows them."""
        page = self.get(f"/admin/clinics/{clinic_id}/partners/new").text
        key = re.search(r'name="request_key" value="([^"]+)"', page)[1]
        answer = self.post(f"/admin/clinics/{clinic_id}/partners/new", name=name, request_key=key, **scopes)
        assert answer.status_code == 200, answer.text
        return shown(answer)


def shown(answer):
    client_id, secret, _ = re.findall(r'<code class="mono secret"[^>]*>([^<]+)<', answer.text)
    return client_id, secret


@pytest.fixture(scope="module")
def admin(stack, admin_token):
    client = AdminClient(stack, admin_token)
    yield client
    client.http.close()


def token_of(stack, client_id, secret):
    answer = httpx.post(stack.token_url, data={"grant_type": "client_credentials"}, auth=(client_id, secret))
    return answer.json().get("access_token")


def answered(api_url, token):
    """Return the status of a partner's request, and whether the gateway or the portal answered it."""
    answer = httpx.get(f"{api_url}/api/v1/files", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return answer.status_code, "portal" if "content-security-policy" in answer.headers else "gateway"


def test_a_partners_new_client_passes_the_gateway_and_a_revoked_one_does_not(stack, api_url, admin):
    client_id, secret = admin.client("northside", "Second PACS", upload="on", read="on")
    token = token_of(stack, client_id, secret)
    assert answered(api_url, token) == (200, "portal")

    assert admin.post(f"/admin/clinics/northside/partners/{client_id}/revoke").status_code == 303
    assert answered(api_url, token) == (401, "gateway")
    assert token_of(stack, client_id, secret) is None
    assert answered(api_url, token_of(stack, stack.demo.partner.client_id, stack.demo.partner.client_secret))[0] == 200


def test_a_client_that_nobody_created_here_does_not_pass_the_gateway(stack, api_url, clients):
    made = clients.cognito.create_user_pool_client(
        UserPoolId=stack.outputs["UserPoolId"],
        ClientName="stray",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["scalper/read"],
    )["UserPoolClient"]
    assert answered(api_url, token_of(stack, made["ClientId"], made["ClientSecret"])) == (401, "gateway")


def test_a_rotated_client_and_its_successor_both_work(stack, api_url, admin):
    old_id, old_secret = admin.client("northside", "Rotating PACS", read="on")
    page = f"/admin/clinics/northside/partners/{old_id}"
    key = re.search(r'name="request_key" value="([^"]+)"', admin.get(page).text)[1]
    new_id, new_secret = shown(admin.post(f"{page}/rotate", request_key=key))
    assert new_id != old_id
    for client_id, secret in ((old_id, old_secret), (new_id, new_secret)):
        assert answered(api_url, token_of(stack, client_id, secret)) == (200, "portal")


def test_the_sweep_tells_the_gateway_again_what_a_deployment_made_it_forget(stack, api_url, admin, clients):
    client_id, secret = admin.client("northside", "Forgotten PACS", read="on")
    token = token_of(stack, client_id, secret)
    api_id = stack.api_url.split("/execute-api/")[1].split("/")[0]
    authorizer = {"ApiId": api_id, "AuthorizerId": stack.outputs["AuthorizerId"]}
    issuer = clients.gateway.get_authorizer(**authorizer)["JwtConfiguration"]["Issuer"]
    template = {"Audience": [stack.outputs["WebClientId"]], "Issuer": issuer}
    clients.gateway.update_authorizer(**authorizer, JwtConfiguration=template)
    assert answered(api_url, token) == (401, "gateway")

    sweep(stack)
    eventually(lambda: answered(api_url, token) == (200, "portal"))


def test_a_clinic_is_created_with_its_group_and_its_people_are_invited(stack, admin, clients):
    assert admin.post("/admin/clinics/new", name="Eastside", clinic_id="eastside-new").status_code == 303
    answer = admin.post("/admin/clinics/eastside-new/invite", email="ea@eastside.example", name="Ea East")
    username = re.match(r"/admin/people/([^?]+)\?done=invited", answer.headers["location"])[1]
    pool = {"UserPoolId": stack.outputs["UserPoolId"]}
    groups = clients.cognito.admin_list_groups_for_user(**pool, Username=username)["Groups"]
    assert [group["GroupName"] for group in groups] == ["clinic:eastside-new"]
    page = admin.get("/admin/clinics/eastside-new").text
    assert "Ea East" in page
    assert "Invited" in page
    again = admin.post("/admin/clinics/eastside-new/invite", email="EA@eastside.example", name="")
    assert again.headers["location"] == answer.headers["location"]
    elsewhere = admin.post("/admin/clinics/lakeview/invite", email="ea@eastside.example", name="")
    assert elsewhere.status_code == 422
    assert admin.post(f"/admin/people/{username}/remind").status_code == 303


def test_who_is_disabled_cannot_renew_a_session_nor_sign_in(stack, admin, clients):
    pool = {"UserPoolId": stack.outputs["UserPoolId"], "Username": "leaver"}
    clients.cognito.admin_create_user(**pool, MessageAction="SUPPRESS")
    clients.cognito.admin_set_user_password(**pool, Password=PASSWORD, Permanent=True)
    clients.cognito.admin_add_user_to_group(**pool, GroupName="clinic:northside")
    leaver = Person("leaver", PASSWORD, "northside")
    assert person_token(stack, leaver)

    assert admin.post("/admin/people/leaver/disable").status_code == 303
    with pytest.raises(KeyError):
        person_token(stack, leaver)
    admin.post("/admin/people/leaver/enable")
    assert person_token(stack, leaver)


def test_a_profile_that_was_saved_is_saved_again_only_by_who_saw_it(stack, admin):
    directory = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    page = admin.get("/admin/clinics/lakeview/profile").text
    version = re.search(r'name="version" value="(\w+)"', page)[1]
    fields = {"kind-dicom": "on", "kind-pdf": "on", "max-pdf": "7", "version": version}
    assert admin.post("/admin/clinics/lakeview/profile", **fields).status_code == 303
    assert directory.profile("lakeview") == {"kinds": ["dicom", "pdf"], "max_bytes": {"pdf": 7_000_000}, "rules": {}}
    assert admin.post("/admin/clinics/lakeview/profile", **{**fields, "max-pdf": "8"}).status_code == 422


def test_the_audit_log_tells_of_it_all_and_goes_out_as_a_table(admin):
    table = admin.get("/admin/audit.csv?action=partner.").text
    assert "Revoked a partner client" in table
    page = admin.get("/admin/audit?clinic=northside").text
    assert "Created a partner client" in page
    assert "Disabled an account" in page
