"""The tables of docs/cost.md, with what the same files cost elsewhere: the smallest sound set-up of each alternative.

`python -m infra.costs.report`, which is `make cost`, prints them and writes them there. All come from the same price
table, and every system's month holds the storage of the month's own files, so that figures compare.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.app import placeholder_bundles, synthesize
from infra.config import StageConfig
from infra.costs import idle, marginal
from infra.costs.assumptions import FILE_GB, HOURS
from infra.costs.marginal import Line, add_up
from infra.costs.metered import Metered, load_metered
from infra.costs.prices import KNOWN, PRICES, REGION
from infra.stages import PROD

DOCUMENT = Path("docs/cost.md")
BEGIN, END = "<!-- figures: written by `make cost` -->", "<!-- end of figures -->"
LIMITS = {"idle": 20.0, "plain": 6.0, "marginal": 20.0}
"""US dollars: an idle month with edge and audit, without them, and a million files that come in bursts."""

WITHOUT = dataclasses.replace(PROD, edge=None, audit=False)

VOLUMES = (10_000, 1_000_000, 100_000_000)
"""Files a month that systems are compared at."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """An Orthanc installation in two zones, sized for a volume."""

    machine: str
    machines: int
    disk_gb: int
    database: int
    """Database servers, in two zones each."""
    database_gb: int


FLEETS = {
    10_000: Fleet("m7g.large", 2, 100, 1, 20),
    1_000_000: Fleet("m7g.large", 2, 200, 1, 100),
    100_000_000: Fleet("c7g.2xlarge", 4, 500, 4, 2000),
}
"""Two machines at least, for one may fail; S3 for the files; PostgreSQL as index. At 100 million files a month, 39 come
a second on average, and ten times as many in the busy hours: an Orthanc takes some 300 a second on two cores without
TLS, index replication and plug-ins, and an index that grows by 100 million rows a month is what decides."""


def price_orthanc(files: int) -> float:
    """Return a month of Orthanc on EC2: machines, disks, balancer, database, and files in S3."""
    fleet, gb = FLEETS[files], files * FILE_GB
    machines = fleet.machines * (HOURS * _price_unit(fleet.machine) + fleet.disk_gb * _price_unit("gp3"))
    database = fleet.database * HOURS * _price_unit("db.m7g.large") + fleet.database_gb * _price_unit("db storage")
    balancer = HOURS * _price_unit("balancer") + max(HOURS, gb) * _price_unit("balancer unit")
    requests = PRICES["s3 put"].charge(files) + PRICES["s3 get"].charge(files)
    return machines + database + balancer + requests + gb * _price_unit("s3 storage")


def price_healthimaging(files: int) -> float:
    """Return a month of AWS HealthImaging: imports are free, and each needs the file in S3 first."""
    gb = files * FILE_GB
    # A week in S3 is long enough to import them.
    return (
        PRICES["s3 put"].charge(files)
        + PRICES["s3 get"].charge(files)
        + gb * (_price_unit("imaging storage") + _price_unit("s3 storage") * 7 / 30)
    )


def price_transfer_family(files: int) -> float:
    """Return a month of a Transfer Family SFTP endpoint in front of S3, which judges nothing."""
    gb = files * FILE_GB
    return (
        HOURS * _price_unit("transfer hour")
        + gb * (_price_unit("transfer gb") + _price_unit("s3 storage"))
        + PRICES["s3 put"].charge(files)
    )


SYSTEMS: dict[str, Callable[[int], float]] = {
    "Orthanc on EC2, two zones": price_orthanc,
    "AWS HealthImaging": price_healthimaging,
    "AWS Transfer Family, SFTP into S3": price_transfer_family,
}


def _price_unit(name: str) -> float:
    return PRICES[name].charge(1)


@cache
def list_idle_lines(config: StageConfig) -> list[Line]:
    """Synthesize a stage and return what its idle month costs."""
    with tempfile.TemporaryDirectory() as folder:
        out = synthesize(config=config, bundles=placeholder_bundles(), out=Path(folder))
        return idle.list_lines(idle.load_resources(out), config)


def compute_tables() -> str:
    """Return every table."""
    million = {name: add_up(marginal.list_lines(found)) for name, found in load_metered().items()}
    summary: list[Sequence[str | float]] = [
        ("Idle month, with edge and audit", _price_idle_month(PROD), LIMITS["idle"]),
        ("Idle month, without them", _price_idle_month(WITHOUT), LIMITS["plain"]),
        ("A million files in bursts", million["burst"], LIMITS["marginal"]),
        ("A million files, file by file", million["single"], "none"),
    ]
    prices = [
        (name, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.unit, price.page)
        for name, price in PRICES.items()
    ]
    kept = "Told apart: what a million files cost to keep, to record and to scan"
    listed = f"Prices: {REGION}, list, as known in {KNOWN}"
    return "\n\n".join(
        [
            _format_table("In short", ("What", "USD", "limit"), summary),
            _tabulate_patterns("A million more files, in US dollars", marginal.list_lines, sums=True),
            _tabulate_patterns(kept, marginal.list_extras),
            _tabulate_idle_month(),
            _compare_systems(),
            _format_table(listed, ("Name", "USD", "for", "unit", "AWS price page"), prices),
        ]
    )


def insert_tables(text: str, tables: str) -> str:
    """Return the document with its figures put in anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _price_idle_month(config: StageConfig) -> float:
    return sum(line.usd for line in list_idle_lines(config))


