"""Every operation of the OpenAPI document called with what it allows and what it forbids, on the deployed stack.

`API_EXAMPLES` says how many requests are drawn for each operation (`make fuzz-api`), `SEED` repeats a run.
"""

import os
import re

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings

from tests.dicom_files import ct_slice
from tests.emulator.partner import PartnerClient
from tests.unit.portal.api.snapshot import FILE

pytestmark = [pytest.mark.emulator, pytest.mark.filterwarnings("default")]

SEED = int(os.environ.get("SEED", "20261122"))
EXAMPLES = int(os.environ.get("API_EXAMPLES", "6"))

ANSWERED = ["2xx", "3xx", "400", "401", "403", "404", "406", "409", "410"]
"""Which texts are cursors, or messages of parts, no schema can say: such a text is answered with 400 or 406."""
SAID_IN_WORDS = ("GET /api/v1/expected-exams", "POST /api/v1/expected-exams")
"""Nor which days there are, or which values say what exam is meant: these are answered with 422."""


REFUSED = {
    "negative_data_rejection": {
        "expected-statuses": [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429, "5xx"]
    }
}
"""What is too long for a parameter may be too long for an address (414)."""


def accept(*more):
    return {"positive_data_acceptance": {"expected-statuses": [*ANSWERED, *more]}, **REFUSED}


def config(seed):
    own = [{"include-name": name, "checks": accept("422")} for name in SAID_IN_WORDS]
    return schemathesis.Config.from_dict({"seed": seed, "checks": accept(), "operations": own})


@schemathesis.serializer("multipart/related")
def parts(context, value):
    """Send what was drawn as it is: hardly ever a message of parts, and so refused."""
    return value if isinstance(value, bytes) else str(value).encode()


schema = schemathesis.openapi.from_path(FILE, config=config(SEED))


KNOWN: dict[str, list[str]] = {}
"""Ids that lead somewhere, in place of some of those that are drawn."""


@schema.hook
def map_path_parameters(context, path_parameters):
    for name, drawn in (path_parameters or {}).items():
        held = KNOWN.get(name)
        if held:
            index = sum(map(ord, str(drawn))) % (2 * len(held))
            path_parameters[name] = held[index] if index < len(held) else drawn
    return path_parameters


@pytest.fixture(scope="module")
def known(stack, portal_url, partner_token):
    with PartnerClient.of(stack, portal_url) as partner:
        judged = partner.upload({"good.dcm": ct_slice(), "bad.dcm": b"no scan"})
        partner.verdicts(judged["upload_id"])
        waiting = partner.announce({"late.dcm": b"x"})
        large = partner.http.post("/api/v1/uploads", json={"files": [{"name": "large.zip", "size": 70_000_000}]}).json()
        uploads = (judged, waiting, large)
        KNOWN["upload_id"] = [upload["upload_id"] for upload in uploads]
        KNOWN["file_id"] = [file["file_id"] for upload in uploads for file in upload["files"]]
        print(f"seed {SEED}, {EXAMPLES} examples")
        yield partner
        # A clinic has ten webhooks at the most, and other tests want some.
        partner.http.headers["Authorization"] = f"Bearer {partner_token}"
        for webhook in partner.http.get("/api/v1/webhooks").raise_for_status().json()["webhooks"]:
            partner.http.delete(f"/api/v1/webhooks/{webhook['webhook_id']}").raise_for_status()


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        yield session


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_operations_answer_as_documented(case, known, session, portal_url, partner_token):
    _spare_others(case)
    case.call_and_validate(base_url=portal_url, session=session, headers=_token(case, partner_token), timeout=30)


def _token(case, token):
    """Give a valid token to every request, but for those that are to be refused because they have none."""
    return {"Authorization": f"Bearer {token}"} if "authorization" in (case.headers or {}) else {}


def _spare_others(case):
    """Give each body an idempotency key of its own, for one that was used is refused; and have nobody called."""
    key, body = (case.headers or {}).get("idempotency-key"), case.body
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,200}", key):
        case.headers["idempotency-key"] = f"{hash(repr((case.path, case.path_parameters, body))):x}"
    if isinstance(body, dict) and str(body.get("url", "")).startswith("https://"):
        body["url"] = "http://127.0.0.1:9/hooks"
