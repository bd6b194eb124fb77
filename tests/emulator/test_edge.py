"""The edge in the emulator: a core that has one, its distribution, and what reaches the portal by either way.

The emulator's CloudFront forwards, by behaviours and policies; it keeps nothing and asks no firewall. Nor does it reach
an API by the name that AWS gives it, so the origin's address, and that alone, is led to the emulator's gateway here.
"""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import boto3
import httpx
import pytest

from infra.app import synthesize
from infra.build.assembly import Assembly
from infra.build.bundle import EMULATOR, build
from infra.config import Edge
from infra.delivery.rollout import roll_out
from infra.edge.origin_secret import StageSecret
from infra.local.demo import api_id, create_demo
from infra.local.deployment import deploy
from infra.local.emulator import ACCESS_KEY_ID, HOST, REGION, SECRET_ACCESS_KEY
from infra.local.stack import LocalStack
from infra.stack import Bundles
from infra.stages import LOCAL
from portal.crypto.deployment_secrets import ORIGIN_HEADER
from portal.http.security import FIXED, HSTS
from tests.emulator.sign_in import partner_token as ask_for_partner_token
from tests.emulator.stacks import eventually

pytestmark = pytest.mark.plain("the emulator's CloudFront reaches its origins by plain HTTP only")

CONFIG = replace(
    LOCAL,
    name="edged",
    prefix="Edged",
    edge=Edge(firewall_arn="arn:aws:wafv2:us-east-1:000000000000:global/webacl/elsewhere/1", countries=()),
)


@dataclass
class Edged:
    """A core behind a distribution."""

    stack: LocalStack
    cloudfront: object
    secrets: object
    secret: StageSecret
    roll_out: object
    outputs: dict

    def by_edge(self, path, method="GET", **options):
        headers = {
            "host": self.outputs["DistributionDomain"],
            "x-forwarded-proto": "https",
            **options.pop("headers", {}),
        }
        return httpx.request(method, f"{self.stack.endpoint}{path}", headers=headers, timeout=30, **options)

    def directly(self, path, method="GET", **options):
        return httpx.request(method, f"{self.stack.api_url}{path}", timeout=30, **options)

    def value(self):
        return self.secrets.get_secret_value(SecretId="silent-scalper/edged/origin")["SecretString"]

    def deploy(self):
        self.roll_out()
        lead_to_gateway(self.cloudfront, self.outputs["DistributionId"], self.stack)


@pytest.fixture(scope="module")
def edged(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("edged")
    bundles = Bundles(**{name: build(name, EMULATOR) for name in ("processor", "render", "portal")})
    synthesize(config=CONFIG, bundles=bundles, out=folder / "out")
    client = clients_of(stack)
    secret = StageSecret(client.secrets, CONFIG)
    secret.ensure()
    parameters, outputs = {"Edged": {"PortalOriginParameter": ""}, "Edged-Edge": {"OriginVersion": ""}}, {}

    def deploy_as_cdk_does(arguments, _unprotected):
        """Deploy what `cdk deploy` would, with what it keeps of the parameters before."""
        if "--parameters" in arguments:
            name, _, value = arguments[arguments.index("--parameters") + 1].partition("=")
            parameters[name.partition(":")[0]] = {name.partition(":")[2]: value}
        for name in ["Edged", "Edged-Edge"] if "--all" in arguments else arguments[:1]:
            outputs[name] = deploy(stack.clients, Assembly(folder / "out", "edged", name), parameters[name], REGION)

    def bring_out():
        stacks = SimpleNamespace(
            status=lambda name: "UPDATE_COMPLETE" if name in outputs else "", outputs=outputs.__getitem__
        )
        roll_out(CONFIG, deploy=deploy_as_cdk_does, secret_version=secret.version, stacks=stacks)

    bring_out()
    demo = create_demo(stack.clients, outputs["Edged"], folder / "demo.json")
    core = replace(stack, outputs=outputs["Edged"], demo=demo)
    running = Edged(core, client.cloudfront, client.secrets, secret, bring_out, outputs["Edged-Edge"])
    lead_to_gateway(client.cloudfront, running.outputs["DistributionId"], core)
    return running


def clients_of(stack):
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY, region_name=REGION
    )
    return SimpleNamespace(
        cloudfront=session.client("cloudfront", endpoint_url=stack.endpoint),
        secrets=session.client("secretsmanager", endpoint_url=stack.endpoint),
    )


