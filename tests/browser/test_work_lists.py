"""The work lists in a browser: ticking, dry runs, second admins, letters; nothing of it runs a hostile text."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from intake.files import keys
from intake.files.model import now
from intake.files.states import State
from intake.messaging.model import QueuedMessage
from intake.orders.commands import DoTask, FindFiles, parse_command
from intake.orders.model import Answer, Answered, Task
from processor.orders.dispatch import OrderDispatcher
from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.test_hostile_names import HOSTILE, REFUSAL
from tests.fakes import FakeRecords


@pytest.fixture
def admin_page(context: BrowserContext, portal: PortalServer, day: Day) -> Iterator[Page]:
    context.add_cookies(portal.cookies("admin-token"))
    yield from watched(context.new_page())


def carry_out(portal: PortalServer) -> list[DoTask]:
    """Do what the judge does with the queue's messages; every file would be accepted."""
    done: list[DoTask] = []

    def do(command: DoTask) -> Answered:
        done.append(command)
        return Answered(file_id=command.file_id, clinic_id="northside", answer=Answer.ACCEPTED)

    dispatcher = OrderDispatcher(orders=portal.orders, records=FakeRecords(portal.table), queue=portal.queue, do=do)
    while portal.queue.messages:
        command = parse_command(portal.queue.messages.pop(0).body)
        if isinstance(command, FindFiles):
            dispatcher.find(command)
        elif command:
            dispatcher.carry_out(command)
    return done


def test_all_of_a_page_are_ticked_tried_and_then_checked_for_real(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin/quarantine")
    admin_page.locator("[data-select-all]").check()
    ticked = admin_page.locator('input[name="file"]:checked').count()
    assert ticked >= 3
    expect(admin_page.get_by_text(f"The ticked files ({ticked})")).to_be_visible()
    admin_page.get_by_role("button", name="Dry run").click()
    expect(admin_page.get_by_role("status")).to_contain_text("Finding the files")

    assert len(carry_out(portal)) == ticked

    # The page finds out by itself.
    expect(admin_page.get_by_role("status")).to_contain_text(f"Done: {ticked} files", timeout=10_000)
    expect(admin_page.get_by_text("Would be accepted").first).to_be_visible()
    admin_page.get_by_role("button", name="for real").click()
    expect(admin_page.get_by_role("heading", level=1)).to_have_text("Checking files again")
    assert {command.task for command in carry_out(portal)} == {Task.REPROCESS}


def test_a_group_is_ticked_at_once_and_what_to_do_with_it_stays_in_reach(
    portal: PortalServer, admin_page: Page
) -> None:
    admin_page.goto(f"{portal.url}/admin/quarantine?group=cause")
    group = admin_page.locator("tbody", has=admin_page.locator("[data-select-group]")).first
    group.locator("[data-select-group]").check()
    ticked = group.locator('input[name="file"]').count()
    expect(admin_page.get_by_text(f"The ticked files ({ticked})")).to_be_visible()
    admin_page.mouse.wheel(0, 2000)
    expect(admin_page.get_by_role("button", name="Dry run")).to_be_in_viewport()


def test_a_deletion_asks_for_a_reason_before_anything_happens(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin/quarantine")
    admin_page.locator('input[name="file"]').first.check()
    admin_page.get_by_role("button", name="Delete…").click()
    assert violations(admin_page) == []
    assert not portal.queue.messages
    admin_page.get_by_label("Why?").fill("Sent by mistake, says the clinic.")
    admin_page.get_by_role("button", name="Delete 1 file").click()
    expect(admin_page.get_by_role("heading", level=1)).to_have_text("Deleting from quarantine")
    assert {command.task for command in carry_out(portal)} == {Task.DELETE}


def test_another_admins_proposal_is_accepted_and_ones_own_is_not(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin/reviews")
    admin_page.get_by_role("button", name="Accept the file").click()
    expect(admin_page.get_by_role("heading", level=1)).to_have_text("Accepting after review")
    assert {command.task for command in carry_out(portal)} == {Task.ACCEPT}

    admin_page.goto(f"{portal.url}/admin/quarantine?code=truncated")
    admin_page.locator('input[name="file"]').first.check()
    admin_page.get_by_role("button", name="Propose to accept").click()
    assert violations(admin_page) == []
    admin_page.get_by_label("Why?").fill("The missing end is padding.")
    admin_page.get_by_role("button", name="Propose", exact=True).click()
    expect(admin_page.get_by_text("A colleague must accept it")).to_be_visible()
    expect(admin_page.get_by_role("button", name="Accept the file")).to_have_count(0)


def test_letters_are_tried_again_one_and_all_and_discarded_for_a_reason(portal: PortalServer, admin_page: Page) -> None:
    portal.dead_letters.messages = [QueuedMessage(f"m{number}", {}, 5, now()) for number in range(3)]
    portal.projection_failures.messages = []
    admin_page.goto(f"{portal.url}/admin/dead-letters")
    admin_page.get_by_role("button", name="Discard…").first.click()
    assert violations(admin_page) == []
    admin_page.get_by_label("Why?").fill("Nobody knows what sent it.")
    admin_page.get_by_role("button", name="Discard", exact=True).click()
    admin_page.get_by_role("button", name=re.compile("^Try again")).first.click()
    expect(admin_page.get_by_role("status")).to_contain_text("To be tried again: 1 message.")
    admin_page.get_by_role("button", name=re.compile("^Try all again.*Files and orders")).click()
    expect(admin_page.get_by_role("status")).to_contain_text("To be tried again: 1 message.")
    expect(admin_page.get_by_text("Nothing has failed for good")).to_have_count(3)
    assert len(portal.dead_letters.redriven) == 2


def test_hostile_strings_run_on_no_work_list(portal: PortalServer, admin_page: Page) -> None:
    sample = portal.sample()
    upload = sample.upload(HOSTILE[1], minutes_ago=0.1)
    for number, hostile in enumerate(HOSTILE[:45]):
        record = sample.file(upload, hostile, State.REJECTED)
        finding = replace(REFUSAL, message=hostile, remedy=hostile, where=hostile)
        (review,) = portal.reviews.list_waiting(1)
        review = replace(review, file_id=record.file_id, reason=hostile, proposed_by_name=hostile)
        portal.reviews.by_file[record.file_id] = review
        metadata = {"modality": hostile, hostile: hostile}
        portal.table.files[record.file_id] = replace(record, findings=(finding,), metadata=metadata)
        portal.dead_letters.messages.append(QueuedMessage(f"{hostile}{number}", {"Records": hostile}, 1, now()))
    seen = "window.hits = 0; window.hit = () => { window.hits += 1; };"
    reports = "document.addEventListener('securitypolicyviolation', () => { window.hits += 1; });"
    admin_page.add_init_script(seen + reports)
    paths = ["/admin/quarantine", "/admin/reviews", "/admin/dead-letters", "/admin/stuck"]
    paths += [f"/admin/quarantine/{keys.file_id(upload.upload_id, number)}" for number in range(0, 45, 9)]
    for path in paths:
        admin_page.goto(portal.url + path)
        assert admin_page.evaluate("window.hits") == 0, path
        assert admin_page.url == portal.url + path
