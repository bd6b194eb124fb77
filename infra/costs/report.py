"""The tables of docs/cost.md."""

import dataclasses
import tempfile
from functools import cache
from pathlib import Path

from infra.app import placeholder_bundles, synthesize
from infra.config import StageConfig
from infra.costs import alternatives, idle, marginal
from infra.costs.marginal import Line, total
from infra.costs.metered import metered
from infra.costs.prices import KNOWN, PRICES, REGION
from infra.stages.prod import PROD

DOCUMENT = Path("docs/cost.md")
BEGIN, END = "<!-- figures: written by `make cost` -->", "<!-- end of figures -->"
LIMITS = {"idle": 20.0, "plain": 6.0, "marginal": 20.0}
"""US dollars: an idle month with edge and audit, without them, and a million files that come in bursts."""

WITHOUT = dataclasses.replace(PROD, edge=None, audit=False)
_PATTERNS = {"burst": "in bursts", "single": "file by file"}


@cache
def idle_lines(config: StageConfig) -> list[Line]:
    """Synthesize a stage and return what its idle month costs."""
    with tempfile.TemporaryDirectory() as folder:
        out = synthesize(config=config, bundles=placeholder_bundles(), out=Path(folder))
        return idle.lines(idle.templates(out), config)


def figures() -> str:
    """Return every table."""
    return "\n\n".join([_summary(), _marginal(), _apart(), _idle(), _compared(), _prices()])


def written(text: str, tables: str) -> str:
    """Return the document with its figures put in anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _summary() -> str:
    found = metered()
    rows = [
        ["Idle month, with edge and audit", _usd(_month(PROD)), _usd(LIMITS["idle"])],
        ["Idle month, without them", _usd(_month(WITHOUT)), _usd(LIMITS["plain"])],
        ["A million files in bursts", _usd(total(marginal.lines(found["burst"]))), _usd(LIMITS["marginal"])],
        ["A million files, file by file", _usd(total(marginal.lines(found["single"]))), "none"],
    ]
    return "### In short\n\n" + _table(["What", "USD", "limit"], rows)


def _month(config: StageConfig) -> float:
    return sum(line.usd for line in idle_lines(config))


def _marginal() -> str:
    found = {name: marginal.lines(one) for name, one in metered().items()}
    return "### A million more files, in US dollars\n\n" + _side_by_side(found, sums=True)


def _apart() -> str:
    found = {name: marginal.apart(one) for name, one in metered().items()}
    return "### Told apart: what a million files cost to keep, to record and to scan\n\n" + _side_by_side(found)


def _side_by_side(found: dict[str, list[Line]], *, sums: bool = False) -> str:
    rows = [
        [burst.what, _amount(burst.amount), _usd(total([burst])), _amount(single.amount), _usd(total([single]))]
        for burst, single in zip(found["burst"], found["single"], strict=True)
    ]
    if sums:
        rows.append(
            ["**Together**", "", f"**{_usd(total(found['burst']))}**", "", f"**{_usd(total(found['single']))}**"]
        )
    columns = [column for name in _PATTERNS for column in ("a file takes", f"USD, {_PATTERNS[name]}")]
    return _table(["Line", *columns], rows)


def _idle() -> str:
    whole = {line.what.partition(" (")[0]: line for line in idle_lines(PROD)}
    plain = {line.what.partition(" (")[0]: line for line in idle_lines(WITHOUT)}
    rows = [
        [line.what, _usd(line.usd), _usd(plain[what].usd) if what in plain else "-"] for what, line in whole.items()
    ]
    rows.append(["**Together**", *(f"**{_usd(sum(line.usd for line in some.values()))}**" for some in (whole, plain))])
    return "### A month in which no file comes, in US dollars\n\n" + _table(
        ["Line", "with edge and audit", "without"], rows
    )


def _compared() -> str:
    burst = metered()["burst"]
    fixed = _month(PROD)
    kept = sum(line.usd for line in marginal.apart(burst) if not line.what.startswith("GuardDuty"))
    each = total(marginal.lines(burst)) / marginal.MILLION + kept
    rows = [["**Silent Scalper**", *(_usd(fixed + each * files) for files in alternatives.VOLUMES)]]
    rows += [
        [name, *(_usd(month(files)) for files in alternatives.VOLUMES)] for name, month in alternatives.SYSTEMS.items()
    ]
    return "### A month elsewhere, in US dollars, with a month's storage of that month's files\n\n" + _table(
        ["System", *(f"{files:,} files" for files in alternatives.VOLUMES)], rows
    )


def _prices() -> str:
    rows = [
        [name, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.unit, price.page]
        for name, price in PRICES.items()
    ]
    head = f"### Prices: {REGION}, list, as known in {KNOWN}\n\n"
    return head + _table(["Name", "USD", "for", "unit", "AWS price page"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _amount(amount: float) -> str:
    return f"{amount:.3g}"
