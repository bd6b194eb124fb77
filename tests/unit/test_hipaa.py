"""The page of safeguards names controls and tests that exist, and every paragraph of 164.312."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "hipaa.md").read_text()
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| (")]

PARAGRAPHS = {
    "(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(c)(2)", "(d)", "(e)(1)",
    "(e)(2)(i)", "(e)(2)(ii)",
}  # fmt: skip


def named(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_every_paragraph_has_a_control():
    assert {row[0].split(" ")[0] for row in ROWS} == PARAGRAPHS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_its_code_and_its_tests_exist(row):
    assert named(row[3])
    assert named(row[4])
    for place in (*named(row[3]), *named(row[4])):
        path, _, name = place.partition("::")
        assert (ROOT / path).exists(), place
        if name:
            assert f"def {name}(" in (ROOT / path).read_text(), place


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_proves_it_is_collected_by_default(row):
    for place in named(row[4]):
        assert place.startswith("tests/")
        assert not {"prove", "benchmarks"} & set(Path(place).parts)
