"""What the documentation names by its path is there. Decisions (docs/adr) and the changelog tell of their day."""

import re

import pytest

from tests.architecture.sources import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
NO_PATHS = ("assets/dist", "scalper/read", "scalper/upload", "scalper/webhooks")
"""What a build makes, and scopes of tokens."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page):
    tops = "intake|portal|processor|infra|scalper|templates|assets|tests|docs"
    named = set(re.findall(rf"`((?:{tops})/[\w./-]*\w/?)(?:::[^`]*)?`", page.read_text()))
    assert sorted(path for path in named if not path.startswith(NO_PATHS) and not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_file_that_a_page_names_is_there(page):
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert sorted(set(re.findall(r"\btest_\w+\.py", page.read_text())) - there) == []
