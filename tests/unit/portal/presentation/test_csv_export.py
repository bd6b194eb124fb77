"""No cell of a table is taken for a formula, and none for two, however a spreadsheet reads it."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.presentation.csv_export import write_row


def cells(line, **dialect):
    return next(csv.reader(io.StringIO(line, newline=""), **dialect))


FORMULAS = {
    "plain": "=1+1",
    "behind spaces": "   =1+1",
    "behind a space that does not break": "\N{NO-BREAK SPACE}=1+1",
    "behind a byte order mark": "\N{ZERO WIDTH NO-BREAK SPACE}=1+1",
    "behind a zero-width space": "\N{ZERO WIDTH SPACE}=1+1",
    "behind an ideographic space": "\N{IDEOGRAPHIC SPACE}+1",
    "behind a mark of direction": "\N{RIGHT-TO-LEFT OVERRIDE}@SUM(1)",
    "behind a filler that is a letter": "\N{HANGUL FILLER}=1",
    "behind a mark that combines": "\N{COMBINING GRAPHEME JOINER}=1",
    "behind a blank braille pattern": "\N{BRAILLE PATTERN BLANK}-1",
    "behind a control": "\x00\x1f=1",
    "of full width": "\N{FULLWIDTH EQUALS SIGN}1+1",
    "a plus of full width": "\N{FULLWIDTH PLUS SIGN}1",
    "a minus of full width": "\N{FULLWIDTH HYPHEN-MINUS}1",
    "an at of full width": "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    "a small one": "\N{SMALL EQUALS SIGN}1",
    "a superscript": "\N{SUPERSCRIPT EQUALS SIGN}1",
    "a mathematician's minus": "\N{MINUS SIGN}1",
    "of another letter": "\N{HEBREW LETTER ALTERNATIVE PLUS SIGN}1",
    "two in one": "\N{TWO CONSECUTIVE EQUALS SIGNS}1",
    "full width behind what is not seen": "\N{NO-BREAK SPACE}\N{ZERO WIDTH JOINER}\N{FULLWIDTH EQUALS SIGN}1",
    "behind a tab": "\t=1",
    "behind a line's end": "\r\n=1",
}


@pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS)
def test_what_may_be_taken_for_a_formula_is_told_to_be_text(text):
    assert cells(write_row(["before", text])) == ["before", f"'{text}"]


@pytest.mark.parametrize("text", ["", "a", "1=1", "Doe^Jane", "\N{NO-BREAK SPACE}a", "é", "'=1", "2026-01-31", "'"])
def test_anything_else_stands_as_it_is(text):
    assert cells(write_row([text, 1])) == [text, "1"]


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_a_cell_stays_one_whatever_separates_cells_where_it_is_opened(separator):
    text = f"x{separator}=cmd|calc!A0"
    assert cells(write_row([text]), delimiter=separator) == [text]


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_cell_is_quoted_and_comes_back_without_a_formula(texts):
    line = write_row(texts)
    assert line.startswith('"')
    assert line.endswith('"\r\n')
    line.encode()
    for text, cell in zip(texts, cells(line), strict=True):
        assert cell.removeprefix("'") in {text, text.removeprefix("'"), text.encode(errors="replace").decode()}
        plain = unicodedata.normalize("NFKC", cell).lstrip()
        assert not plain.startswith(("=", "+", "-", "@"))


def test_what_no_encoding_can_write_does_not_break_the_table_off():
    assert write_row(["a\ud800", "b"]) == '"a?","b"\r\n'
