"""Addresses of pages, and where a list goes on."""

from portal.cursors import Cursor
from portal.web.layout.pages import build_address, build_page_links


def test_what_is_empty_stands_in_no_address():
    assert build_address("/files", {"clinic": "", "search": None}) == "/files"
    assert build_address("/files", {"clinic": "a&b", "state": "", "cursor": "x"}) == "/files?clinic=a%26b&cursor=x"


def test_the_first_page_leads_on_and_not_back():
    assert build_page_links("/files", Cursor("/files"), "c2", state="failed") == {
        "newest": None,
        "following": "/files?state=failed&cursor=c2",
    }


def test_the_last_page_leads_back_to_the_beginning_of_the_same_list():
    assert build_page_links("/files", Cursor("/files", "c2"), None, state="failed") == {
        "newest": "/files?state=failed",
        "following": None,
    }
