"""The admins' dashboard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from intake.files.keys import UNASSIGNED, UNKNOWN_SENDERS
from intake.files.states import State
from intake.languages import format_number, mark
from intake.projections.model import Grain
from portal.costs.estimate import MONTH, compute_rates
from portal.costs.prices import KNOWN, REGION
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.monitoring.dashboard import Dashboard, Pipeline, build_dashboard
from portal.monitoring.dashboard import estimate_costs as estimated
from portal.monitoring.statistics import RANGES, SHARES, TOLD
from portal.presentation import formatting, labels
from portal.presentation.labels import STATE_BADGES, Badge
from portal.presentation.languages import gettext
from portal.services import Services
from portal.web.layout.pages import build_address
from portal.web.layout.receipts import Tile
from portal.web.quarantine.work_lists import QUARANTINE

router = APIRouter(prefix="/admin")

Wanted = Annotated[str, Query(alias="range")]

CHARTED = {state: STATE_BADGES[state] for state in TOLD}
"""From the foot of each bar to its head."""
CODES = 8
"""Causes of rejection shown."""
LEAST_SCALE = 10.0
"""Per cent that a bar of rejections reaches to at the least, so that one in a hundred looks like little."""
TROUBLE = mark("{messages} in the dead-letter queue: checking failed again and again. The files are safe meanwhile.")
STANDINGS = 20
"""Clinics and devices shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the tables beside the charts."""

    start: datetime
    numbers: list[tuple[int, str]]
    """Files by state, each with the address of their list."""
    durations: list[str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is the matter now; `badge` where it matters, `href` where something is to be done."""

    label: str
    text: str
    badge: Badge | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the files are listed that a number of the dashboard counts: those of its range, and of its clinic."""

    clinic_id: str
    since: datetime

    def rejected(self, **narrowed: str) -> str:
        """Return the quarantine's address, narrowed further."""
        return build_address(QUARANTINE, {"clinic": self.clinic_id, "since": _write_minute(self.since), **narrowed})

    def files(self, **narrowed: str) -> str:
        """Return the address of the list of files, which knows days only."""
        return build_address("/files", {"clinic": self.clinic_id, "since": f"{self.since:%Y-%m-%d}", **narrowed})

    def in_state(self, state: State, until: datetime | None = None) -> str:
        """Return the address of the files of a state, up to a moment or till now."""
        if state is State.REJECTED:
            return self.rejected(until=_write_minute(until) if until else "")
        # The last day is one of those that are listed.
        last = f"{until - timedelta(milliseconds=1):%Y-%m-%d}" if until else ""
        return self.files(state=state.value, until=last)


def _write_minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"


@router.get("")
def admin_page(request: Request, services: Collaborators, wanted: Wanted = "24h", clinic: str = "") -> Response:
    return render(request, "admin.html", **_build_view(services, wanted, clinic))


@router.get("/_dashboard")
def dashboard_again(request: Request, services: Collaborators, wanted: Wanted = "24h", clinic: str = "") -> Response:
    return render(request, "_dashboard.html", **_build_view(services, wanted, clinic))


@router.get("/storage")
def storage_page(request: Request, services: Collaborators) -> Response:
    rows = estimated(services)
    return render(
        request,
        "storage.html",
        costs=rows,
        bytes=sum(row.bytes for row in rows),
        files=sum(row.files for row in rows),
        month=sum(row.month for row in rows),
        rates=compute_rates(),
        prices_of=KNOWN,
        region=REGION,
        days=MONTH,
        names=_list_names(services),
    )


