"""A German browser is shown German: by the server, by the scripts, and by both in one sentence."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.english import english_in, find_english, read_html
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import pages, settle
from tests.browser.storage import Storage
from tests.browser.test_overflow import WIDTHS, measure
from tests.browser.test_retrieval import STUDY, TO_DISK, study
from tests.browser.uploading import GOOD, choose

assert study

GERMAN = [name for name, (token, _) in pages(Day(*[""] * len(fields(Day)))).items() if token != "admin-token"]
"""Pages of clinics and doctors, by what they are called. Admins' hold queries and mails, which are English."""


@pytest.fixture
def german(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 860}, locale="de-DE")
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def german_page(german: BrowserContext, portal: PortalServer) -> Iterator[Page]:
    german.add_cookies(portal.cookies("staff-token"))
    yield from watched(german.new_page())


def fetch(portal: PortalServer, day: Day, name: str, accepted: str) -> tuple[str, list[str]]:
    """Return the language and the texts of a page of ours, as the server writes it."""
    token, path = pages(day)[name]
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in portal.cookies(token)) if token else ""
    headers = {"Accept": "text/html", "Accept-Language": accepted, "Cookie": cookies}
    return read_html(httpx.get(portal.url + path, headers=headers, timeout=30).text)


def _sign_in(context: BrowserContext, portal: PortalServer) -> Page:
    """Return a page whose console may tell that something was refused."""
    context.add_cookies(portal.cookies("staff-token"))
    return context.new_page()


def test_every_page_is_german_as_the_server_writes_it(portal: PortalServer, day: Day) -> None:
    """Noscript texts too, and times in UTC, which scripts write in the reader's zone."""
    found = {}
    for name in GERMAN:
        language, texts = fetch(portal, day, name, "de-DE,de;q=0.9,en;q=0.8")
        if language != "de" or (english := find_english(texts)):
            found[name] = english if language == "de" else language
    assert found == {}


def test_what_looks_for_english_is_blind_on_no_page(portal: PortalServer, day: Day) -> None:
    assert [name for name in GERMAN if len(find_english(fetch(portal, day, name, "en-GB")[1])) < 8] == []


def test_every_page_is_german_as_scripts_leave_it(browser: Browser, portal: PortalServer, day: Day) -> None:
    """Nothing of it is cut off either, at any width: German words are longer than English ones."""
    found: dict[tuple[str, object], list[str]] = {}
    context = browser.new_context(locale="de-DE")
    page = context.new_page()
    for name in GERMAN:
        token, path = pages(day)[name]
        # A page that looks again by itself would find itself signed out, and lead away.
        page.goto("about:blank")
        context.clear_cookies()
        context.add_cookies(portal.cookies(token) if token else [])
        page.goto(portal.url + path)
        settle(page)
        if english := english_in(page):
            found[name, "English"] = english
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            if cut := measure(page):
                found[name, width] = cut
    context.close()
    assert found == {}


def test_files_are_sent_and_judged_in_german(
    portal: PortalServer, storage: Storage, german_page: Page, tmp_path: Path
) -> None:
    for number in range(3):
        (tmp_path / f"slice-{number}.dcm").write_bytes(GOOD + bytes([number]))
    (tmp_path / "notes.txt").write_text("not a scan")
    german_page.goto(f"{portal.url}/upload")
    german_page.get_by_label("Wie viele Bilder erwarten Sie?").fill("4")
    choose(german_page, sorted(tmp_path.iterdir()))
    expect(german_page.get_by_text("Sie erwarten 4 Bilder, aber hier sind 3: 1 fehlen.")).to_be_visible()
    assert english_in(german_page) == []
    german_page.get_by_role("button", name="4 Dateien hochladen").click()
    receipt = german_page.locator("#receipt")
    expect(receipt.get_by_text("3 von 4 Dateien angenommen, 1 abgelehnt")).to_be_visible()
    expect(german_page.locator("#list li").filter(has_text="Angenommen")).to_have_count(3)
    assert english_in(german_page) == []
    assert violations(german_page) == []


