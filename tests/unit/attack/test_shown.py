"""What looks at pages, tables and documents sees what runs in them."""

import pytest

from tests.attack.shown import csv_faults, html_faults, json_faults, runs


@pytest.mark.parametrize(
    "page",
    [
        "<p><script>alert(1)</script>",
        "<p><img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<p style='x'>",
        "<p>1337</p>",
    ],
)
def test_what_runs_in_a_page_is_told(page):
    assert html_faults(page)


def test_what_is_escaped_is_not():
    assert html_faults('<script src="/static/app.js"></script><p>&lt;script&gt;alert(1)&lt;/script&gt;</p>') == []


@pytest.mark.parametrize("cell", ["=1", " =1", "\u00a0=1", "\ufeff+1", "\uff1d1", "\u200b@x", "\t=1", "-1"])
def test_a_cell_that_a_spreadsheet_runs_is_told(cell):
    assert runs(cell)


@pytest.mark.parametrize("cell", ["'=1", "x;=1", "1=1", "", "a"])
def test_a_cell_that_it_shows_is_not(cell):
    assert not runs(cell)


def test_cells_without_quotes_are_told():
    assert csv_faults("a,b\r\n")
    assert csv_faults('"a","x;=cmd"\r\n"say ""b""",""\r\n') == []
    assert csv_faults('"=1"\r\n')


@pytest.mark.parametrize("document", ["{", "[NaN]", '["\\ud800"]', '{"\\u0041": ["\\udfff"]}'])
def test_what_is_no_json_or_no_text_is_told(document):
    assert json_faults(document)


def test_json_is_not():
    assert json_faults('{"a": ["b", 1.5, null, "\\ud83d\\ude00"]}') == []
