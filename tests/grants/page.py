"""`docs/permissions.md`: who calls what, and by which grant, written from the sources and the template alone."""

from collections.abc import Iterable, Iterator

from tests.architecture.sources import ROOT
from tests.grants.actions import BY_AWS
from tests.grants.table import Row

PAGE = ROOT / "docs" / "permissions.md"

HEAD = """\
# What each function may do, and what its code calls

This page is written by `make grants` from the sources and production's template; a test compares both, each way: a
call without its grant fails, and so does a grant that nothing calls and no reason stands for. What a grant is about
stands in `infra/functions/grants.py`; why roles look as they do, in the decisions
[0030](adr/0030-findings-and-grants.md) and [0053](adr/0053-policies-at-their-longest.md).
"""


def page(rows: Iterable[Row]) -> str:
    """Return the page as it shall be committed."""
    return "\n".join([HEAD, *(line for row in rows for line in _section(row)), *_reasons()])


def _section(row: Row) -> Iterator[str]:
    yield from (f"## {row.function}", "", "| action | called as | in |", "|---|---|---|")
    for action, calls in sorted(row.needed.items()):
        where = sorted({f"`{module}`" for call in calls for module in row.calls[call]})
        operations = ", ".join(sorted({operation for _, operation in calls}))
        yield f"| `{action}` | {operations} | {', '.join(where)} |"
    idle = sorted(row.granted - row.needed.keys())
    yield from ("", f"Besides, for AWS (below): {', '.join(f'`{action}`' for action in idle)}.", "")


def _reasons() -> Iterator[str]:
    yield from ("## What AWS does as the function", "", "| action | whose | why |", "|---|---|---|")
    for action, (functions, why) in sorted(BY_AWS.items()):
        yield f"| `{action}` | {', '.join(functions)} | {why} |"
    yield ""
