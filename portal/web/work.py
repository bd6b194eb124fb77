"""What the pages of the work lists share."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from intake.ports import Order, Selection
from intake.states import State
from portal.amounts import count
from portal.days import day

TABS = (
    ("/admin/quarantine", "Quarantine"),
    ("/admin/reviews", "Waiting for a second admin"),
    ("/admin/stuck", "Stuck files"),
    ("/admin/dead-letters", "Dead letters"),
)

QUARANTINE = "/admin/quarantine"

Text = Annotated[str, Field(max_length=80)]

LEAST_REASON = 8
"""Characters of a reason; fewer explain nothing to whoever reads the audit log."""
MOST_REASON = 500


class Filter(BaseModel):
    """Which rejected files are listed, as the page's address says it."""

    clinic: Text = ""
    code: Text = ""
    kind: Text = ""
    since: Text = ""
    until: Text = ""

    @property
    def selection(self) -> Selection:
        return Selection(
            state=State.REJECTED,
            clinic_id=self.clinic.strip(),
            code=self.code.strip(),
            kind=self.kind,
            since=day(self.since),
            until=day(self.until),
        )

    def address(self, **more: str) -> str:
        told = {**self.model_dump(include=set(Filter.model_fields)), **more}
        kept = {name: value for name, value in told.items() if value}
        return QUARANTINE + (f"?{urlencode(kept)}" if kept else "")


class Choice(Filter):
    """Which of them something is to be done with."""

    order_id: Text
    scope: Literal["selected", "all"] = "selected"
    file: list[Text] = Field(default=[], max_length=500)
    reason: Annotated[str, Field(max_length=2000)] = ""

    @property
    def chosen(self) -> Selection:
        if self.scope == "all":
            return self.selection
        return Selection(file_ids=tuple(dict.fromkeys(self.file)), state=State.REJECTED)

    @property
    def is_empty(self) -> bool:
        return self.scope == "selected" and not self.file

    @property
    def told(self) -> str:
        """Say which files are meant."""
        return "all files that match the filter" if self.scope == "all" else count(len(set(self.file)), "file")


def reason_error(reason: str) -> str | None:
    """Say what is wrong with a reason, if anything."""
    if len(reason.strip()) < LEAST_REASON:
        return "Write in a few words why. The audit log keeps it."
    return f"Use at most {MOST_REASON} characters." if len(reason) > MOST_REASON else None


def to_order(order: Order) -> RedirectResponse:
    """Lead to where the order is watched."""
    return RedirectResponse(f"/admin/orders/{order.order_id}", 303)
