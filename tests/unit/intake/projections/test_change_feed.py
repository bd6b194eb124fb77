import random
from datetime import timedelta

import pytest

from intake.errors import ChangesGoneError, ContentionError, InvalidCursorError
from intake.files.states import State
from intake.projections.change_feed import KEPT, DynamoChangeFeed, Gap, fill_gap
from intake.projections.projections import DynamoProjections
from intake.table.table import Table
from tests.records import NOON, a_file
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

SEED = 20261122


class Feed:
    """A feed whose writer and reader share a clock."""

    def __init__(self, dynamodb):
        self.dynamodb, self.table = dynamodb, Table(dynamodb, TABLE)
        self.now = NOON
        self.writer = DynamoChangeFeed(self.table, lambda: self.now)
        self.reader = DynamoChangeFeed(self.table, lambda: self.now)

    def append(self, *numbers, clinic_id="northside"):
        changes = [a_change(number, clinic_id=clinic_id) for number in numbers]
        assert self.table.transact(self.writer.append_changes(changes)) == {}

    def page(self, since=None, limit=100):
        return self.reader.changes("northside", since, limit)

    def read(self, since=None, limit=100):
        page = self.page(since, limit)
        return [int(entry.file_id[-5:]) for entry in page.entries], page.next

    def hide(self, number):
        """Take an item away that a transaction has not shown yet; return how to show it."""
        key = {"pk": {"S": "CHANGES#northside"}, "sk": {"S": f"{number:015d}"}}
        item = self.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
        self.dynamodb.delete_item(TableName=TABLE, Key=key)
        return lambda: self.dynamodb.put_item(TableName=TABLE, Item=item)


@pytest.fixture
def feed(dynamodb):
    return Feed(dynamodb)


def test_changes_come_in_the_order_of_writing_and_pages_are_cut_anywhere(feed):
    feed.append(5, 3, 4)
    feed.append(1)
    feed.append(9, 8)
    feed.append(7, clinic_id="lakeview")

    read, cursor = [], None
    while True:
        page = feed.page(cursor, limit=2)
        read += [int(entry.file_id[-5:]) for entry in page.entries]
        cursor = page.next
        if not page.more:
            break

    assert read == [5, 3, 4, 1, 9, 8]
    assert feed.read(cursor) == ([], cursor)
    feed.append(2)
    assert feed.read(cursor)[0] == [2]


def test_an_entry_tells_what_became_of_the_file(feed):
    change = a_change(3, before=State.REJECTED, after=State.REJECTED, revision=4, codes=("empty-file",))
    assert feed.table.transact(feed.writer.append_changes([change])) == {}

    (entry,) = feed.page().entries

    assert (entry.file_id, entry.revision, entry.at) == (a_file(3).file_id, 4, NOON)
    assert (entry.before, entry.after, entry.codes) == (State.REJECTED, State.REJECTED, ("empty-file",))


def test_a_feed_can_be_followed_from_now_on(feed):
    beginning = feed.reader.end("northside")
    feed.append(1, 2)
    end = feed.reader.end("northside")
    feed.append(3)

    assert feed.read(end)[0] == [3]
    assert feed.read(beginning)[0] == [1, 2, 3]


def test_an_empty_feed_gives_a_cursor_that_misses_nothing(feed):
    entries, cursor = feed.read()
    feed.append(1)

    assert (entries, feed.read(cursor)[0]) == ([], [1])


def test_a_page_ends_before_changes_that_are_not_visible_yet(feed):
    feed.append(1)
    _, cursor = feed.read()
    feed.append(2, 3)
    feed.append(4)
    show = feed.hide(3)

    assert feed.read(cursor) == ([], cursor)
    assert feed.read(feed.read(cursor)[1]) == ([], cursor)
    show()
    assert feed.read(cursor)[0] == [2, 3, 4]


