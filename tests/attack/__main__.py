"""`make attack`: brings a stack up, attacks it by every class, and prints and writes what got through.

Returns 1 when anything did, or when a class made fewer attempts than it must.
"""

import argparse
import contextlib
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from infra.local.progress import Steps
from infra.local.stack import run_portal
from tests.attack.registry import CLASSES, AttackClass, run
from tests.attack.report import SHOWN, Attack, table, write
from tests.attack.world import World
from tests.emulator.stacks import deployed

OUT = Path(".scalper/attack.json")


def main() -> int:
    given = _arguments()
    seed = secrets.randbits(32) if given.seed is None else given.seed
    console = Console()
    console.print(f"seed {seed}: `--seed {seed}` repeats this run")
    chosen = [kind for kind in CLASSES if not given.only or kind.NAME in given.only]
    with _attacked(seed, console) as world:
        attacks = [_run(kind, world, console, short=given.short) for kind in chosen]
    _tell(attacks, console, short=given.short)
    write(attacks, OUT, seed=seed, short=given.short)
    console.print(f"{OUT} holds the same.")
    return 1 if any(attack.failed for attack in attacks) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a sample of each class, as `make test` runs it")
    names = [kind.NAME for kind in CLASSES]
    parser.add_argument("--only", action="append", choices=names, metavar="CLASS", help=f"one of: {', '.join(names)}")
    parser.add_argument("--seed", type=int, default=None)
    return parser.parse_args()


@contextlib.contextmanager
def _attacked(seed: int, console: Console) -> Iterator[World]:
    """Run a stack of its own in a temporary folder, and forget it afterwards."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as exits:
        with Steps(console).step("Bring the stack up"):
            state = Path(folder) / "state"
            stack = exits.enter_context(deployed(state, strict=False))
            log = Path(folder) / "portal.log"
            exits.enter_context(run_portal(stack, log=log))
            world = exits.enter_context(World(stack, state=state, portal_log=log, seed=seed))
        yield world


def _run(kind: AttackClass, world: World, console: Console, *, short: bool) -> Attack:
    with Steps(console).step(kind.NAME):
        return run(kind, world, short=short)


def _tell(attacks: Sequence[Attack], console: Console, *, short: bool) -> None:
    for attack in attacks:
        for note in attack.notes:
            console.print(f"[dim]{attack.name}:[/] {note}", highlight=False)
        for breach in attack.breaches[:SHOWN]:
            console.print(f"[red]{attack.name}:[/] {breach}", highlight=False, markup=True)
        if len(attack.breaches) > SHOWN:
            console.print(f"[red]{attack.name}:[/] … and {len(attack.breaches) - SHOWN} more")
    console.print(table(attacks, short=short))


if __name__ == "__main__":
    sys.exit(main())
