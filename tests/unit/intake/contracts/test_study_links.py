"""Links to studies, over the table and over the fake that the portal's tests use."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import ConflictError
from intake.sharing.dynamodb import DynamoStudyLinks
from intake.sharing.model import MOST_OPENINGS, MOST_TAKINGS, MOST_TRIES, StudyLink, digest_code, digest_token
from intake.table.table import Table
from tests.fakes import FakeStudyLinks
from tests.records import IDS, NOON
from tests.unit.intake.conftest import TABLE

TOKEN = "t" * 43
STUDY = IDS.study("northside", "1.2.3")
LINK = StudyLink(
    link_id=digest_token(TOKEN),
    clinic_id="northside",
    study_id=STUDY,
    code_digest=digest_code(TOKEN, "K7Q29XMF"),
    created_at=NOON,
    created_by="user-1",
    created_by_name="Nora",
    expires_at=NOON + timedelta(days=7),
)


@pytest.fixture(params=["dynamodb", "fake"])
def links(request):
    if request.param == "fake":
        return FakeStudyLinks()
    return DynamoStudyLinks(Table(request.getfixturevalue("dynamodb"), TABLE))


@pytest.fixture
def made(links):
    links.create(LINK)
    return links


def only(links, clinic_id="northside"):
    (link,) = links.list_of_study(clinic_id, STUDY)
    return link


def test_a_link_is_kept_as_it_was_made_and_made_once(made):
    assert only(made) == LINK
    assert made.find_open(LINK.link_id, NOON) == LINK
    with pytest.raises(ConflictError):
        made.create(LINK)


def test_links_are_listed_newest_first_and_to_their_own_clinic(made):
    later = replace(LINK, link_id=digest_token("u" * 43), created_at=NOON + timedelta(hours=1))
    made.create(later)
    assert made.list_of_study("northside", STUDY) == (later, LINK)
    assert made.list_of_study("lakeview", STUDY) == ()
    assert made.list_of_study("northside", IDS.study("northside", "9.9")) == ()


def test_each_try_is_counted_before_its_code_is_looked_at_and_a_right_one_is_taken_back(made):
    link = made.begin_try(LINK.link_id, NOON)
    assert only(made).tries == 1
    made.count_opening(link)
    assert (only(made).tries, only(made).opened) == (0, 1)


def test_wrong_codes_close_a_link_for_good(made):
    assert [made.begin_try(LINK.link_id, NOON) is not None for _ in range(MOST_TRIES + 2)] == [True] * 5 + [False] * 2
    assert made.find_open(LINK.link_id, NOON) is None
    assert only(made).tries == MOST_TRIES


@pytest.mark.parametrize("at", [LINK.expires_at, LINK.expires_at + timedelta(days=30)])
def test_a_link_ends_at_its_moment(made, at):
    assert made.begin_try(LINK.link_id, at - timedelta(days=31)) is not None
    assert made.begin_try(LINK.link_id, at) is None
    assert made.find_open(LINK.link_id, at) is None


def test_a_revoked_link_opens_nothing_any_more(made):
    assert made.revoke("northside", LINK.link_id, NOON)
    assert not made.revoke("northside", LINK.link_id, NOON + timedelta(hours=1))
    assert only(made).revoked_at == NOON
    assert made.begin_try(LINK.link_id, NOON) is None
    assert made.find_open(LINK.link_id, NOON) is None
    assert not made.count_taking(LINK)


def test_another_clinic_closes_nothing_and_an_unknown_link_is_none(made):
    assert not made.revoke("lakeview", LINK.link_id, NOON)
    assert not made.revoke("northside", digest_token("other"), NOON)
    assert made.begin_try(digest_token("other"), NOON) is None
    assert made.find_open(digest_token("other"), NOON) is None
    assert only(made) == LINK


def test_openings_and_takings_are_counted_and_bounded(made):
    for _ in range(MOST_OPENINGS):
        made.count_opening(made.begin_try(LINK.link_id, NOON))
    assert made.begin_try(LINK.link_id, NOON) is None
    assert [made.count_taking(LINK) for _ in range(MOST_TAKINGS + 1)] == [True] * MOST_TAKINGS + [False]
    assert (only(made).opened, only(made).taken) == (MOST_OPENINGS, MOST_TAKINGS)


def test_the_table_holds_neither_token_nor_code(dynamodb):
    DynamoStudyLinks(Table(dynamodb, TABLE)).create(LINK)
    items = str(dynamodb.scan(TableName=TABLE)["Items"])
    assert TOKEN not in items
    assert "K7Q29XMF" not in items
    assert digest_code("another token", "K7Q29XMF") != LINK.code_digest


def test_a_refusal_takes_one_call_whatever_it_is_for(dynamodb):
    links = DynamoStudyLinks(Table(dynamodb, TABLE))
    links.create(LINK)
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    for link_id, at in ((LINK.link_id, NOON), (LINK.link_id, LINK.expires_at), (digest_token("none"), NOON)):
        calls.clear()
        links.begin_try(link_id, at)
        assert calls == ["UpdateItem"]


def test_a_studys_links_take_two_calls_however_many_there_are(dynamodb):
    links = DynamoStudyLinks(Table(dynamodb, TABLE))
    for number in range(30):
        links.create(replace(LINK, link_id=digest_token(str(number)), created_at=NOON + timedelta(minutes=number)))
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    assert len(links.list_of_study("northside", STUDY)) == 30
    assert calls == ["Query", "BatchGetItem"]
