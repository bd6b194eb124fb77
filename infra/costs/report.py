"""The tables of docs/cost.md.

`python -m infra.costs.report`, which is `make cost`, prints them and writes them there, with the prices that the saved
query "Cost by clinic" holds. All come from the same price table, and every system's month holds the storage of the
month's own files, so that figures compare.
"""

import dataclasses
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from infra.app import placeholder_bundles, synthesize
from infra.config import StageConfig
from infra.costs import idle
from infra.costs.assumptions import HOURS, TOKEN_HOURS
from infra.costs.elsewhere import SYSTEMS, VOLUMES
from infra.stages import PROD
from portal.costs import marginal
from portal.costs.estimate import compute_rates
from portal.costs.marginal import Line, Setup, add_up
from portal.costs.metered import Metered, load_metered
from portal.costs.pictures import SERIES, list_picture_lines
from portal.costs.prices import KNOWN, PRICES, REGION

DOCUMENT, QUERY = Path("docs/cost.md"), Path("portal/saved_queries/cost.sql")
BEGIN, END = "<!-- figures: written by `make cost` -->", "<!-- end of figures -->"
LIMITS = {"idle": 20.0, "plain": 6.25, "burst": 20.0, "single": 67.0, "pictures": 1.0}
"""US dollars: an idle month with edge and audit, without them, a million files in bursts, as many one by one,
and the pictures of a million CT slices."""

WITHOUT = dataclasses.replace(PROD, edge=None, audit=False)


def describe_setup(config: StageConfig) -> Setup:
    """Return what of a stage a file's price hangs on."""
    kept = config.retention
    return Setup(
        memory_mib={name: getattr(config, name).memory_mib for name in marginal.FUNCTIONS},
        edge=config.edge is not None,
        traces=config.traces,
        weekly_days=kept.backup_weekly_days,
        monthly_days=kept.backup_monthly_days,
        cold_after_days=kept.backup_cold_after_days,
    )


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
        ("A million files in bursts", million["burst"], LIMITS["burst"]),
        ("A million files, file by file", million["single"], LIMITS["single"]),
    ]
    prices = [
        (name, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.unit, price.page)
        for name, price in PRICES.items()
    ]
    summary += [
        (f"A million files' traces, {what}, where a stage has X-Ray", _price_traces(load_metered()[name]), "none")
        for name, what in PATTERNS.items()
    ]
    summary += [
        ("Pictures of a million CT slices, 150 a series", _price_pictures("ct"), LIMITS["pictures"]),
        ("Pictures of a million single images", _price_pictures("single"), "none"),
    ]
    told = "Told apart: what passes, CloudTrail's record, GuardDuty's scan, for a million files"
    listed = f"Prices: {REGION}, list, as known in {KNOWN}"
    return "\n\n".join(
        [
            _format_table("In short", ("What", "USD", "limit"), summary),
            _tabulate_patterns("A million more files, in US dollars", marginal.list_lines, sums=True),
            _tabulate_pictures(),
            _tabulate_kept(),
            _tabulate_patterns(told, _list_told_apart),
            _tabulate_callers(),
            _tabulate_idle_month(),
            _compare_systems(),
            _format_table(listed, ("Name", "USD", "for", "unit", "AWS price page"), prices),
        ]
    )


PATTERNS = {"burst": "in bursts", "single": "file by file"}


def _list_told_apart(found: Metered) -> list[Line]:
    return [*marginal.list_passing_lines(), *marginal.list_trail_lines(found), *marginal.list_scan_lines()]


def _price_pictures(kind: str) -> float:
    return add_up(list_picture_lines(SERIES[kind]))


def _tabulate_pictures() -> str:
    """Tell what pictures cost where series are long, and where each file is one."""
    both = zip(*(list_picture_lines(SERIES[kind]) for kind in ("ct", "single")), strict=True)
    rows: list[Sequence[str | float]] = [
        (ct.what, f"{ct.amount:.3g}", add_up([ct]), f"{single.amount:.3g}", add_up([single])) for ct, single in both
    ]
    ct, single = (f"**{_price_pictures(kind):,.2f}**" for kind in ("ct", "single"))
    rows.append(("**Together**", "", ct, "", single))
    head = ("Line", "a slice takes", "USD, 150 slices a series", "an image takes", "USD, single images")
    return _format_table("Told apart: pictures of a million files, drawn ahead", head, rows)


