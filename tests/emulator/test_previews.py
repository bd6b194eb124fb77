"""Pictures on the deployed stack: drawn by the function, fetched at S3, seen by some, gone with their file."""

import json
from io import BytesIO

import httpx
import pytest
from PIL import Image

from intake.files.model import ObjectVersion
from intake.orders.model import Task
from intake.renditions.model import RenditionAnswer, RenditionRequest, View
from tests.dicom_files import ct_slice, uid
from tests.document_files import hl7v2
from tests.emulator.partner import PartnerClient
from tests.emulator.sign_in import cookies_of, opened_session
from tests.emulator.test_admin import AdminClient
from tests.emulator.test_work_lists import Admins
from tests.waiting import until

pytestmark = pytest.mark.emulator

STUDY = uid("previews")


@pytest.fixture(scope="module")
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        yield partner


@pytest.fixture(scope="module")
def admin(stack, admin_token):
    client = AdminClient(stack, admin_token)
    yield client
    client.http.close()


@pytest.fixture(scope="module")
def staff(stack, staff_tokens):
    session = opened_session(stack, staff_tokens["northside"])
    cookies = "; ".join(value.partition(";")[0] for value in cookies_of(stack).write(session))
    with httpx.Client(base_url=stack.api_url, headers={"cookie": cookies}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def accepted(partner):
    """An accepted CT slice."""
    return send(partner, "accepted.dcm", ct_slice(study=STUDY))


@pytest.fixture(scope="module")
def rejected(partner, accepted):
    """Another image of the same UID, which is rejected and could be looked at."""
    return send(partner, "rejected.dcm", ct_slice(study=STUDY, pixels=b"\x10\x00" * 512 * 512))


def send(partner, name, data):
    (file,) = partner.verdicts(partner.upload({name: data})["upload_id"]).values()
    assert file["state"] == name.partition(".")[0], file
    return file["file_id"]


def look(client, file_id, edge=128):
    return client.get(f"/files/{file_id}/preview/{edge}")


def fetch(answer):
    """Follow a redirect as a browser does, with nothing but the address."""
    assert answer.status_code == 307, answer.text
    return httpx.get(answer.headers["location"])


def kept(stack, file_id):
    rows = stack.clients.s3.list_objects_v2(Bucket=stack.outputs["RenditionsBucket"]).get("Contents", ())
    return sorted(row["Key"].rpartition("/")[2] for row in rows if f"/{file_id}/" in row["Key"])


@pytest.mark.parametrize("edge", [128, 768])
def test_the_picture_of_an_accepted_slice_is_a_webp_of_its_size(partner, staff, accepted, edge):
    shown = fetch(partner.http.get(f"/api/v1/files/{accepted}/preview/{edge}"))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    assert shown.headers["cache-control"] == "private, max-age=300"
    assert not [name for name in shown.headers if name.startswith("x-amz-meta-")]
    image = Image.open(BytesIO(shown.content))
    assert (image.format, max(image.size)) == ("WEBP", min(edge, 512))
    low, high = image.convert("L").getextrema()
    assert high - low > 100, "a gradient"
    assert fetch(look(staff, accepted, edge)).content == shown.content


def test_a_rejected_slice_is_seen_by_no_partner_and_by_none_of_the_clinics_staff(stack, partner, staff, rejected):
    assert partner.http.get(f"/api/v1/files/{rejected}/preview/128").status_code == 409
    assert look(staff, rejected).status_code == 409
    assert kept(stack, rejected) == []


def test_a_rejected_slice_is_seen_by_an_admin_and_an_accepted_one_is_not(admin, accepted, rejected):
    assert Image.open(BytesIO(fetch(look(admin.http, rejected)).content)).size == (128, 128)
    assert look(admin.http, accepted).status_code == 403


def test_a_message_of_the_queue_has_pictures_made(stack, partner):
    file_id = send(partner, "accepted.dcm", ct_slice(study=STUDY, instance=2, rows=64, columns=64))
    stack.clients.sqs.send_message(QueueUrl=stack.outputs["RenditionsQueueUrl"], MessageBody=asked(stack, file_id))
    until(lambda: kept(stack, file_id) == ["128.webp", "768.webp"], "the pictures")


def test_a_view_is_answered_and_kept_nowhere(stack, partner):
    file_id = send(partner, "accepted.dcm", ct_slice(study=STUDY, instance=3, rows=64, columns=64))
    answer = stack.clients.functions.invoke(
        FunctionName=stack.outputs["RendererFunction"],
        Payload=asked(stack, file_id, View(media_type="image/png", window=(0.0, 400.0))).encode(),
    )
    view = RenditionAnswer.from_dict(json.loads(answer["Payload"].read()))
    assert (view.reason, view.media_type, Image.open(BytesIO(view.image)).size) == (None, "image/png", (64, 64))
    assert kept(stack, file_id) == []


def asked(stack, file_id, view=None):
    record = Admins(stack).records.file("northside", file_id)
    return RenditionRequest(
        clinic_id="northside",
        file_id=file_id,
        stored=ObjectVersion(record.stored.bucket, record.stored.key, record.stored.version_id),
        size=record.size,
        kind="dicom",
        accepted=True,
        view=view,
    ).to_json()


def test_of_what_has_no_picture_the_reason_is_told_and_kept(stack, partner):
    file_id = send(partner, "accepted.hl7", hl7v2())
    answers = [partner.http.get(f"/api/v1/files/{file_id}/preview/128") for _ in range(2)]
    assert [(one.status_code, one.json()["reason"]) for one in answers] == [(404, "no-pixels")] * 2
    assert kept(stack, file_id) == ["none.json"]


def test_pictures_go_with_the_file_that_an_admin_deletes(stack, admin, rejected):
    look(admin.http, rejected)
    assert kept(stack, rejected) == ["128.webp", "768.webp"]
    admins = Admins(stack)
    key = admins.records.file(None, rejected).stored.key

    admins.order(Task.DELETE, file_ids=(rejected,))

    assert (kept(stack, rejected), admins.objects("QuarantineBucket", key)) == ([], 0)
    assert look(admin.http, rejected).status_code == 409