def _tabulate_patterns(title: str, list_lines: Callable[[Metered], list[Line]], *, sums: bool = False) -> str:
    found = {name: list_lines(one) for name, one in load_metered().items()}
    rows: list[Sequence[str | float]] = [
        (burst.what, f"{burst.amount:.3g}", add_up([burst]), f"{single.amount:.3g}", add_up([single]))
        for burst, single in zip(found["burst"], found["single"], strict=True)
    ]
    if sums:
        burst, single = (f"**{add_up(found[name]):,.2f}**" for name in ("burst", "single"))
        rows.append(("**Together**", "", burst, "", single))
    head = ("Line", "a file takes", "USD, in bursts", "a file takes", "USD, file by file")
    return _format_table(title, head, rows)


def _tabulate_idle_month() -> str:
    whole, plain = ({line.what.partition(" (")[0]: line for line in list_idle_lines(one)} for one in (PROD, WITHOUT))
    rows: list[Sequence[str | float]] = [
        (line.what, line.usd, plain[what].usd if what in plain else "-") for what, line in whole.items()
    ]
    rows.append(("**Together**", *(f"**{sum(line.usd for line in some.values()):,.2f}**" for some in (whole, plain))))
    title = "A month in which no file comes, in US dollars"
    return _format_table(title, ("Line", "with edge and audit", "without"), rows)


def _compare_systems() -> str:
    burst = load_metered()["burst"]
    fixed = _price_idle_month(PROD)
    kept = sum(line.usd for line in marginal.list_extras(burst) if not line.what.startswith("GuardDuty"))
    each = add_up(marginal.list_lines(burst)) / marginal.MILLION + kept
    rows: list[Sequence[str | float]] = [("**Silent Scalper**", *(fixed + each * files for files in VOLUMES))]
    rows += [(name, *map(month, VOLUMES)) for name, month in SYSTEMS.items()]
    title = "A month elsewhere, in US dollars, with a month's storage of that month's files"
    return _format_table(title, ("System", *(f"{files:,} files" for files in VOLUMES)), rows)


def _format_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Return a titled table; numbers are US dollars."""
    cells = [[cell if isinstance(cell, str) else f"{cell:,.2f}" for cell in row] for row in rows]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *cells]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    tables = compute_tables()
    DOCUMENT.write_text(insert_tables(DOCUMENT.read_text(), tables))
    sys.stdout.write(f"{tables}\n")
