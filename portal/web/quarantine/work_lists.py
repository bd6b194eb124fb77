"""What the pages of the work lists share."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi.responses import Response
from pydantic import BaseModel, Field

from intake.files.states import State
from intake.languages import mark
from intake.orders.model import Order, Selection
from portal.presentation.formatting import format_count, parse_moment
from portal.presentation.languages import gettext
from portal.quarantine.unfinished_work import MOST_COUNTED, WorkList, count_work
from portal.services import Services
from portal.web.layout.pages import see_other

_LISTS = (
    ("/admin/quarantine", "Quarantine", WorkList.REJECTED),
    ("/admin/reviews", "Waiting for a second admin", WorkList.REVIEWS),
    ("/admin/stuck", "Stuck files", WorkList.STUCK),
    ("/admin/dead-letters", "Dead letters", WorkList.DEAD_LETTERS),
)

COUNTS = mark("Counts")


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the work lists, and how much stands in it."""

    href: str
    label: str
    count: str
    """Empty where nothing is there to do."""


def list_tabs(services: Services) -> list[Tab]:
    """Return the work lists with their counts, which cost the same however long the lists are."""
    numbers = count_work(services)
    counted = ((href, label, numbers[which]) for href, label, which in _LISTS)
    most = f"{MOST_COUNTED}+"
    tabs = [Tab(href, label, most if count > MOST_COUNTED else f"{count or ''}") for href, label, count in counted]
    # Nothing waits there for anybody.
    return [*tabs, Tab("/admin/rebuilds", COUNTS, "")]


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
    upload: Text = ""
    device: Text = ""
    since: Text = ""
    until: Text = ""
    handled: Literal["", "too"] = ""
    """Whether what its clinic has replaced or dealt with is listed too."""
    group: Text = ""
    """What the page puts side by side; it leaves out nothing."""

    @property
    def selection(self) -> Selection:
        return Selection(
            state=State.REJECTED,
            clinic_id=self.clinic.strip(),
            code=self.code.strip(),
            kind=self.kind,
            upload_id=self.upload.strip(),
            device=self.device.strip(),
            since=parse_moment(self.since),
            until=parse_moment(self.until),
        )

    @property
    def query(self) -> dict[str, str]:
        """What of it an address holds."""
        return {name: value for name in Filter.model_fields if (value := getattr(self, name))}


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
        if self.scope == "all":
            return gettext("all files that match the filter")
        return format_count(len(set(self.file)), "file")


def check_reason(reason: str) -> str | None:
    """Say what is wrong with a reason, if anything."""
    if len(reason.strip()) < LEAST_REASON:
        return gettext("Write a few words to say why. The audit log keeps them.")
    too_long = gettext("Use at most {most} characters.").format(most=MOST_REASON)
    return too_long if len(reason) > MOST_REASON else None


def lead_to_order(order: Order) -> Response:
    """Lead to where the order is watched."""
    return see_other(f"/admin/orders/{order.order_id}")
