"""What a page of the board asks of AWS, in whole: the portal wired as it runs, whoever looks, however much there is."""

import pytest

from intake.projections.projections import DynamoProjections
from intake.table.table import Table
from tests.unit.intake.conftest import TABLE, aws, dynamodb, sdk
from tests.unit.intake.studies.test_boards import fill, image, project
from tests.unit.portal.stored_portal import stored_portal, told_calls

assert aws
assert dynamodb
assert sdk

KEPT = "GetItem"
"""What somebody searched for, which stands in no address."""
MOST = 5

NEWEST = ["BatchGetItem", "Query by_clinic", "Query by_clinic"]
"""The exams with how many there are of each kind, and how many are expected today."""
ONE_STATE = ["BatchGetItem", "Query by_clinic", "Query by_clinic", "Query by_clinic_state"]
"""And how many grow, which the rows of the newest exams tell by themselves."""
SEARCH = ["BatchGetItem", "Query by_clinic"]
LABELS = "GetItem"
"""Of the clinic; with the counts, they come where these are read."""

STAFF = {
    "/studies": NEWEST,
    "/studies?tab=missing": ONE_STATE,
    "/studies?tab=growing": NEWEST,
    "/studies?tab=problem": ONE_STATE,
    "/studies?tab=complete": ONE_STATE,
    "/studies?sort=date": [*NEWEST, "Query by_clinic"],
    "/studies?modality=CT": [*SEARCH, LABELS],
    "/studies?since=2026-11-01&until=2026-11-30": [*SEARCH, LABELS],
    "/studies?modality=CT&since=2026-11-01": [*SEARCH, LABELS],
}
ADMIN = {
    "/studies": ["BatchGetItem", "Query", "Query by_state", "Query by_state"],
    "/studies?clinic=northside": ["BatchGetItem", "Query", "Query by_clinic"],
    "/studies?clinic=northside&tab=growing": ["BatchGetItem", "Query", "Query by_clinic"],
    **{
        f"/studies?clinic=northside&tab={tab}": ["BatchGetItem", "Query", "Query by_clinic", "Query by_clinic_state"]
        for tab in ("missing", "problem", "complete")
    },
    "/studies?clinic=northside&sort=date": ["BatchGetItem", "Query", "Query by_clinic", "Query by_clinic"],
    "/studies?clinic=northside&modality=CT": ["BatchGetItem", "Query", "Query by_clinic"],
    "/studies?clinic=northside&since=2026-11-01": ["BatchGetItem", "Query", "Query by_clinic"],
}
"""And the clinics, for the form to choose from."""

TYPED = ("Example", "exam", "TEST-1", "ACC-77", "thorax", "nobody")
LISTS = ["Query by_clinic", "Query by_clinic"]
"""What is typed is looked for in a list of a patient's exams, and in that of words."""


@pytest.fixture(params=[10, 120])
def studies(request, dynamodb):
    """As many studies of 298 images, two of which are missing in between."""
    table = Table(dynamodb, TABLE)
    for start in range(1, 301, 100):
        project(DynamoProjections(table), *(image(number) for number in range(start, start + 100) if number % 150))
    fill(table, dynamodb, request.param)
    return request.param


def test_each_page_of_the_board_takes_the_same_few_calls_at_ten_studies_and_at_many(dynamodb, studies):
    portal = stored_portal(dynamodb)
    for browser, pages in ((portal.browser(), STAFF), (portal.admin(), ADMIN)):
        browser.get("/studies")
        for path, wanted in pages.items():
            with told_calls() as made:
                assert browser.get(path).status_code == 200
            assert sorted(made) == sorted(wanted), path
            assert len(made) <= MOST


def test_each_search_takes_the_same_few_calls(dynamodb, studies):
    browser = stored_portal(dynamodb).browser()
    browser.get("/studies")
    for text in TYPED:
        address = browser.post("/studies/search", data={"text": text}).headers["location"]
        browser.get(address)
        with told_calls() as made:
            shown = browser.get(address).text
        found = ["BatchGetItem"] if text != "nobody" else []
        assert sorted(made) == sorted([*found, KEPT, LABELS, *LISTS]), text
        assert ("CT Thorax" in shown) is (text != "nobody")


def test_the_first_page_takes_no_more_than_five_where_nothing_is_remembered_of_who_asks(dynamodb, studies):
    browser = stored_portal(dynamodb).browser()
    with told_calls() as made:
        browser.get("/studies")
    # Whether the session was ended, and the clinic, are remembered for seconds.
    assert sorted(made) == sorted([*NEWEST, "BatchGetItem", "GetItem"])
    assert len(made) <= MOST
    admin = stored_portal(dynamodb).admin()
    with told_calls() as made:
        admin.get("/studies")
    assert len(made) <= MOST
