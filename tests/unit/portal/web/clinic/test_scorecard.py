"""The clinic's scorecard: its numbers, and that each leads to the files behind it."""

import re
from datetime import timedelta
from html import unescape

import pytest

from intake.files.model import Finding, Severity, now
from intake.files.states import State
from intake.projections.model import Device, DueAlert, device
from portal.monitoring.scorecard import WEEKS, Checked
from processor.projection.alert_texts import write_scorecard
from tests.records import a_file
from tests.unit.intake.projections.test_projections import a_change

SCANNER = {"manufacturer": "Acme", "manufacturer_model": "CT"}
BROKEN = "pixel-data-short"


def rejected(number, at, **more):
    made_by = device("northside", SCANNER)
    return a_change(number, at=at, after=State.REJECTED, codes=(BROKEN,), device=made_by, **more)


@pytest.fixture
def sent(portal):
    """A clinic that sent, in this week and in the one before, and another one that sent, too."""
    at = now()
    portal.projections.apply(
        [
            *(a_change(number, at=at) for number in range(7)),
            rejected(7, at),
            rejected(8, at - timedelta(weeks=1)),
            a_change(8, at=at, revision=2, before=State.REJECTED),
            a_change(9, at=at - timedelta(weeks=WEEKS + 1)),
            a_change(10, at=at, clinic_id="lakeview", after=State.REJECTED, codes=("empty-file",)),
            a_change(11, at=at, clinic_id="lakeview", device=Device("feedfeedfeed", "Lakeview's · feed")),
        ]
    )
    return portal


def links(text):
    return [unescape(href) for href in re.findall(r'<a href="(/files\?[^"]+)"', text)]


def test_a_clinic_reads_its_own_numbers_and_no_others(sent):
    text = sent.browser().get("/scorecard").text
    assert "77.8&nbsp;%" in text, "7 of 9 files were accepted when they were first checked"
    assert BROKEN in text
    assert "Acme CT" in text
    assert "empty-file" not in text
    assert "Lakeview" not in text
    other = sent.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]}).get("/scorecard").text
    assert BROKEN not in other
    assert "50.0&nbsp;%" in other


def test_each_number_leads_to_its_files(sent):
    found = links(sent.browser().get("/scorecard").text)
    key = device("northside", SCANNER).key
    assert any(f"code={BROKEN}" in href and "state=rejected" in href for href in found)
    assert any(f"device={key}" in href and "state=rejected" in href for href in found)
    assert all("since=" in href and "until=" in href for href in found)
    assert {sent.browser().get(href).status_code for href in found} == {200}


def test_a_week_without_files_and_a_clinic_without_any_say_so(portal):
    text = portal.browser().get("/scorecard").text
    assert text.count("None checked") == WEEKS
    assert "Nothing was rejected" in text
    assert links(text) == []


def test_the_page_reads_once(sent):
    before = sent.projections.reads
    sent.browser().get("/scorecard")
    assert sent.projections.reads == before + 1


def test_a_list_is_narrowed_by_cause_and_device(portal):
    finding = Finding(BROKEN, Severity.REJECT, "Short", "Send it again")
    records = [
        a_file(0, state=State.REJECTED, findings=(finding,), metadata=SCANNER, name="by-acme.dcm"),
        a_file(1, state=State.REJECTED, findings=(finding,), metadata={}, name="by-nobody.dcm"),
        a_file(2, state=State.REJECTED, metadata=SCANNER, name="other-cause.dcm"),
        a_file(3, state=State.ACCEPTED, metadata=SCANNER, name="accepted.dcm"),
    ]
    portal.table.files |= {record.file_id: record for record in records}
    key, client = device("northside", SCANNER).key, portal.browser()

    def listed(query):
        text = client.get(f"/files?{query}").text
        return {name for name in ("by-acme", "by-nobody", "other-cause", "accepted") if f"{name}.dcm" in text}

    assert listed(f"code={BROKEN}") == {"by-acme", "by-nobody"}
    assert listed(f"device={key}&state=rejected") == {"by-acme", "other-cause"}
    assert listed(f"device={key}") == {"by-acme", "other-cause", "accepted"}
    assert listed(f"device={key}&code={BROKEN}&state=rejected") == {"by-acme"}
    assert listed("device=feedfeedfeed") == set()
    assert listed("device=no-key&code=NO CODE") == {"by-acme", "by-nobody", "other-cause", "accepted"}


@pytest.mark.parametrize(
    ("accepted", "refused", "told"),
    [(2999, 1, "99.9"), (99_999, 1, "99.9"), (3000, 0, "100.0"), (1, 2999, "0.1"), (0, 7, "0.0"), (1998, 2, "99.9")],
)
def test_no_share_is_called_all_or_nothing_that_is_not(accepted, refused, told):
    """`100.0 %` beside a rejection is a number that does not add up."""
    at = now()
    checked = Checked(since=at, until=at, accepted=accepted, rejected=refused, failed=0, again=0)
    assert f"{checked.first_share:.1f}" == told
    codes = {"accepted": accepted, "rejected": refused}
    due = DueAlert("clinic.scorecard", "northside", "northside", 1, codes, "")
    assert f" {told} % accepted at first try" in write_scorecard(due, "https://portal.test").subject
