"""What admins order, from a browser, on the deployed stack: checking again, a colleague's second look, redriving."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from infra.local.demo import Person
from infra.local.stack import LocalStack
from intake.files.model import FileRecord
from intake.files.states import State
from intake.records.records import DynamoRecords
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.browser.test_main_job import VERDICT, sign_in
from tests.dicom_files import ct_slice, uid
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

pytestmark = pytest.mark.emulator

CLINICS = ("eastbrook", "westbrook")
"""Clinics of these tests only: no other test sees their profiles."""

SignedIn = Callable[[Person], Page]


@pytest.fixture
def signed_in(browser: Browser, portal_url: str) -> Iterator[SignedIn]:
    """Opens a browser of their own for each person."""
    with ExitStack() as opened:

        def open_for(person: Person) -> Page:
            context = browser.new_context(viewport={"width": 1280, "height": 860}, base_url=portal_url)
            opened.callback(context.close)
            context.set_default_timeout(15_000)
            page = context.new_page()
            sign_in(page, portal_url, person)
            return page

        yield open_for


@pytest.fixture
def directory(stack: LocalStack) -> Iterator[DynamoDirectory]:
    found = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    yield found
    for clinic_id in CLINICS:
        found.save_profile(clinic_id, {})


@pytest.fixture
def colleague(stack: LocalStack) -> Iterator[Person]:
    """A second admin, for one test."""
    cognito, pool = stack.clients.cognito, stack.outputs["UserPoolId"]
    person = replace(stack.demo.admin, username="second-admin")
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=person.username,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": "second-admin@scalper.example"}],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=person.username, Password=person.password, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=person.username, GroupName=person.group)
    yield person
    cognito.admin_delete_user(UserPoolId=pool, Username=person.username)


def rejected(stack: LocalStack, directory: DynamoDirectory, clinic_id: str) -> FileRecord:
    """Have a slice of a clinic that takes PDFs only rejected."""
    directory.save_clinic(Clinic(clinic_id, clinic_id))
    directory.save_profile(clinic_id, {"kinds": ["pdf"]})
    data = ct_slice(study=uid(clinic_id), series=uid(clinic_id, 1), sop=uid(clinic_id, 1, 1), rows=8, columns=8)
    stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key=f"{clinic_id}/1.dcm", Body=data)
    records = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    (file,) = until(lambda: records.files(clinic_id, State.REJECTED, None, None, 5).rows, "the rejected file", 60)
    assert file.codes == ("kind-not-allowed",)
    return file


def tick(page: Page, file: FileRecord) -> None:
    """Find a rejected file by its cause, and tick it."""
    page.goto("/admin/quarantine")
    page.get_by_label("Cause (code)").fill("kind-not-allowed")
    page.get_by_role("button", name="Show").click()
    page.get_by_label(f"Choose the file {file.file_id}").check()


def outcome(page: Page, file: FileRecord) -> Locator:
    """Wait for an order to be done, and return what it tells of a file."""
    expect(page.get_by_role("status")).to_have_text("Done: 1 file.", timeout=VERDICT)
    return page.locator(f"#answer-{file.file_id}")


def test_a_file_that_todays_profile_takes_passes_the_dry_run_and_is_then_accepted(
    signed_in: SignedIn, stack: LocalStack, directory: DynamoDirectory
) -> None:
    file = rejected(stack, directory, CLINICS[0])
    directory.save_profile(CLINICS[0], {})
    page = signed_in(stack.demo.admin)

    tick(page, file)
    page.get_by_role("button", name="Dry run").click()
    expect(outcome(page, file)).to_contain_text("Would be accepted")
    page.goto(f"/admin/quarantine/{file.file_id}")
    expect(page.get_by_text("Rejected", exact=True).first).to_be_visible()
    page.go_back()

    page.get_by_role("button", name="Check these files again, for real").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Checking files again")
    expect(outcome(page, file)).to_contain_text("Accepted")
    page.goto(f"/admin/quarantine?clinic={CLINICS[0]}")
    expect(page.get_by_role("heading", name="No rejected file matches")).to_be_visible()


def test_a_file_that_one_admin_proposes_is_accepted_by_another_and_never_by_the_first(
    signed_in: SignedIn, stack: LocalStack, directory: DynamoDirectory, colleague: Person
) -> None:
    file = rejected(stack, directory, CLINICS[1])
    first = signed_in(stack.demo.admin)
    tick(first, file)
    first.get_by_role("button", name="Propose to accept").click()
    first.get_by_label("Why?").fill("As agreed with the clinic.")
    first.get_by_role("button", name="Propose", exact=True).click()
    expect(first.get_by_role("status")).to_have_text("1 file proposed.")
    own = first.get_by_role("article").filter(has_text=file.file_id)
    expect(own).to_contain_text("You proposed this. A colleague must accept it.")
    accept = f"Accept the file {file.file_id}"
    expect(first.get_by_role("button", name=accept)).to_have_count(0)
    # Nor by a request that no button of theirs sends.
    token = own.locator("input[name=csrf_token]").get_attribute("value")
    answer = first.request.post(
        f"/admin/reviews/{file.file_id}/confirm",
        form={"csrf_token": token or "", "order_id": "order"},
        headers={"origin": first.evaluate("location.origin")},
    )
    assert (answer.status, "Another admin has to confirm" in answer.text()) == (403, True)

    second = signed_in(colleague)
    second.goto("/admin/reviews")
    expect(second.get_by_role("article").filter(has_text=file.file_id)).to_contain_text("As agreed with the clinic.")
    second.get_by_role("button", name=accept).click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Accepting after review")
    expect(outcome(second, file)).to_contain_text("Accepted, with warnings")
    outcome(second, file).get_by_role("link").click()
    expect(second.get_by_text("Accepted, with warnings", exact=True)).to_be_visible()


def test_a_dead_letter_is_redriven_by_its_button_and_its_file_gets_a_verdict(
    signed_in: SignedIn, stack: LocalStack
) -> None:
    lane = Lane(stack)
    lane.pause()
    try:
        (file,) = lane.reserve(1)
        data = ct_slice(study=uid("letter"), series=uid("letter", 1), sop=uid("letter", 1, 1), rows=8, columns=8)
        arrival = lane.put(file, data)
        lane.drop_waiting_events(1)
    finally:
        lane.go_on()
    lane.send([arrival], "DeadLetterQueueUrl")

    page = signed_in(stack.demo.admin)
    page.goto("/admin/dead-letters")
    letter = page.get_by_role("row").filter(has_text=file.file_id)
    expect(letter).to_contain_text("Check what arrived")
    assert lane.states([file]) == {State.AWAITING_UPLOAD: 1}
    letter.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("To be tried again: 1 message.")
    expect(letter).to_have_count(0)

    until(lambda: lane.states([file]) == {State.ACCEPTED: 1}, "the verdict on the redriven file")
    page.goto(f"/admin/quarantine/{file.file_id}")
    expect(page.get_by_text("Accepted", exact=True).first).to_be_visible()
