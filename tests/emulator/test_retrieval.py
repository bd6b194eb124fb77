"""A study out of the deployed stack: by the client, and by what a browser of the portal's may ask of the bucket."""

import httpx
import pytest

from intake.files.model import now
from scalper import Client
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.sign_in import partner_token
from tests.waiting import until

pytestmark = pytest.mark.emulator

SLICES = 5


@pytest.fixture(scope="module")
def partner(stack, portal_url):
    with PartnerClient(portal_url, partner_token(stack)) as partner:
        yield partner


@pytest.fixture(scope="module")
def study(partner):
    """Return a study's UID, and its files by their names."""
    study = uid("retrieval", str(now()))
    files = {
        f"ct/IM{number:04d}.dcm": ct_slice(study=study, series=uid(study, 1), sop=uid(study, 1, number))
        for number in range(SLICES)
    }
    upload = partner.upload(files)
    partner.verdicts(upload["upload_id"])
    listed = f"/api/v1/studies/{study}"
    until(lambda: partner.http.get(listed).json().get("instances") == SLICES, "the study")
    return study, files


def test_the_client_fetches_a_study_and_goes_on_with_one_that_was_interrupted(stack, portal_url, study, tmp_path):
    study_uid, files = study
    who = stack.demo.partner
    with Client(portal_url, who.client_id, who.client_secret) as client:
        first = client.get_study(study_uid, tmp_path)
        assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in first.fetched} == files

        name, data = next(iter(files.items()))
        file_id = next(file.file_id for file in client.files() if file.name == name)
        (tmp_path / name).unlink()
        (tmp_path / name).with_name(f".{file_id}.part").write_bytes(data[:1000])
        again = client.get_study(study_uid, tmp_path)

    assert (len(again.kept), again.bytes_fetched) == (SLICES - 1, len(data) - 1000)
    assert (tmp_path / name).read_bytes() == data


def test_a_browser_may_read_the_accepted_bucket_from_the_portals_pages(stack, partner, study):
    study_uid, files = study
    page = partner.http.post(f"/api/v1/studies/{study_uid}/content").json()
    content, origin = page["files"][0], stack.outputs["PortalOrigin"]

    # The emulator lets every origin read whatever the rule says: what the rule says is looked at instead.
    (rule,) = stack.clients.s3.get_bucket_cors(Bucket=stack.outputs["AcceptedBucket"])["CORSRules"]
    assert (rule["AllowedMethods"], rule["AllowedOrigins"]) == (["GET"], [origin])

    read = httpx.get(content["url"], headers={"origin": origin})
    assert read.headers["access-control-allow-origin"] in {origin, "*"}
    assert read.content == files[content["name"]]
