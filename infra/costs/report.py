"""The tables of docs/cost.md."""

import dataclasses
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from infra.app import placeholder_bundles, synthesize
from infra.config import StageConfig
from infra.costs import alternatives, idle, marginal
from infra.costs.marginal import Line, add_up
from infra.costs.metered import Metered, load_metered
from infra.costs.prices import KNOWN, PRICES, REGION
from infra.stages.prod import PROD

DOCUMENT = Path("docs/cost.md")
BEGIN, END = "<!-- figures: written by `make cost` -->", "<!-- end of figures -->"
LIMITS = {"idle": 20.0, "plain": 6.0, "marginal": 20.0}
"""US dollars: an idle month with edge and audit, without them, and a million files that come in bursts."""

WITHOUT = dataclasses.replace(PROD, edge=None, audit=False)
_PATTERNS = {"burst": "in bursts", "single": "file by file"}


@cache
def list_idle_lines(config: StageConfig) -> list[Line]:
    """Synthesize a stage and return what its idle month costs."""
    with tempfile.TemporaryDirectory() as folder:
        out = synthesize(config=config, bundles=placeholder_bundles(), out=Path(folder))
        return idle.list_lines(idle.load_resources(out), config)


def compute_tables() -> str:
    """Return every table."""
    return "\n\n".join(
        [
            _summarize(),
            _tabulate_patterns("### A million more files, in US dollars", marginal.list_lines, sums=True),
            _tabulate_patterns(
                "### Told apart: what a million files cost to keep, to record and to scan", marginal.list_extras
            ),
            _tabulate_idle_month(),
            _compare_systems(),
            _tabulate_prices(),
        ]
    )


def insert_tables(text: str, tables: str) -> str:
    """Return the document with its figures put in anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _summarize() -> str:
    found = load_metered()
    rows = [
        ["Idle month, with edge and audit", _format_usd(_price_idle_month(PROD)), _format_usd(LIMITS["idle"])],
        ["Idle month, without them", _format_usd(_price_idle_month(WITHOUT)), _format_usd(LIMITS["plain"])],
        [
            "A million files in bursts",
            _format_usd(add_up(marginal.list_lines(found["burst"]))),
            _format_usd(LIMITS["marginal"]),
        ],
        ["A million files, file by file", _format_usd(add_up(marginal.list_lines(found["single"]))), "none"],
    ]
    return "### In short\n\n" + _format_table(["What", "USD", "limit"], rows)


def _price_idle_month(config: StageConfig) -> float:
    return sum(line.usd for line in list_idle_lines(config))


def _tabulate_patterns(title: str, list_lines: Callable[[Metered], list[Line]], *, sums: bool = False) -> str:
    found = {name: list_lines(one) for name, one in load_metered().items()}
    rows = [
        [
            burst.what,
            _format_amount(burst.amount),
            _format_usd(add_up([burst])),
            _format_amount(single.amount),
            _format_usd(add_up([single])),
        ]
        for burst, single in zip(found["burst"], found["single"], strict=True)
    ]
    if sums:
        rows.append(
            [
                "**Together**",
                "",
                f"**{_format_usd(add_up(found['burst']))}**",
                "",
                f"**{_format_usd(add_up(found['single']))}**",
            ]
        )
    columns = [column for name in _PATTERNS for column in ("a file takes", f"USD, {_PATTERNS[name]}")]
    return f"{title}\n\n{_format_table(['Line', *columns], rows)}"


def _tabulate_idle_month() -> str:
    whole = {line.what.partition(" (")[0]: line for line in list_idle_lines(PROD)}
    plain = {line.what.partition(" (")[0]: line for line in list_idle_lines(WITHOUT)}
    rows = [
        [line.what, _format_usd(line.usd), _format_usd(plain[what].usd) if what in plain else "-"]
        for what, line in whole.items()
    ]
    rows.append(
        ["**Together**", *(f"**{_format_usd(sum(line.usd for line in some.values()))}**" for some in (whole, plain))]
    )
    return "### A month in which no file comes, in US dollars\n\n" + _format_table(
        ["Line", "with edge and audit", "without"], rows
    )


def _compare_systems() -> str:
    burst = load_metered()["burst"]
    fixed = _price_idle_month(PROD)
    kept = sum(line.usd for line in marginal.list_extras(burst) if not line.what.startswith("GuardDuty"))
    each = add_up(marginal.list_lines(burst)) / marginal.MILLION + kept
    rows = [["**Silent Scalper**", *(_format_usd(fixed + each * files) for files in alternatives.VOLUMES)]]
    rows += [
        [name, *(_format_usd(month(files)) for files in alternatives.VOLUMES)]
        for name, month in alternatives.SYSTEMS.items()
    ]
    return "### A month elsewhere, in US dollars, with a month's storage of that month's files\n\n" + _format_table(
        ["System", *(f"{files:,} files" for files in alternatives.VOLUMES)], rows
    )


def _tabulate_prices() -> str:
    rows = [
        [name, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.unit, price.page]
        for name, price in PRICES.items()
    ]
    head = f"### Prices: {REGION}, list, as known in {KNOWN}\n\n"
    return head + _format_table(["Name", "USD", "for", "unit", "AWS price page"], rows)


def _format_table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _format_usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _format_amount(amount: float) -> str:
    return f"{amount:.3g}"
