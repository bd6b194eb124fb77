"""How little a person has to do, on the deployed stack: presses that the pages themselves tell, after the sign-in."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from infra.local.demo import Person
from infra.local.stack import LocalStack
from tests.browser.clicks import Hand, is_in_sight
from tests.browser.test_main_job import VERDICT, sign_in
from tests.browser.test_retrieval import TO_DISK, _read
from tests.dicom_files import ct_slice, uid
from tests.waiting import until

pytestmark = pytest.mark.emulator

DESK, PHONE = (1280, 800), (390, 844)

SignedIn = Callable[..., Hand]


@pytest.fixture
def signed_in(browser: Browser, portal_url: str) -> Iterator[SignedIn]:
    """Returns somebody's hand, on the page that the sign-in led to; nothing is counted yet."""
    with ExitStack() as opened:

        def open_for(person: Person, size: tuple[int, int] = DESK) -> Hand:
            context = browser.new_context(viewport={"width": size[0], "height": size[1]})
            opened.callback(context.close)
            context.set_default_timeout(15_000)
            hand = Hand.at(context)
            sign_in(hand.page, portal_url, person)
            hand.begin()
            return hand

        yield open_for


def a_folder(place: Path, study: str, images: int) -> Path:
    folder = place / study
    folder.mkdir()
    for number in range(1, images + 1):
        content = ct_slice(study=uid(study), series=uid(study, 1), instance=number, rows=8, columns=8)
        (folder / f"IM{number:04d}.dcm").write_bytes(content)
    return folder


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_folder_is_sent_and_its_end_known_with_one_press_and_no_scrolling(
    signed_in: SignedIn, stack: LocalStack, tmp_path: Path, size: tuple[int, int]
) -> None:
    folder = a_folder(tmp_path, f"one-press-{size[0]}", 12)
    hand = signed_in(stack.demo.staff[0], size)
    hand.drop(folder)
    hand.press(hand.page.get_by_role("button", name="Upload 12 files"))
    said = hand.page.locator("#receipt").get_by_text("All 12 files accepted")
    expect(said).to_be_visible(timeout=VERDICT)
    assert is_in_sight(hand.page, said)
    assert hand.deeds == ["pointerdown on Upload 12 files"]


@pytest.fixture
def rejected(signed_in: SignedIn, stack: LocalStack, tmp_path: Path) -> tuple[Hand, Path]:
    """Somebody on a receipt with a rejected file, and that file corrected on their disk."""
    folder = a_folder(tmp_path, f"repair-{tmp_path.name}", 2)
    bad = folder / "IM0002.dcm"
    whole = bad.read_bytes()
    bad.write_bytes(whole[:-40])
    hand = signed_in(stack.demo.staff[0])
    hand.drop(folder)
    hand.press(hand.page.get_by_role("button", name="Upload 2 files"))
    expect(hand.page.locator("#receipt").get_by_text("1 of 2 files accepted, 1 rejected")).to_be_visible(
        timeout=VERDICT
    )
    bad.write_bytes(whole)
    return hand, bad


GREEN = "All 2 files accepted, 1 replaced"


def test_a_rejected_file_is_repaired_and_green_with_three_presses_from_where_the_sign_in_led(
    rejected: tuple[Hand, Path], portal_url: str
) -> None:
    hand, bad = rejected
    hand.page.goto(portal_url)
    hand.begin()
    hand.press(hand.page.get_by_role("navigation", name="Main").get_by_role("link", name="Uploads"))
    hand.press(hand.page.get_by_role("link", name="Send corrected files").first)
    hand.drop(bad)
    hand.press(hand.page.get_by_role("button", name="Upload 1 more file"))
    said = hand.page.locator("#receipt").get_by_text(GREEN)
    expect(said).to_be_visible(timeout=VERDICT)
    assert is_in_sight(hand.page, said)
    assert len(hand.deeds) == 3


def test_a_rejected_file_is_repaired_with_three_presses_from_its_receipt_where_files_are_chosen(
    rejected: tuple[Hand, Path],
) -> None:
    hand, bad = rejected
    hand.page.reload()
    hand.begin()
    hand.press(hand.page.get_by_role("link", name="Send corrected files"))
    with hand.page.expect_file_chooser() as choosing:
        hand.press(hand.page.get_by_role("button", name="Choose files"))
    choosing.value.set_files(bad)
    hand.press(hand.page.get_by_role("button", name="Upload 1 more file"))
    expect(hand.page.locator("#receipt").get_by_text(GREEN)).to_be_visible(timeout=VERDICT)
    assert len(hand.deeds) == 3


def test_a_study_of_sixty_images_is_on_the_disk_with_two_presses(signed_in: SignedIn, stack: LocalStack) -> None:
    name = "sixty images"
    hand = signed_in(stack.demo.staff[0])
    for number in range(1, 61):
        told = {0x00081030: ("LO", name.encode())}
        content = ct_slice(study=uid(name), series=uid(name, 1), instance=number, rows=8, columns=8, changes=told)
        key = f"{stack.demo.staff[0].clinic_id}/sixty/IM{number:04d}.dcm"
        stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key=key, Body=content)
    row = hand.page.get_by_role("row").filter(has_text=name)

    def is_whole() -> bool:
        hand.page.reload()
        return row.count() == 1 and row.locator('[data-label="Images"]').inner_text() == "60"

    until(is_whole, "the study on the board", 90)
    hand.page.context.add_init_script(TO_DISK)
    hand.begin()
    hand.press(row.get_by_role("link", name=name))
    hand.press(hand.page.get_by_role("button", name="Download the study"))
    expect(hand.page.get_by_role("heading", name="Download complete")).to_be_visible(timeout=60_000)
    assert len(hand.deeds) == 2
    (saved,) = hand.page.evaluate(
        "async () => { const all = []; for await (const name of (await navigator.storage.getDirectory()).keys())"
        " all.push(name); return all.filter((name) => name.endsWith('.zip')); }"
    )
    assert len(_read(hand.page, saved)) == 60


def test_an_admin_gets_from_the_number_of_rejections_to_the_files_with_one_press(
    signed_in: SignedIn, stack: LocalStack
) -> None:
    key = f"{stack.demo.staff[0].clinic_id}/rose/no-scan.dcm"
    stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key=key, Body=b"no scan at all")
    hand = signed_in(stack.demo.admin)
    tile = hand.page.get_by_role("link", name=re.compile(r"^[1-9][\d,]*, Rejected: show"))

    def has_risen() -> bool:
        hand.page.reload()
        return tile.count() > 0

    until(has_risen, "the rejection on the dashboard", 60)
    hand.begin()
    hand.press(tile.first)
    listed = hand.page.locator("tbody tr")
    expect(listed.filter(has_text="kind-unsupported").first).to_be_visible()
    assert is_in_sight(hand.page, listed.first)
    assert len(hand.deeds) == 1
