"""The admins' dashboard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from intake.states import State
from portal import words
from portal.dashboard import Dashboard, Hour, dashboard
from portal.identity import Identity
from portal.pages import render
from portal.services import Services, services_of
from portal.session import admin
from portal.web.receipts import Tile
from portal.words import LOOKS, Look

router = APIRouter(prefix="/admin", default_response_class=HTMLResponse, include_in_schema=False)

Admin = Annotated[Identity, Depends(admin)]
Collaborators = Annotated[Services, Depends(services_of)]

CHARTED = (State.ACCEPTED, State.REJECTED, State.FAILED, State.EXPIRED)
"""From the foot of each bar to its head."""

CODES = 8
"""Causes of rejection shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One hour of the table beside the chart."""

    hour: datetime
    numbers: list[int]


@router.get("")
def admin_page(request: Request, identity: Admin, services: Collaborators) -> Response:
    return render(request, "admin.html", **_view(dashboard(services, identity)))


@router.get("/_dashboard")
def dashboard_again(request: Request, identity: Admin, services: Collaborators) -> Response:
    return render(request, "_dashboard.html", **_view(dashboard(services, identity)))


def _view(shown: Dashboard) -> dict[str, Any]:
    return {
        "shown": shown,
        "trouble": _trouble(shown),
        "tiles": _tiles(shown),
        "now": _now(shown),
        "charted": [LOOKS[state] for state in CHARTED],
        "chart": _chart(shown.hours),
        "hours": [Row(hour.hour, [hour.counts.get(state, 0) for state in CHARTED]) for hour in reversed(shown.hours)],
        "codes": shown.codes[:CODES],
    }


def _trouble(shown: Dashboard) -> str | None:
    """Say what an admin must look at now, if anything."""
    if not shown.dead:
        return None
    return (
        f"{words.count(shown.dead, 'message')} in the dead-letter queue: checking failed again and again. "
        "Find the cause in the logs, then redrive the queue; the files are safe meanwhile."
    )


def _tiles(shown: Dashboard) -> list[Tile]:
    return [Tile(shown.counts.get(state, 0), LOOKS[state].label, LOOKS[state]) for state in CHARTED]


def _now(shown: Dashboard) -> list[tuple[str, str, Look | None]]:
    """Return the state of the pipeline as label, text and, where it matters, a look."""
    calm, alarmed = LOOKS[State.ACCEPTED], LOOKS[State.REJECTED]
    took = "No verdicts yet" if shown.p95_ms is None else f"Up to {words.duration(shown.p95_ms)}"
    return [
        ("Waiting in the queue", words.count(shown.waiting, "message"), None),
        ("Dead letters", words.count(shown.dead, "message"), alarmed if shown.dead else calm),
        ("Time to verdict, 95 % of files", took, None),
        ("Stored", words.size(shown.bytes), None),
    ]


def _chart(hours: tuple[Hour, ...]) -> dict[str, Any]:
    series = [
        {
            "label": LOOKS[state].label,
            "tone": LOOKS[state].tone,
            "values": [hour.counts.get(state, 0) for hour in hours],
        }
        for state in CHARTED
    ]
    return {"hours": [int(hour.hour.timestamp()) for hour in hours], "series": series}
