"""What the page tells of real loads is what the simulation comes to, in some minutes."""

import re
from pathlib import Path

from tests.benchmarks.partition_loads import write_rows


def test_the_page_tells_what_the_simulation_comes_to():
    page = Path("docs/throughput.md").read_text()
    held = re.search(r"<!-- loads -->\n\n(.*?)\n\n<!-- end of loads -->", page, re.DOTALL)
    assert held
    assert held[1].splitlines() == list(write_rows())
