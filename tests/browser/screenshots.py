"""Takes a picture of every page, light and dark, wide and narrow: `python -m tests.browser.screenshots [folder]`.

`LANGUAGE=de` takes them in German; `ONLY=staff-token` those of clinics' staff.
"""

import os
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page

from portal.http.request_log import logger
from tests.browser import administration, analysed
from tests.browser.chromium import chromium
from tests.browser.day import Day, fill
from tests.browser.exams import PATIENT
from tests.browser.portal_server import PortalServer, portal_server
from tests.browser.upload_pictures import visit_states

LOCALES = {"en": "en-GB", "de": "de-DE"}

WIDTHS = {"desktop": (1280, 860), "phone": (390, 844)}
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def pages(day: Day) -> dict[str, tuple[str | None, str]]:
    """Return each page's name, who looks at it, and its address."""
    staff, admin = "staff-token", "admin-token"
    return {
        "landing": (None, "/"),
        "upload": (staff, "/upload"),
        "uploads": (staff, "/uploads"),
        "receipt": (staff, f"/uploads/{day.mixed_upload}"),
        "receipt-running": (staff, f"/uploads/{day.running_upload}"),
        "trouble": (staff, f"/uploads/{day.mixed_upload}/trouble?cause=0%23truncated"),
        "trouble-gone": (staff, f"/uploads/{day.mixed_upload}/trouble?cause=0%23nothing"),
        "files": (staff, "/files"),
        "files-found": (staff, "/files?modality=MR&state=accepted"),
        "files-none": (staff, "/files?state=expired&since=2031-01-01"),
        "files-lapsed": (staff, "/files?search=lapsed"),
        "studies": (staff, "/studies"),
        "studies-none": (staff, "/studies?modality=XA"),
        **{f"studies-{tab}": (staff, f"/studies?tab={tab}") for tab in ("missing", "growing", "problem", "complete")},
        "studies-by-date": (staff, "/studies?sort=date"),
        "patient": (staff, f"/patients/{PATIENT}"),
        "expected": (staff, "/expected"),
        "expected-absent": (staff, "/expected?show=absent"),
        "upload-more": (staff, f"/upload?continue={day.mixed_upload}"),
        "scorecard": (staff, "/scorecard"),
        "expected-taken": (staff, "/expected?created=12&changed=3&unchanged=2&cancelled=1&still_cancelled=1"),
        "expected-none": (staff, "/expected?day=2026-01-31"),
        "study-links": (staff, f"/studies/{day.study}/links"),
        "shared": (None, "/shared"),
        "people": ("lead-token", "/people"),
        "people-invite": ("lead-token", "/people/invite"),
        "people-person": ("lead-token", "/people/u-2?done=remind"),
        "people-disabled": ("lead-token", "/people/u-3"),
        "study": (staff, f"/studies/{day.study}"),
        "file-accepted": (staff, f"/files/{day.accepted_file}"),
        "file-warned": (staff, f"/files/{day.warned_file}"),
        "file-rejected": (staff, f"/files/{day.rejected_file}"),
        "file-failed": (staff, f"/files/{day.failed_file}"),
        "file-image": (staff, f"/files/{day.image_file}"),
        "file-document": (staff, f"/files/{day.document_file}"),
        "file-waiting": (staff, f"/files/{day.waiting_file}"),
        "not-found": (staff, "/files/nothing-here"),
        "forbidden": (staff, "/admin"),
        "dashboard": (admin, "/admin"),
        "dashboard-now": (admin, "/admin?range=now"),
        "dashboard-week": (admin, "/admin?range=7d&clinic=northside"),
        "dashboard-month": (admin, "/admin?range=30d"),
        "dashboard-nothing": (admin, "/admin?range=now&clinic=lakeview"),
        "storage": (admin, "/admin/storage"),
        "notifications": (staff, "/settings/notifications"),
        "notifications-none": (admin, "/settings/notifications/lakeview"),
        "notifications-operations": (admin, "/settings/notifications"),
        "admin-files": (admin, "/files"),
        "quarantine": (admin, "/admin/quarantine"),
        "quarantine-grouped": (admin, "/admin/quarantine?group=cause"),
        "admin-uploads": (admin, "/admin/uploads"),
        "quarantine-none": (admin, "/admin/quarantine?clinic=lakeview&code=truncated"),
        "quarantined-file": (admin, f"/admin/quarantine/{day.rejected_file}"),
        "stuck": (admin, "/admin/stuck"),
        "dead-letters": (admin, "/admin/dead-letters"),
        "reviews": (admin, "/admin/reviews"),
        "order-running": (admin, f"/admin/orders/{day.running_order}"),
        "order-tried": (admin, f"/admin/orders/{day.tried_order}"),
        "rebuilds": (admin, "/admin/rebuilds"),
        "rebuild-running": (admin, f"/admin/rebuilds/{day.running_rebuild}"),
        "rebuild-found": (admin, f"/admin/rebuilds/{day.found_rebuild}"),
        "admin-studies": (admin, "/studies"),
        "admin-studies-missing": (admin, "/studies?clinic=northside&tab=missing"),
        "admin-study": (admin, f"/studies/{day.study}"),
        "admin-receipt": (admin, f"/uploads/{day.mixed_upload}"),
        "signed-out": (None, "/signed-out?next=/files"),
        "api-docs": (None, "/api/docs"),
    } | {name: (admin, path) for name, path in (administration.PAGES | analysed.PAGES).items()}


def take(browser: Browser, portal: PortalServer, day: Day, folder: Path) -> None:
    only = os.environ.get("ONLY")
    for width, (across, down) in WIDTHS.items():
        for scheme in SCHEMES:
            for name, (token, path) in pages(day).items():
                if only and token != only:
                    continue
                context = open_context(browser, across, down, scheme)
                if token:
                    context.add_cookies(portal.cookies(token))
                page = context.new_page()
                page.goto(portal.url + path)
                settle(page)
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
                context.close()


def take_uploads(browser: Browser, portal: PortalServer, folder: Path) -> None:
    """Take the states that the upload page goes through while files are chosen and sent."""
    for width, (across, down) in WIDTHS.items():
        for scheme in SCHEMES:
            context = open_context(browser, across, down, scheme)
            context.add_cookies(portal.cookies("staff-token"))
            page = context.new_page()

            def shoot(name: str, page: Page = page, end: str = f"{width}-{scheme}.png") -> None:
                page.screenshot(path=folder / f"{name}-{end}", full_page=True)

            visit_states(page, portal, shoot)
            context.close()


def open_context(browser: Browser, across: int, down: int, scheme: Literal["light", "dark"]) -> BrowserContext:
    """Open a browser that prefers the language of `LANGUAGE`."""
    locale = LOCALES.get(os.environ.get("LANGUAGE", "")[:2], LOCALES["en"])
    return browser.new_context(viewport={"width": across, "height": down}, color_scheme=scheme, locale=locale)


def settle(page: Page) -> None:
    """Wait until fonts and scripts are done."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => undefined)")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    logger().setLevel("WARNING")
    with portal_server() as portal, chromium() as browser:
        take(browser, portal, fill(portal), folder)
        take_uploads(browser, portal, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("screenshots"))
