"""Answers of the saved queries for the analytics' pages to be looked at."""

from datetime import UTC, datetime, timedelta

from intake.analytics.model import Progress, QueryRun, ResultTable
from intake.files.model import now
from portal.saved_queries import find_query
from tests.browser.portal_server import PortalServer

PAGES = {
    "analytics": "/admin/analytics",
    "analytics-throughput": "/admin/analytics/throughput?days=7",
    "analytics-unasked": "/admin/analytics/cost?days=7",
    "analytics-running": "/admin/analytics/throughput?days=90",
    "analytics-failed": "/admin/analytics/time_to_verdict?days=90",
}
"""What admins look at → its address."""

REJECTIONS = (
    ("truncated", "Example Imaging CT 900 · a1c4", "northside", "1204", "48120", "2.502"),
    ("kind-unsupported", "", "lakeview", "318", "902", "35.25"),
    ("sop-instance-conflict", "Sample Medical MR-3 · b802", "northside", "41", "20310", "0.2018"),
    (
        "pixel-data-length",
        "Fictional Ultrasound Research Institute Vario 2000 XL · 77d0",
        "lakeview",
        "12",
        "7340",
        "0.16",
    ),
    ("not-dicom", "Example Imaging DX 20 · c93f", "lakeview", "3", "11002", "0.027"),
)
COSTS = (
    ("northside", "612044", "318044122880", "31.65", "6.81", "38.46"),
    ("lakeview", "90210", "41231686041", "4.66", "0.88", "5.54"),
    ("harbour", "12", "6340608", "6.2E-4", "1.4E-4", "7.6E-4"),
)


def _hours():
    for hour in range(6, 21):
        busy = 1 + 9 * (8 <= hour < 18) * (1 - abs(13 - hour) / 10)
        yield (str(hour), f"{2340 * busy:.0f}", f"{1.2e9 * busy:.0f}", f"{1 + hour % 4}.{hour}", f"{410 * busy:.0f}")


def _days():
    today = datetime.now(UTC)
    for ago in range(8):
        slow = 7 if ago == 3 else 1
        times = (410, 1200 * slow, 5100 * slow, 64_200 * slow)
        yield (f"{today - timedelta(days=ago):%Y-%m-%d}", str(9120 - 811 * ago), *map(str, times))


def analyse(portal: PortalServer) -> None:
    """Have queries run: some are done, one runs, one failed."""
    for key, days, rows in (
        ("rejections", 30, REJECTIONS),
        ("throughput", 7, tuple(_hours())),
        ("time_to_verdict", 7, tuple(_days())),
        ("cost", 90, COSTS),
        ("rejections", 7, ()),
    ):
        _run(portal, key, days, minutes_ago=3 if days == 7 else 95, rows=rows)
    _run(portal, "throughput", 90, progress=Progress.RUNNING)
    _run(portal, "time_to_verdict", 90, progress=Progress.FAILED)


def _run(portal, key, days, *, minutes_ago=0, progress=Progress.DONE, rows=()) -> None:
    query = find_query(key)
    execution_id = portal.athena.start(query.sql(days), f"{key} {days}")
    portal.query_runs.note(QueryRun(key, days, execution_id, now() - timedelta(minutes=minutes_ago)))
    portal.athena.fates[execution_id] = progress
    portal.athena.tables[execution_id] = ResultTable(tuple(column.name for column in query.columns), rows)
