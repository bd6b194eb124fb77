"""The analytics: saved queries over all verdicts, and what their latest runs answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from intake.analytics.model import Progress
from intake.errors import NotFoundError
from intake.languages import format_number
from portal.http.pages.rendering import render
from portal.http.sessions.dependencies import Collaborators
from portal.monitoring import analytics
from portal.presentation import formatting
from portal.presentation.labels import name_clinic
from portal.presentation.languages import gettext
from portal.saved_queries import PERIODS, QUERIES, USUAL, Column, SavedQuery, Told, find_query
from portal.services import Services
from portal.web.layout.pages import Admin, see_other

router = APIRouter(prefix="/admin/analytics")

Days = Annotated[int, Query()]

NOTHING = "\u2013"

WRITERS: Mapping[Told, Callable[[float], str]] = {
    Told.COUNT: format_number,
    Told.BYTES: lambda amount: formatting.format_size(round(amount)),
    Told.PERCENT: lambda amount: gettext("under 0.1 %") if 0 < amount < 0.05 else formatting.format_share(amount),
    Told.DURATION: lambda amount: formatting.format_duration(round(amount)),
    Told.DOLLARS: formatting.format_dollars,
    Told.HOUR: "{:02.0f}:00".format,
}
"""How amounts are written, as on other pages; Athena writes large ones with an exponent."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, as it is shown."""

    column: Column
    text: str
    href: str = ""
    amount: float = 0
    """Where the column has bars: how long its one is."""


@router.get("")
def first_page(request: Request, services: Collaborators, days: Days = USUAL) -> Response:
    return render(request, "admin/analytics.html", **_build_view(services, QUERIES[0], days))


@router.get("/{key}")
def query_page(request: Request, services: Collaborators, key: str, days: Days = USUAL) -> Response:
    return render(request, "admin/analytics.html", **_build_view(services, _require_query(key), days))


@router.get("/{key}/_answer")
def answer_again(request: Request, services: Collaborators, key: str, days: Days = USUAL) -> Response:
    return render(request, "admin/_answer.html", **_build_view(services, _require_query(key), days))


@router.post("/{key}")
def run(identity: Admin, services: Collaborators, key: str, days: Annotated[int, Form()]) -> Response:
    query = _require_query(key)
    analytics.run_query(services, identity, query, _check_period(days))
    return see_other(_build_address(query, days))


def _require_query(key: str) -> SavedQuery:
    query = find_query(key)
    if query is None:
        raise NotFoundError("there is no such query")
    return query


def _check_period(days: int) -> int:
    if days not in PERIODS:
        raise NotFoundError("there is no such period")
    return days


def _build_view(services: Services, query: SavedQuery, asked: int) -> dict[str, Any]:
    days = _check_period(asked)
    answer = analytics.find_answer(services, query, days)
    names = {clinic.clinic_id: clinic.name for clinic in services.directory.clinics()}
    rows = answer.table.rows if answer and answer.table else ()
    return {
        "queries": [(one, _build_address(one, days)) for one in QUERIES],
        "query": query,
        "days": days,
        "periods": [(one, _build_address(query, one)) for one in PERIODS],
        "since": services.clock() - timedelta(days=days),
        "answer": answer,
        "running": answer is not None and answer.progress is Progress.RUNNING,
        "failed": answer is not None and answer.progress is Progress.FAILED,
        "rows": [
            [_write_cell(column, value, names) for column, value in zip(query.columns, row, strict=True)]
            for row in rows
        ],
        # What a column's bars are drawn against: its largest number, or 1 where there is none.
        "most": {
            column.name: max((float(row[place] or 0) for row in rows), default=0) or 1
            for place, column in enumerate(query.columns)
            if column.bar
        },
        "repeatable_at": answer.repeatable_at() if answer else None,
        "repeatable": answer is None or services.clock() >= answer.repeatable_at(),
        "page": _build_address(query, days),
        "again": f"/admin/analytics/{query.key}/_answer?{urlencode({'days': days})}",
        "console": _link_console(services, answer.run.execution_id if answer else ""),
        "kept_minutes": analytics.KEPT // timedelta(minutes=1),
    }


def _build_address(query: SavedQuery, days: int) -> str:
    return f"/admin/analytics/{query.key}?{urlencode({'days': days})}"


def _link_console(services: Services, execution_id: str) -> str:
    """Return where Athena's console shows a run, or its saved queries; nothing on a stack that AWS knows nothing of."""
    settings = services.settings
    if not settings.secure:
        return ""
    where = f"history/{execution_id}" if execution_id else "saved-queries"
    return (
        f"https://{settings.region}.console.aws.amazon.com/athena/home?region={settings.region}#/query-editor/{where}"
    )


def _write_cell(column: Column, value: str | None, names: dict[str, str]) -> Cell:
    if not value:
        return Cell(column, gettext("Not named") if column.told is Told.DEVICE else NOTHING)
    if column.told is Told.CLINIC:
        return Cell(column, name_clinic(value, names))
    if column.told is Told.CAUSE:
        return Cell(column, value, f"/admin/quarantine?{urlencode({'code': value})}")
    if column.told in {Told.DEVICE, Told.DAY}:
        return Cell(column, value)
    return Cell(column, WRITERS[column.told](float(value)), amount=float(value) if column.bar else 0)
