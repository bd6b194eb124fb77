"""Whatever outsiders write is worked on in linear time, and no single request costs much.

Measured in this process, at the portal on fakes and at the judge: what the network, the emulator and S3 cost would hide
what a text costs. `tests/growth` finds the fields; a field that nothing was written into is a breach.
"""

from collections.abc import Iterable, Mapping

from tests.attack.report import Attack
from tests.attack.world import World
from tests.growth.fields import fields
from tests.growth.portal_world import PortalWorld, portal_world
from tests.growth.rows import HEADER_SHAPES, SHAPES, Row, field_rows, file_rows, header_rows
from tests.growth.screening import Screening, screen
from tests.growth.structures import structure_rows
from tests.growth.worst import MOST_BYTES, MOST_S, measured, worst_rows

NAME = "growth"
LEAST = 1_000

SHORT_SHAPES = ("a mixture",)
SHORT_HEADERS = ("commas", "a quote of semicolons")
WORST = 5


def attack(world: World, report: Attack, *, short: bool) -> None:
    with portal_world() as portal:
        shapes = _some(SHAPES, SHORT_SHAPES) if short else SHAPES
        written = list(field_rows(portal, shapes))
        _expect(report, written)
        _expect(report, header_rows(portal, _some(HEADER_SHAPES, SHORT_HEADERS) if short else HEADER_SHAPES))
        structures = list(structure_rows(portal))
        _expect(report, structures[::4] if short else structures)
        _expect(report, file_rows() if not short else ())
        told = {str(field) for field in fields(portal.portal.app) if field.place != "header"}
        for field in told - {row.field for row in written}:
            report.breach(f"nothing was written into {field}")
        _worst(report, portal, short=short)
        for fault in sorted(portal.server.faults):
            report.breach(f"a request makes a 5xx: {fault}")


def _some(shapes: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    return {name: shapes[name] for name in names}


def _expect(report: Attack, rows: Iterable[Row]) -> Screening:
    screening = screen(rows)
    for looked in screening.looked:
        held = looked.growth is None or looked.growth.is_linear
        report.expect(held, str(looked.growth))
    if screening.cut_short:
        report.note("so much grew too fast that not everything was looked at")
    return screening


def _worst(report: Attack, portal: PortalWorld, *, short: bool) -> None:
    """Tell the costliest single requests, and hold each to what one request may cost."""
    costs = measured(worst_rows(portal, short=short))
    for cost in sorted(costs, key=lambda each: -each.cpu_s)[:WORST]:
        report.note(f"most CPU: {cost}")
    for cost in sorted(costs, key=lambda each: -each.memory)[:WORST]:
        report.note(f"most memory: {cost}")
    for cost in costs:
        report.expect(cost.cpu_s <= MOST_S and cost.memory <= MOST_BYTES, f"one request too dear: {cost}")