def test_a_list_is_refused_and_taken_in_german(portal: PortalServer, day: Day, german: BrowserContext) -> None:
    german_page = _sign_in(german, portal)
    german_page.goto(f"{portal.url}/expected")
    german_page.get_by_label("Die Liste").fill("Auftragsnummer;Datum;Bilder\nA-1;31.11.2026;viele\nA-2;30.11.2026;0")
    german_page.get_by_role("button", name="Liste hinzufügen").click()
    refused = german_page.get_by_role("alert")
    expect(refused).to_contain_text("Zeile 2: Datum ist nicht lesbar: Diesen Tag gibt es nicht.")
    expect(refused).to_contain_text("Zeile 3: Bilder ist nicht lesbar: schreiben Sie eine Zahl von 1 bis 100.000")
    assert english_in(german_page) == []
    assert violations(german_page) == []
    german_page.get_by_label("Die Liste").fill("Auftragsnummer;Datum;Bilder\nA-1;30.11.2026;1200")
    german_page.get_by_role("button", name="Liste hinzufügen").click()
    expect(german_page.get_by_role("status")).to_contain_text("Die Liste wurde übernommen: 1 neu.")
    expect(german_page.get_by_role("heading", name="30.11.2026")).to_be_visible()
    expect(german_page.get_by_text("0 von 1.200")).to_be_visible()
    assert english_in(german_page) == []


def test_forms_are_refused_in_german(portal: PortalServer, day: Day, german: BrowserContext) -> None:
    german_page = _sign_in(german, portal)
    german_page.goto(f"{portal.url}/settings/notifications")
    german_page.get_by_label("E-Mail-Adresse").fill("niemand")
    german_page.get_by_role("button", name="Hinzufügen").click()
    expect(german_page.get_by_role("alert")).to_contain_text("Geben Sie eine E-Mail-Adresse ein")
    assert english_in(german_page) == []


def test_a_doctor_reads_german_whatever_the_clinic_reads(
    staff_page: Page, german: BrowserContext, portal: PortalServer, *, storage: Storage, study: dict[str, bytes]
) -> None:
    staff_page.goto(f"{portal.url}/studies/{STUDY}/links")
    staff_page.get_by_role("button", name="Make a link").click()
    link, code = (staff_page.locator(f'[data-part="{part}"]').inner_text() for part in ("link", "code"))
    page = german.new_page()
    page.add_init_script(TO_DISK)
    page.goto(link)
    assert english_in(page) == []
    page.get_by_role("textbox", name="Code").fill("2222-2222")
    page.get_by_role("button", name="Untersuchung öffnen").click()
    expect(page.get_by_role("alert")).to_contain_text("Dieser Link und dieser Code öffnen nichts")
    assert english_in(page) == []
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("button", name="Untersuchung öffnen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CT, 21.11.2026")
    page.get_by_role("button", name="Untersuchung herunterladen").click()
    expect(page.get_by_role("heading", name="Download abgeschlossen")).to_be_visible()
    assert english_in(page) == []
    assert violations(page) == []


def test_a_link_is_made_and_closed_in_german(
    portal: PortalServer, storage: Storage, study: dict[str, bytes], german_page: Page
) -> None:
    german_page.goto(f"{portal.url}/studies/{STUDY}/links")
    german_page.get_by_role("button", name="Link erstellen").click()
    expect(german_page.get_by_role("heading", name="Ihr Link ist fertig")).to_be_visible()
    assert english_in(german_page) == []
    german_page.get_by_role("button", name="Schließen").first.click()
    expect(german_page.get_by_role("status")).to_contain_text("Der Link wurde geschlossen.")
    assert english_in(german_page) == []


def test_who_chooses_english_reads_english_and_comes_back_to_the_page(
    portal: PortalServer, day: Day, german_page: Page
) -> None:
    german_page.goto(f"{portal.url}/files?state=rejected")
    german_page.get_by_role("button", name="English").click()
    expect(german_page).to_have_url(f"{portal.url}/files?state=rejected")
    expect(german_page.get_by_role("heading", name="Files", exact=True)).to_be_visible()
    german_page.goto(f"{portal.url}/upload")
    expect(german_page.get_by_role("heading", name="Upload files")).to_be_visible()