def _tabulate_kept() -> str:
    lines = marginal.list_kept_lines()
    rows: list[Sequence[str | float]] = [(line.what, f"{line.amount:.3g}", add_up([line])) for line in lines]
    rows.append(("**Together**", "", f"**{add_up(lines):,.2f}**"))
    title = "Told apart: a month of keeping a million files, and what is known of them"
    return _format_table(title, ("Line", "a file takes, GB", "USD"), rows)


def _price_traces(found: Metered) -> float:
    return add_up([Line("", marginal.count_traces(found), "trace")])


def _tabulate_callers() -> str:
    """Tell what costs by the month in which somebody signs in, and by the token that a machine asks for."""
    lines = {
        "A person who signs in": Line("", 1, "person"),
        "A machine that keeps its token, around the clock": Line("", HOURS / TOKEN_HOURS, "machine token"),
        "A machine that asks for a token every five minutes": Line("", HOURS * 12, "machine token"),
    }
    rows = [(who, f"{line.amount:,.0f}", line.usd) for who, line in lines.items()]
    return _format_table("People and machines, a month, in US dollars", ("Who", "units", "USD"), rows)


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
    head = ("Line", *(name for what in PATTERNS.values() for name in ("a file takes", f"USD, {what}")))
    return _format_table(title, head, rows)


def _tabulate_idle_month() -> str:
    whole, plain = ({line.what.partition(" (")[0]: line for line in list_idle_lines(one)} for one in (PROD, WITHOUT))
    rows: list[Sequence[str | float]] = [
        (line.what, line.usd, plain[what].usd if what in plain else "-") for what, line in whole.items()
    ]
    rows.append(("**Together**", *(f"**{sum(line.usd for line in some.values()):,.2f}**" for some in (whole, plain))))
    title = "A month in which no file comes, in US dollars"
    return _format_table(title, ("Line", "with edge and audit", "without"), rows)


def price_million(found: Metered) -> float:
    """Return what a million files of a month cost in it, slices of series, where a stage has an audit and no scans."""
    lines = [*marginal.list_lines(found), *marginal.list_kept_lines()]
    passing = [*marginal.list_passing_lines(), *marginal.list_trail_lines(found)]
    return add_up([*lines, *passing, *list_picture_lines(SERIES["ct"])])


def _compare_systems() -> str:
    fixed, each = _price_idle_month(PROD), price_million(load_metered()["burst"]) / marginal.MILLION
    rows: list[Sequence[str | float]] = [("**Silent Scalper**", *(fixed + each * files for files in VOLUMES))]
    rows += [(name, *map(month, VOLUMES)) for name, month in SYSTEMS.items()]
    title = "A month elsewhere, in US dollars, with a month's storage of that month's files"
    return _format_table(title, ("System", *(f"{files:,} files" for files in VOLUMES)), rows)


def _format_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Return a titled table; numbers are US dollars."""
    cells = [[cell if isinstance(cell, str) else f"{cell:,.2f}" for cell in row] for row in rows]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *cells]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def insert_rates(query: str) -> str:
    """Return the saved query with its prices put in anew: Athena knows no table of ours to take them from."""
    rates = compute_rates()
    for name, usd in (("verdicts", rates.verdict), ("records", rates.record)):
        query = re.sub(rf"[\d.]+E0 AS million_{name}", f"{marginal.MILLION * usd:.2f}E0 AS million_{name}", query)
    return re.sub(r"[\d.]+E0 AS gib_month", f"{rates.gb}E0 AS gib_month", query)


if __name__ == "__main__":
    tables = compute_tables()
    QUERY.write_text(insert_rates(QUERY.read_text()))
    DOCUMENT.write_text(insert_tables(DOCUMENT.read_text(), tables))
    sys.stdout.write(f"{tables}\n")
