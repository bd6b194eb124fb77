"""What the largest objects and the worst bombs cost the judge: CPU seconds and MiB, each in a process of its own.

Run with `uv run pytest tests/benchmarks/test_large_objects.py -s`. The unit tests compare bombs with innocent objects;
here are the figures themselves, held against what is promised where the machine has nothing else to do.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.processor.judge import test_attacks, test_large_objects
from tests.unit.processor.judge.documents import attacks

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 2
LARGE_MIB, BOMB_MIB = 150, 64
"""The whole process with an innocent object, and what judging a bomb adds to it."""

JUDGED = """
import json, re, sys, time
from pathlib import Path
from processor.judge import judge
from tests.unit.processor.judge import test_attacks, test_large_objects
from tests.unit.processor.judge.documents import attacks
from tests.unit.processor.judge.sources import CountedSource

made = {makers}
source = made if hasattr(made, "read") else CountedSource(made)
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
before, started = peak(), time.process_time()
codes = [found.code for found in judge(source).findings]
print(json.dumps([time.process_time() - started, peak(), peak() - before, codes]))
"""
LARGE = ["ACCEPTED", "TOO_LARGE"]


def judged(maker):
    """Judge what an expression makes, in a process of its own; return seconds, its MiB, those added, and the codes."""
    script = JUDGED.replace("{makers}", maker)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("table", "name"), [(table, name) for table in LARGE for name in getattr(test_large_objects, table)]
)
def test_the_largest_objects(table, name):
    seconds, mib, _, codes = judged(f"test_large_objects.{table}[{name!r}]()")

    print(f"\n{name}: {seconds:.2f} s, {mib} MiB in all; {codes}")
    assert (seconds < MOST_SECONDS, mib < LARGE_MIB) == (True, True)


BOMBS = {
    **{name: f"test_large_objects.BOMBS[{name!r}]()" for name in test_large_objects.BOMBS},
    **{name: f"test_attacks.FILES[{name!r}][0]()" for name in test_attacks.FILES},
    **{name: f"attacks.FILES[{name!r}][0]()" for name in attacks.FILES},
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name):
    seconds, _, added, codes = judged(BOMBS[name])

    print(f"\n{name}: {seconds:.2f} s, {added} MiB more; {codes}")
    assert (seconds < MOST_SECONDS, added < BOMB_MIB) == (True, True)
