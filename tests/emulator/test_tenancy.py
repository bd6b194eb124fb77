"""Another clinic sees nothing of this one: asked of every operation that the OpenAPI document knows."""

import json
import re

import httpx
import pytest

from infra.local.demo import SCOPES
from intake.files.keys import new_upload_id
from intake.files.model import now
from intake.rebuilds.pace import UNITS_PER_S
from intake.recounts.dynamodb import DynamoRebuildJobs
from intake.recounts.jobs import RebuildJob
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Partner
from portal.accounts.cognito import CognitoClients
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.sign_in import partner_token
from tests.unit.portal.api.snapshot import FILE
from tests.waiting import until

pytestmark = pytest.mark.emulator

DOCUMENT = json.loads(FILE.read_text())
OPERATIONS = [(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations]
OF_ADMINS = "/api/v1/rebuilds"
PUBLIC = {"code": "empty-file", "number": "1", "numbers": "1", "element": "7FE00010", "edge": "128"}
"""Parameters that name nothing of a clinic's, and something that each names."""
UNKNOWN = {
    "upload_id": "01k9ktx3mqf8g2w7v5n0ah4ebc",
    "file_id": "01k9ktx3mqf8g2w7v5n0ah4ebc-00000",
    "study_uid": "1.2.3.4",
    "series_uid": "1.2.3.4.5",
    "instance_uid": "1.2.3.4.5.6",
    "webhook_id": "01k9ktx3mqf8g2w7v5n0ah4ebc",
    "expected_id": "4k9ktx3mqf8g2w7v5n0ah4ebcd",
    "rebuild_id": "01k9ktx3mqf8g2w7v5n0ah4ebc",
}


@pytest.fixture(scope="module")
def ours(stack, portal_url):
    with PartnerClient(portal_url, partner_token(stack)) as partner:
        yield partner


@pytest.fixture(scope="module")
def theirs(stack, portal_url):
    """A partner of the other clinic, who may do everything."""
    made = CognitoClients(stack.clients.cognito, stack.outputs["UserPoolId"]).create("Lakeview PACS", SCOPES)
    directory = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    directory.save_partner(Partner(made.client_id, "lakeview", "Lakeview PACS", SCOPES, created_at=now()))
    grant = {"grant_type": "client_credentials", "scope": " ".join(SCOPES)}
    answer = httpx.post(stack.token_url, data=grant, auth=(made.client_id, made.secret)).raise_for_status()
    with PartnerClient(portal_url, answer.json()["access_token"]) as partner:
        yield partner


@pytest.fixture(scope="module")
def held(stack, ours):
    """What this clinic has: one of everything, by the names of the document's parameters."""
    study = uid("tenancy", str(now()))
    names = {"study_uid": study, "series_uid": uid(study, 1), "instance_uid": uid(study, 1, 1)}
    scan = ct_slice(study=names["study_uid"], series=names["series_uid"], sop=names["instance_uid"])
    upload = ours.upload({"secret-name.dcm": scan, "secret-bad.dcm": b"no scan"}, reference="secret-reference")
    ours.verdicts(upload["upload_id"])
    until(lambda: ours.http.get(f"/api/v1/studies/{study}").status_code == 200, "the study")
    url = "http://127.0.0.1:9/secret-hook"
    hook = ours.http.post("/api/v1/webhooks", json={"url": url, "events": ["file.rejected"]}).json()
    expected, day = "/api/v1/expected-exams", {"day": "2026-01-31"}
    exam = {**day, "accession_number": "secret-number", "description": "secret-description"}
    ours.http.post(expected, json={"exams": [exam]}).raise_for_status()
    audit = RebuildJob(
        job_id=new_upload_id(),
        clinic_id="northside",
        mends=False,
        actor="admin",
        placed_at=now(),
        units_per_s=UNITS_PER_S,
    )
    DynamoRebuildJobs(Table(stack.clients.dynamodb, stack.outputs["Table"])).place(audit)
    return {
        "rebuild_id": audit.job_id,
        "upload_id": upload["upload_id"],
        "file_id": upload["files"][0]["file_id"],
        "webhook_id": hook["webhook_id"],
        "expected_id": until(lambda: ours.http.get(expected, params=day).json()["exams"], "the exam")[0]["expected_id"],
        **names,
    }


def call(partner, method, path, ids):
    operation = DOCUMENT["paths"][path][method.lower()]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    return partner.http.request(method, path.format(**PUBLIC, **ids), json=body, follow_redirects=False)


def told(answer):
    """Return all that an answer tells, but for what is new in each one."""
    shown = re.sub(r'"(request_id|event_id)":"[^"]*"', "", answer.text)
    return answer.status_code, shown, answer.headers.get("location")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_tells_another_clinic_nothing(ours, theirs, held, method, path):
    parameters = set(re.findall(r"{(\w+)}", path)) - set(PUBLIC)
    assert parameters <= set(held), "give this test one of the new route's things"

    answer = call(theirs, method, path, held)

    assert answer.status_code < 500
    own = theirs.http.headers["authorization"]
    assert own not in answer.text
    for secret in ("secret-", *held.values()):
        assert secret not in answer.text.replace(path.format(**PUBLIC, **held), "")
        assert secret not in answer.headers.get("location", "")
    if parameters:
        assert told(answer) == told(call(theirs, method, path, UNKNOWN))


@pytest.mark.parametrize(
    ("method", "path"), [(m, p) for m, p in OPERATIONS if m == "GET" and "{" in p and not p.startswith(OF_ADMINS)]
)
def test_the_same_question_tells_the_clinic_itself_something(ours, held, method, path):
    if set(re.findall(r"{(\w+)}", path)) - set(PUBLIC):
        mine = call(ours, method, path, held)
        assert told(mine) != told(call(ours, method, path, UNKNOWN))


def test_filters_and_cursors_of_one_clinic_lead_another_nowhere(ours, theirs, held):
    ours.announce({"secret-late.dcm": b"x"})
    for path in ("/api/v1/files", "/api/v1/uploads"):
        cursor = ours.http.get(path, params={"limit": 1}).json()["next"]
        assert theirs.http.get(path, params={"cursor": cursor}).status_code == 400
    changes = ours.http.get("/api/v1/changes", params={"limit": 1}).json()
    assert theirs.http.get("/api/v1/changes", params={"since": changes["cursor"]}).status_code == 400
    for name in ("upload_id", "study_uid"):
        assert theirs.http.get("/api/v1/files", params={name: held[name]}).json()["files"] == []


def test_however_many_files_an_upload_has_another_clinic_is_told_as_much_as_of_none(ours, theirs):
    """Some 350 rows that were read and left out made a page that was short and had a next one, which named a file."""
    large = ours.announce({f"secret-{number}.dcm": b"x" for number in range(420)})["upload_id"]

    def asked(**params):
        return [
            told(theirs.http.get("/api/v1/files", params={"upload_id": upload_id, **params}))
            for upload_id in (large, UNKNOWN["upload_id"])
        ]

    narrowed = ({}, {"limit": 1}, {"state": "awaiting_upload"}, {"modality": "CT"}, {"since": "2026-01-01T00:00:00Z"})
    for params in narrowed:
        foreign, unknown = asked(**params)
        assert foreign == unknown == (200, '{"files":[]}', None)
    for cursor in ("IQ", "", "!", "A" * 64, ours.http.get("/api/v1/files", params={"limit": 1}).json()["next"]):
        foreign, unknown = asked(cursor=cursor)
        assert foreign == unknown
        assert foreign[0] == 400
    assert ours.http.get("/api/v1/files", params={"upload_id": large, "cursor": "IQ"}).status_code == 400


def test_what_the_other_clinic_tried_has_changed_nothing(ours, held):
    assert ours.http.get(f"/api/v1/webhooks/{held['webhook_id']}").status_code == 200
    assert ours.file(held["file_id"])["state"] == "accepted"
    assert ours.http.get(f"/api/v1/uploads/{held['upload_id']}").json()["declared"] == 2
