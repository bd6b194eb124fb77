"""Wild cards against an oracle, and what they may cost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.dicomweb.queries import compile_pattern

LONG_S = "\N{LATIN SMALL LETTER LONG S}"
LETTERS = "ab*?\n.[\\ßK^" + LONG_S
PATTERNS = st.text(LETTERS, max_size=24)
VALUES = st.text(LETTERS + "cS", max_size=40)


def matches(pattern, value):
    """Say by dynamic programming, prefix by prefix, whether a value is like a pattern."""
    row = [True] + [False] * len(value)
    for wanted in pattern:
        above, row = row, [wanted == "*" and row[0]]
        for place, character in enumerate(value, 1):
            if wanted == "*":
                row.append(above[place] or row[place - 1])
            else:
                row.append(above[place - 1] and wanted in {"?", character})
    return row[-1]


@given(PATTERNS, VALUES)
@settings(max_examples=1000, deadline=None)
def test_a_pattern_takes_what_the_definition_takes(pattern, value):
    assert compile_pattern(pattern)(value) is matches(pattern, value)


@given(st.text("aB*?ßK" + LONG_S, max_size=10), st.text("AbßẞsSkK" + LONG_S, max_size=12))
@settings(max_examples=500, deadline=None)
def test_without_case_it_takes_what_a_regular_expression_takes_without_case(pattern, value):
    steps = {"*": ".*", "?": "."}
    expression = "".join(steps.get(character) or re.escape(character) for character in pattern)
    wanted = re.fullmatch(expression, value, re.DOTALL | re.IGNORECASE) is not None
    assert compile_pattern(pattern, ignoring_case=True)(value) is wanted


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("wei?*", "WEIß"),
        ("wei?", "WEI\N{LATIN CAPITAL LETTER SHARP S}"),
        ("?", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"),
        ("mü*", "MÜLLER^JÜRGEN"),
        ("*", ""),
    ],
)
def test_one_character_is_one_also_where_it_would_fold_to_two(pattern, value):
    assert compile_pattern(pattern, ignoring_case=True)(value)


HOSTILE = {
    "stars between like letters": ("*a" * 60 + "*b", "a"),
    "stars and single wild cards": ("*?a" * 40 + "*b", "a"),
    "single wild cards alone": ("*" + "?" * 120 + "b", "a"),
    "one long piece that nearly fits": ("*" + "a" * 120 + "b", "a"),
    "pieces that overlap themselves": ("*abab" * 30 + "*c", "ab"),
    "without a match anywhere": ("*x" * 60, "a"),
}


class Counted(str):
    """A text that counts how many of its characters are read."""

    __slots__ = ("read",)

    def __iter__(self):
        self.read = 0
        for character in str.__str__(self):
            self.read += 1
            yield character

    def __str__(self):
        return self


@pytest.mark.parametrize(("pattern", "letters"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("ignoring_case", [True, False])
def test_each_character_is_read_once_whatever_is_asked_for(pattern, letters, ignoring_case):
    value = Counted(letters * 2000)
    assert not compile_pattern(pattern, ignoring_case=ignoring_case)(value)
    assert value.read <= len(value)
