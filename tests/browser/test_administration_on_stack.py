"""Clinics, people, partners, studies and notifications, from browsers, on the deployed stack: each sign-in is real.

All of it happens at one clinic that an admin creates here, so that its figures are exact and no other test's change.
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.demo import Person
from infra.local.stack import LocalStack
from portal.auth.lookups import PARTNER_SECONDS
from tests.browser.test_main_job import page, sign_in
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.waiting import until

__all__ = ["page"]

pytestmark = pytest.mark.emulator

RUN = secrets.token_hex(4)
CLINIC, NAME = f"harbour-{RUN}", f"Harbour {RUN}"
PATIENT = f"TEST-{RUN}"
PASSWORD = f"Sc11-{secrets.token_hex(8)}!"
SERIES = {1: 3, 2: 1}
"""Series of the one study → its images."""


@dataclass(frozen=True, slots=True)
class Client:
    """A partner's client as its page shows it, this once."""

    client_id: str
    secret: str

    def ask_for_token(self, stack: LocalStack) -> httpx.Response:
        grant = {"grant_type": "client_credentials", "scope": "scalper/upload scalper/read"}
        return httpx.post(stack.token_url, data=grant, auth=(self.client_id, self.secret), timeout=30)

    def token(self, stack: LocalStack) -> str:
        return str(self.ask_for_token(stack).raise_for_status().json()["access_token"])


@pytest.fixture(scope="module")
def admin(browser: Browser, stack: LocalStack, portal_url: str) -> Iterator[Page]:
    """An admin's page, with the clinic of these tests created by its form."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, base_url=portal_url)
    context.set_default_timeout(15_000)
    opened = context.new_page()
    sign_in(opened, portal_url, stack.demo.admin)
    opened.goto("/admin/clinics/new")
    opened.get_by_label("Name").fill(NAME)
    opened.get_by_label("Id", exact=True).fill(CLINIC)
    opened.get_by_role("button", name="Add the clinic").click()
    expect(opened.get_by_role("heading", name=NAME)).to_be_visible()
    yield opened
    context.close()


@pytest.fixture(scope="module")
def staff(admin: Page, stack: LocalStack) -> Person:
    return invite(admin, stack, "Ines Example")


@pytest.fixture(scope="module")
def study(admin: Page, stack: LocalStack, api_url: str) -> str:
    """The UID of a study of the clinic, which a partner sent and the judge accepted."""
    client, found = create_client(admin, "Harbour PACS"), uid(RUN)
    files = {
        f"scans/{RUN}-{series}-{number}.dcm": ct_slice(
            study=found, series=uid(RUN, series), instance=number, patient_id=PATIENT, rows=8, columns=8
        )
        for series, images in SERIES.items()
        for number in range(1, images + 1)
    }
    with PartnerClient(api_url, client.token(stack)) as partner:
        verdicts = partner.verdicts(partner.upload(files, expected=len(files))["upload_id"])
    assert {file["state"] for file in verdicts.values()} == {"accepted"}
    return found


def invite(admin: Page, stack: LocalStack, name: str) -> Person:
    """Invite somebody, who chooses a password: the emulator sends no email with a first one."""
    email = f"{name.split(maxsplit=1)[0].lower()}-{RUN}@harbour.example"
    admin.goto(f"/admin/clinics/{CLINIC}/invite")
    admin.get_by_label("Email address").fill(email)
    admin.get_by_label("Name (optional)").fill(name)
    admin.get_by_role("button", name="Send the invitation").click()
    expect(admin.get_by_role("status").get_by_text(f"{name} was invited by email")).to_be_visible()
    stack.clients.cognito.admin_set_user_password(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=urlsplit(admin.url).path.rpartition("/")[2],
        Password=PASSWORD,
        Permanent=True,
    )
    return Person(email, PASSWORD, CLINIC)


def create_client(admin: Page, name: str) -> Client:
    admin.goto(f"/admin/clinics/{CLINIC}/partners/new")
    admin.get_by_label("Name").fill(name)
    admin.get_by_label("Announce and send files").check()
    admin.get_by_label("Read uploads, files and verdicts").check()
    admin.get_by_role("button", name="Create the client").click()
    client_id, secret = (admin.get_by_role("textbox", name=f"Client {what}") for what in ("id", "secret"))
    return Client(client_id.inner_text(), secret.inner_text())


def test_an_invited_person_works_for_the_new_clinic_until_the_account_is_disabled(
    admin: Page, page: Page, browser: Browser, stack: LocalStack, portal_url: str
) -> None:
    leaver = invite(admin, stack, "Leo Example")
    sign_in(page, portal_url, leaver)
    page.goto(f"{portal_url}/upload")
    expect(page.get_by_role("heading", name="Upload files")).to_be_visible()
    expect(page.locator("[data-menu] summary")).to_contain_text(NAME)

    admin.reload()
    admin.get_by_text("Disable the account").first.click()
    admin.get_by_role("button", name="Disable the account").click()
    expect(admin.get_by_role("status").get_by_text("can no longer sign in")).to_be_visible()

    with browser.new_context() as afresh:
        late = afresh.new_page()
        late.goto(f"{portal_url}/upload")
        late.locator("input[name=username]").fill(leaver.username)
        late.locator("input[name=password]").fill(leaver.password)
        with late.expect_response(lambda answer: answer.request.method == "POST"):
            late.locator("[type=submit]").first.click()
        late.goto(f"{portal_url}/upload")
        expect(late.locator("input[name=password]")).to_be_visible()
        assert not late.url.startswith(f"{portal_url}/")


def test_a_partners_secret_is_shown_once_and_its_access_ends_when_it_is_revoked(
    admin: Page, stack: LocalStack, portal_url: str
) -> None:
    client = create_client(admin, "Night script")
    headers = {"Authorization": f"Bearer {client.token(stack)}"}
    assert asked(portal_url, headers) == 200

    admin.get_by_role("link", name="I have saved the secret").click()
    admin.get_by_role("link", name="Night script").click()
    expect(admin.get_by_text(client.client_id)).to_be_visible()
    assert client.secret not in admin.content()

    admin.get_by_text("Revoke: no more access").click()
    admin.get_by_role("button", name="Revoke the client").click()
    expect(admin.get_by_role("status").get_by_text("The client was revoked")).to_be_visible()
    until(lambda: asked(portal_url, headers) == 401, "the portal's refusal", PARTNER_SECONDS + 10)
    assert client.ask_for_token(stack).is_client_error


def asked(portal_url: str, headers: dict[str, str]) -> int:
    """Return how the portal itself, with no gateway before it, answers a partner's request."""
    return httpx.get(f"{portal_url}/api/v1/files", headers=headers, timeout=30).status_code


