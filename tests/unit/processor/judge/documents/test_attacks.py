"""Files of other kinds that would exhaust a reader: each has its own code, in little time and memory."""

import json
import subprocess
import sys
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests.unit.processor.judge.corpus import ROOT
from tests.unit.processor.judge.documents.attacks import FILES
from tests.unit.processor.judge.yardstick import MOST, times_the_costliest_by

MOST_KIB = 64 * 1024

ALONE = """
import json, re, sys, time
from pathlib import Path
from processor.judge import judge
from tests.document_files import SEEDS
from tests.unit.processor.judge.sources import CountedSource

class OnDisk:
    def __init__(self, path):
        self._file = Path(path).open("rb")
        self.size = Path(path).stat().st_size

    def read(self, start, length):
        self._file.seek(start)
        return self._file.read(length)

for seeds in SEEDS.values():
    judge(CountedSource(seeds[0]))
# Not getrusage: its peak is the parent's where that was higher before this process started.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before, started = peak(), time.process_time()
judgement = judge(OnDisk(sys.argv[1]))
seconds = time.process_time() - started
codes = [found.code for found in judgement.findings]
print(json.dumps({"codes": codes, "seconds": seconds, "kib": peak() - before}))
"""


def judged_alone(path):
    """Judge a file in a process of its own, and return what was said, and the CPU seconds and KiB that it took."""
    done = subprocess.run([sys.executable, "-c", ALONE, path], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured by Linux' own account of it")
@pytest.mark.parametrize("name", FILES)
def test_an_exhausting_file_is_named_in_little_time_and_memory(name, tmp_path):
    """Measured in a process of its own, which never had the file in memory."""
    make, code = FILES[name]
    path = tmp_path / "attack"
    path.write_bytes(make())

    told = judged_alone(path)
    print(name, told)

    assert code in told["codes"]
    assert told["kib"] < MOST_KIB
    taken = chain([told["seconds"]], (judged_alone(path)["seconds"] for _ in repeat(None)))
    assert times_the_costliest_by(lambda: next(taken)) <= MOST