@pytest.mark.parametrize("filled", [(), (2,), (2, 3)])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_readers_pass_numbers_whose_changes_were_lost_and_miss_none_of_those_around_them(feed, filled, limit):
    feed.append(1)
    feed.append(2, 3, 4)
    feed.append(5, 6)
    feed.hide(4)
    assert feed.read("1") == ([], "1")

    gap = Gap("northside", 1, 4, kept_until=int((NOON + KEPT).timestamp()))
    assert feed.table.transact(fill_gap(gap, [a_change(number) for number in filled], NOON)) == {}

    assert feed.table.transact(fill_gap(gap, [], NOON)) != {}, "it is none any more"
    read, cursor, more = [], None, True
    while more:
        page = feed.page(cursor, limit)
        read += [int(entry.file_id[-5:]) for entry in page.entries]
        cursor, more = page.next, page.more
    assert (read, cursor) == ([1, *filled, 5, 6], "6")
    assert [feed.read(since)[0][-2:] for since in "1234"] == [[5, 6]] * 4
    assert feed.read("5") == ([6], "6")


def test_a_reader_without_a_cursor_waits_for_the_oldest_changes(feed):
    feed.append(1)
    feed.append(2)
    show = feed.hide(1)

    with pytest.raises(ContentionError):
        feed.read()
    show()
    assert feed.read()[0] == [1, 2]


def test_a_cursor_is_too_old_when_changes_behind_it_are_no_longer_kept(feed):
    feed.append(1)
    _, old = feed.read()
    feed.append(2)
    _, newer = feed.read(old)
    feed.now += KEPT
    with pytest.raises(ChangesGoneError):
        feed.read(old)
    assert feed.read(newer) == ([], newer)

    feed.append(3)

    assert feed.read(newer)[0] == [3]
    assert feed.read()[0] == [3]
    with pytest.raises(ChangesGoneError):
        feed.read(old)


def test_dynamodb_may_remove_what_expired_in_any_order(feed):
    feed.append(1)
    feed.append(2)
    feed.now += KEPT / 2
    feed.append(3)
    feed.hide(2)
    feed.now += KEPT / 2 + timedelta(seconds=1)

    assert feed.read()[0] == [3]


def test_a_cursor_of_an_empty_feed_grows_old_too(feed):
    _, beginning = feed.read()
    feed.append(1)
    feed.now += KEPT
    feed.append(2)

    with pytest.raises(ChangesGoneError):
        feed.read(beginning)


@pytest.mark.parametrize(
    "position", ["", "x", "!", "-1", "2", "99", "1.0", " 1", "1_0", "\u0661", "\u00b2", "9" * 15, "9" * 400]
)
def test_a_position_that_this_feed_never_gave_is_refused(feed, position):
    feed.append(1)
    with pytest.raises(InvalidCursorError):
        feed.read(position)


def test_deliveries_in_any_order_and_number_make_each_entry_once(dynamodb):
    print(f"seed {SEED}")
    projections, reader = DynamoProjections(Table(dynamodb, TABLE)), DynamoChangeFeed(Table(dynamodb, TABLE))
    changes = [a_change(number, clinic_id=("northside", "lakeview")[number % 2]) for number in range(60)]
    changes += [
        a_change(number, revision=2, before=State.REJECTED, clinic_id="northside") for number in range(0, 20, 2)
    ]
    deliveries = changes * 3
    random.Random(SEED).shuffle(deliveries)
    cursor, seen = reader.end("northside"), []

    for start in range(0, len(deliveries), 25):
        projections.apply(deliveries[start : start + 25])
        page = reader.changes("northside", cursor, 7)
        seen, cursor = [*seen, *page.entries], page.next
    while page.more:
        page = reader.changes("northside", cursor, 7)
        seen, cursor = [*seen, *page.entries], page.next

    got = [(entry.file_id, entry.revision) for entry in seen]
    wanted = {(change.file_id, change.revision) for change in changes if change.clinic_id == "northside"}
    assert len(got) == len(set(got))
    assert set(got) == wanted


class Late(Table):
    """A table whose first read of heads comes before the first change, and whose other reads come behind it."""

    def batch_get(self, keys):
        found, self.batch_get = [None for _ in keys], super().batch_get
        return found


def test_who_meets_the_first_writer_finds_no_end_at_the_head_and_is_refused(feed, dynamodb):
    feed.append(1, 2)

    late = DynamoChangeFeed(Late(dynamodb, TABLE), lambda: feed.now)
    refused = feed.table.transact(late.append_changes([a_change(3)]))

    assert refused != {}
    assert feed.read() == ([1, 2], "2")