def test_a_study_is_found_by_its_patient_and_by_a_files_name(
    page: Page, staff: Person, study: str, portal_url: str
) -> None:
    sign_in(page, portal_url, staff)
    page.goto(f"{portal_url}/files")
    page.get_by_label("Search files").fill(f"{RUN}-1-")
    page.get_by_role("button", name="Search").click()
    names = page.get_by_role("region", name="Files found").locator("a.list__name")
    expect(names).to_have_count(SERIES[1])
    assert sorted(names.all_inner_texts()) == [f"scans/{RUN}-1-{number}.dcm" for number in (1, 2, 3)]
    assert RUN not in page.url

    page.goto(f"{portal_url}/studies")
    page.get_by_label("Patient ID").fill(PATIENT)
    page.get_by_role("button", name="Search").click()
    found = page.get_by_role("region", name="Exams found").locator("a.list__name[href^='/studies/']")
    expect(found).to_have_count(1)
    assert PATIENT not in page.url
    found.click()
    expect(page.get_by_text("2 series · 4 images")).to_be_visible()
    expect(page.get_by_text(study, exact=True)).to_be_visible()
    series = page.get_by_role("region", name="Series").locator("tbody tr")
    counts = {uid(RUN, number): images for number, images in SERIES.items()}
    expect(series).to_have_count(len(counts))
    for series_uid, images in counts.items():
        expect(series.filter(has_text=series_uid).locator("[data-label=Images]")).to_have_text(str(images))
    expect(page.get_by_role("region", name="Files").locator("tbody tr")).to_have_count(sum(SERIES.values()))


def test_an_address_is_told_of_from_its_adding_to_its_removal(
    page: Page, staff: Person, stack: LocalStack, portal_url: str
) -> None:
    mail = f"worklist-{RUN}@harbour.example"
    sign_in(page, portal_url, staff)
    page.goto(f"{portal_url}/settings/notifications")
    expect(page.get_by_text("Nobody gets emails yet")).to_be_visible()
    page.get_by_label("Email address").fill(mail)
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("listitem").filter(has_text=mail)
    # SNS itself would wait for the owner; the emulator confirms by itself. The fakes' test sees an address wait.
    expect(row.get_by_text("Confirmed", exact=True)).to_be_visible()
    assert mail in subscribed(stack)
    page.reload()
    row.get_by_role("button", name=f"Remove {mail}").click()
    expect(page.get_by_text("Nobody gets emails yet")).to_be_visible()
    assert mail not in subscribed(stack)


def subscribed(stack: LocalStack) -> set[str]:
    """Return who SNS tells of alerts."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    with contextlib.closing(session.client("sns", endpoint_url=stack.endpoint)) as sns:
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=stack.outputs["AlertTopicArn"])
        return {one["Endpoint"] for answer in pages for one in answer["Subscriptions"]}


def test_the_dashboard_counts_what_was_accepted_in_the_last_hour(admin: Page, study: str) -> None:
    admin.goto(f"/admin?range=now&clinic={CLINIC}")
    expect(admin.get_by_text(f"{NAME}, the last hour")).to_be_visible()
    accepted = admin.locator(".tile").filter(has=admin.locator("dt", has_text="Accepted")).locator("dd")
    # The projector follows the judge; the page looks again by itself.
    expect(accepted).to_have_text(str(sum(SERIES.values())), timeout=40_000)
    expect(admin.locator("#dashboard").get_by_role("link", name=NAME)).to_be_visible()
