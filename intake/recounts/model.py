"""What is found and done where sums are made anew."""

from dataclasses import dataclass, field
from datetime import timedelta

from intake.errors import ScalperError
from intake.table.expressions import Write

REST = timedelta(minutes=2)
"""How long nothing must have happened to a study before it is recounted: the index that lists its files lags behind."""


UNDER_WAY = timedelta(minutes=15)
"""For how long a change may be on its way to the sums: an audit takes none for lost that is younger."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A number that stands otherwise than the records make it. Nothing of it tells of a patient or a file's name."""

    subject: str
    """What it belongs to: `upload 01k…`, `study 4f…`, `clinic northside`, `day 2026-11-22 of northside`."""
    name: str
    """Of the number, as its item calls it; or what is not there at all."""
    standing: int
    expected: int

    def __str__(self) -> str:
        return f"{self.subject}: {self.name} is {self.standing}, the records make it {self.expected}"


@dataclass(frozen=True, slots=True)
class Mending:
    """An item, held against what the records make of it."""

    write: Write
    """Goes through where the item is as it was read."""
    differences: list[Difference]


@dataclass(slots=True)
class Findings:
    """What came of looking at something."""

    differences: list[Difference] = field(default_factory=list)
    """What stood otherwise; after mending it does no more."""
    uncounted: int = 0
    """Changes of records that no sum held."""
    adopted: int = 0
    """Marks that told otherwise what was counted of a file, or were gone."""
    beside: int = 0
    """Items beside the sums (what a study is found by, devices' names) that an audit found to be written anew."""

    def add(self, more: "Findings") -> None:
        self.differences += more.differences
        self.uncounted += more.uncounted
        self.adopted += more.adopted
        self.beside += more.beside

    @property
    def is_exact(self) -> bool:
        return not (self.differences or self.uncounted or self.adopted or self.beside)


@dataclass(slots=True)
class Report:
    """What came of a rebuild or an audit, so far."""

    findings: Findings = field(default_factory=Findings)
    units: int = 0
    busy: list[str] = field(default_factory=list)
    """Units that kept changing, and are to be looked at another time."""
    postponed: dict[str, None] = field(default_factory=dict)
    """Positions of units that changed just now, and come again at the end of their phase."""
    at: str = ""
    """Position of the unit that is being looked at, or was last."""


class MovedError(ScalperError):
    """Raised when what is recounted changed meanwhile, each time that it was tried: it comes again later."""