def lead_to_gateway(cloudfront, distribution, core):
    answer = cloudfront.get_distribution_config(Id=distribution)
    (origin,) = answer["DistributionConfig"]["Origins"]["Items"]
    origin["DomainName"] = HOST
    origin["OriginPath"] = f"/_aws/execute-api/{api_id(core.outputs['ApiUrl'])}/$default"
    origin["CustomOriginConfig"] |= {
        "OriginProtocolPolicy": "http-only",
        "HTTPPort": core.at.port,
        "HTTPSPort": 443,
    }
    cloudfront.update_distribution(
        Id=distribution, IfMatch=answer["ETag"], DistributionConfig=answer["DistributionConfig"]
    )


def bearer(edged):
    return {"authorization": f"Bearer {ask_for_partner_token(edged.stack)}"}


def test_the_second_pass_tells_the_core_the_name_that_cloudfront_gave(edged):
    assert edged.stack.outputs["PortalOrigin"] == f"https://{edged.outputs['DistributionDomain']}"


def test_the_edge_leads_to_the_portals_open_and_guarded_paths(edged):
    assert edged.by_edge("/api/openapi.json").status_code == 200
    assert edged.by_edge("/api/v1/files", headers=bearer(edged)).json()["files"] == []


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/none.css", "/api/docs", "/api/openapi.json"])
def test_the_gateway_wakes_nobody_for_what_did_not_come_by_the_edge(edged, path):
    answer = edged.directly(path)
    assert (answer.status_code, "x-request-id" in answer.headers) == (401, False)


@pytest.mark.parametrize("value", ["wrong", "x" * 4000, "%C3%A9"])
def test_a_secret_that_was_guessed_is_refused_at_the_gateway(edged, value):
    assert edged.directly("/api/docs", headers={ORIGIN_HEADER: value}).status_code == 403


def test_a_good_token_alone_does_not_open_the_apis_own_address(edged):
    answer = edged.directly("/api/v1/files", headers=bearer(edged))
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.json()["type"].endswith("/not-by-edge")


def test_what_a_viewer_sends_as_the_secret_is_overwritten(edged):
    assert edged.by_edge("/api/docs", headers={ORIGIN_HEADER: "wrong"}).status_code == 200


def test_an_upload_is_announced_through_the_edge_with_its_query_and_body(edged):
    answer = edged.by_edge(
        "/api/v1/uploads", "POST", headers=bearer(edged), json={"files": [{"name": "a.dcm", "size": 132}]}
    )
    assert answer.status_code == 201, answer.text
    upload = answer.json()["upload_id"]
    listed = edged.by_edge("/api/v1/files?state=awaiting_upload&limit=1", headers=bearer(edged)).json()
    assert [file["upload_id"] for file in listed["files"]] == [upload]


def test_signing_in_leads_back_to_the_edge_and_its_cookies_pass(edged):
    answer = edged.by_edge("/sign-in", headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code in {302, 303}
    assert edged.outputs["DistributionDomain"] in answer.headers["location"]
    assert "__Host-scalper-attempt=" in answer.headers["set-cookie"]


def test_each_security_header_is_there_once_on_answers_of_the_portal_and_of_the_gateway(edged):
    by_portal, by_gateway = edged.by_edge("/api/docs"), edged.by_edge("/api/v1/files")
    assert by_gateway.status_code == 401
    for answer in (by_portal, by_gateway):
        for name, value in {**FIXED, "Strict-Transport-Security": HSTS}.items():
            assert answer.headers.get_list(name) == [value], name
        assert len(answer.headers.get_list("content-security-policy")) == 1


def test_plain_http_is_led_to_tls(edged):
    answer = edged.by_edge("/api/docs", headers={"x-forwarded-proto": "http"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"][:8]) == (301, "https://")


def test_a_rotated_secret_is_followed_without_an_interruption(edged):
    before, token = edged.value(), bearer(edged)
    edged.secret.rotate()
    assert edged.value() != before
    # Until it is deployed, the edge sends the old one.
    assert edged.by_edge("/api/v1/files", headers=token).status_code == 200
    # CloudFront takes minutes to deploy, and the emulator none: the portal may have read the secret a moment ago.
    new = {ORIGIN_HEADER: edged.value(), **token}
    eventually(lambda: edged.directly("/api/v1/files", headers=new).status_code == 200)
    edged.deploy()
    assert edged.by_edge("/api/docs").status_code == 200
    assert edged.directly("/api/docs", headers={ORIGIN_HEADER: edged.value()}).status_code == 200
