"""What a clinic's month costs on AWS, by the lines of `make cost`: what it keeps, and what was judged for it.

An estimate to compare clinics by, not a bill: of files that come together and are as large as its own, without free
tiers, discounts, files sent out, copies that go by themselves, CloudTrail, and what costs the same however many come.
"""

from dataclasses import dataclass
from functools import cache

from portal.costs.assumptions import FILE_GB
from portal.costs.marginal import list_kept_lines, list_lines
from portal.costs.metered import load_metered
from portal.costs.prices import GB

MONTH = 30
"""Days of verdicts that a month's cost is estimated from."""

PATTERN = "burst"


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars."""

    verdict: float
    """For taking in one file, whatever its verdict."""
    gb: float
    """For a month of keeping a gigabyte (2³⁰ bytes)."""
    record: float
    """For a month of keeping what is known of one file, with its backups."""
    services: dict[str, float]
    """Of `verdict`, by AWS's service, for a million files; the dearest first."""


@cache
def compute_rates() -> Rates:
    """Return what the lines come to."""
    found = load_metered()[PATTERN]
    services: dict[str, float] = {}
    for line in list_lines(found):
        service = line.what.partition(":")[0]
        services[service] = services.get(service, 0.0) + 1_000_000 * line.usd
    file, *record = list_kept_lines()
    dearest = dict(sorted(services.items(), key=lambda one: -one[1]))
    return Rates(sum(services.values()) / 1_000_000, file.usd / FILE_GB, sum(line.usd for line in record), dearest)


@dataclass(frozen=True, slots=True)
class Cost:
    """A clinic's estimated month, in US dollars."""

    clinic_id: str
    files: int
    """Stored now."""
    bytes: int
    judged: int
    """Files that got a verdict within `MONTH` days."""
    storage: float
    processing: float

    @property
    def month(self) -> float:
        return self.storage + self.processing


def estimate_cost(clinic_id: str, *, files: int, stored: int, judged: int) -> Cost:
    """Estimate a month: `files` of `stored` bytes kept, and `judged` files like in the last one."""
    rates = compute_rates()
    return Cost(clinic_id, files, stored, judged, rates.gb * stored / GB + rates.record * files, rates.verdict * judged)