def _build_view(services: Services, wanted: str, clinic: str) -> dict[str, Any]:
    span = RANGES.get(wanted, RANGES["24h"])
    shown = build_dashboard(services, span, clinic or None)
    names, dead = _list_names(services), shown.pipeline.dead
    links = Links(clinic, span.starts(shown.at)[0])
    return {
        "shown": shown,
        "names": names,
        "who": names.get(clinic, clinic) if clinic else gettext("All clinics"),
        "ranges": [(one, build_address("/admin", {"range": one.key, "clinic": clinic})) for one in RANGES.values()],
        "again": build_address("/admin/_dashboard", {"range": span.key, "clinic": clinic}),
        # What an admin must look at now, if anything.
        "trouble": gettext(TROUBLE).format(messages=formatting.format_count(dead, "message")) if dead else None,
        "links": links,
        "tiles": [
            (Tile(shown.counts.get(state, 0), badge.label, badge), links.in_state(state))
            for state, badge in CHARTED.items()
        ],
        "now": _list_facts(shown.pipeline),
        **_build_charts(shown, clinic),
        "by_date": span.grain is Grain.DAY,
        "codes": shown.codes[:CODES],
        "worst": max([LEAST_SCALE, *(row.rate for row in (*shown.clinics, *shown.devices))]),
        "clinics": shown.clinics[:STANDINGS],
        "devices": [(shown.device_labels.get(row.key, row.key), row) for row in shown.devices[:STANDINGS]],
        "more_devices": max(0, len(shown.devices) - STANDINGS),
        "more_clinics": max(0, len(shown.clinics) - STANDINGS),
        "quiet": {one.clinic_id for one in shown.pipeline.quiet},
    }


def _list_names(services: Services) -> dict[str, str]:
    clinics = {clinic.clinic_id: clinic.name for clinic in services.directory.clinics()}
    return {**clinics, UNASSIGNED: gettext(UNKNOWN_SENDERS)}


def _list_facts(pipeline: Pipeline) -> list[Fact]:
    """Return the state of the pipeline, and where to go on where it matters."""
    calm, alarmed, watched = STATE_BADGES[State.ACCEPTED], STATE_BADGES[State.REJECTED], labels.WARNED
    stuck, dead, quiet = pipeline.stuck, pipeline.dead, len(pipeline.quiet)
    oldest = (
        gettext("Not measured yet")
        if pipeline.oldest_s is None
        else formatting.format_duration(1000 * pipeline.oldest_s)
    )
    return [
        Fact("Waiting in the queue", formatting.format_count(pipeline.waiting, "message")),
        Fact("Oldest has waited", oldest if pipeline.waiting else gettext("Nothing waits")),
        Fact("Stuck files", format_number(stuck), alarmed if stuck else calm, "/admin/stuck" if stuck else ""),
        Fact(
            "Dead letters",
            format_number(dead),
            alarmed if dead else calm,
            "/admin/dead-letters" if dead else "",
        ),
        Fact("Quiet clinics", format_number(quiet), watched if quiet else calm),
    ]


def _build_charts(shown: Dashboard, clinic: str) -> dict[str, Any]:
    """Return the charts of verdicts and of how long files took to one, as their script draws them, and their tables."""
    length = shown.range.grain.value
    step = int(length.total_seconds())
    axis = {"starts": [int(one.start.timestamp()) for one in shown.steps], "step": step}
    verdicts = [
        {"label": gettext(badge.label), "tone": badge.tone, "values": [step.counts[state] for step in shown.steps]}
        for state, badge in CHARTED.items()
    ]
    latency = [
        {"label": f"{share:.0%}", "values": [step.percentiles[place] for step in shown.steps]}
        for place, share in enumerate(SHARES)
    ]
    return {
        "verdicts": {**axis, "kind": "bars", "series": verdicts, "list": build_address(QUARANTINE, {"clinic": clinic})},
        "latency": {**axis, "kind": "lines", "series": latency},
        "charted": list(CHARTED.values()),
        "shares": [f"{share:.0%}".replace("%", " %") for share in SHARES],
        "rows": [
            Row(
                step.start,
                [
                    (step.counts[state], Links(clinic, step.start).in_state(state, step.start + length))
                    for state in CHARTED
                ],
                [formatting.format_taken(one) for one in step.percentiles],
            )
            for step in reversed(shown.steps)
        ],
    }
