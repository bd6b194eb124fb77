"""The clinic's scorecard: how its files fared over twelve weeks, each number with the list of files behind it."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from intake.projections.model import OTHER
from intake.rules import catalogue
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.monitoring.scorecard import WEEKS, build_scorecard
from portal.web.layout.pages import Staff, build_address

router = APIRouter(prefix="/scorecard")

MOST = 10
"""Causes and devices shown; those that reject fewer are told by their number."""


@router.get("")
def scorecard_page(request: Request, identity: Staff, services: Collaborators) -> Response:
    card, rules = build_scorecard(services, identity), catalogue().rules
    since, until = card.total.since, card.at
    rejected = {key: _list_files(since, until, "rejected", device=key) for key in card.device_labels if key != OTHER}
    return render(
        request,
        "scorecard.html",
        card=card,
        span=WEEKS,
        weeks=[
            (week, *(_list_files(week.since, week.until, state) for state in ("accepted", "rejected", "failed")))
            for week in card.weeks
        ],
        totals={state: _list_files(since, until, state) for state in ("accepted", "rejected", "failed")},
        causes=[
            (code, count, rules.get(code), _list_files(since, until, "rejected", code=code))
            for code, count in card.causes[:MOST]
        ],
        more_causes=len(card.causes[MOST:]),
        devices=[
            (row, card.device_labels.get(row.key, row.key), rejected.get(row.key, "")) for row in card.devices[:MOST]
        ],
        more_devices=len(card.devices[MOST:]),
    )


def _list_files(since: datetime, until: datetime, state: str, **narrowed: str) -> str:
    return build_address(
        "/files", {"state": state, "since": f"{since:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}", **narrowed}
    )
