"""The saved queries answer what the records add up to, counted another way, in whatever pieces they came."""

import math
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from intake.files.states import JUDGED, State
from intake.projections.model import device
from portal.costs.estimate import compute_rates, estimate_cost
from portal.costs.prices import KNOWN
from portal.saved_queries import PERIODS, QUERIES, find_query
from processor.handlers.record_changes import verdict_rows
from processor.projection.exporter import Exporter
from tests.verdict_rows import a_month, change
from tests.warehouse import warehouse

SEED = random.SystemRandom().randrange(10**6)


class Files(dict):
    put = dict.__setitem__


@pytest.fixture(scope="module")
def history():
    print(f"seed {SEED}")
    return a_month(SEED, files=250)


@pytest.fixture(scope="module")
def files(history):
    """As one delivery of batches of 60 leaves them."""
    return exported(batches([change(after, before) for before, after in history], 60))


@pytest.fixture(scope="module")
def once(files, tmp_path_factory):
    with warehouse(files, tmp_path_factory.mktemp("once")) as opened:
        yield opened


@pytest.fixture(scope="module")
def twice(history, files, tmp_path_factory):
    """The same verdicts, delivered again and in other pieces."""
    draw = random.Random(SEED)
    records = [change(after, before) for before, after in history]
    again = [records[start : start + draw.randrange(1, 90)] for start in draw.choices(range(len(records)), k=12)]
    written = exported([*batches(records, 37), *batches(records, 60), *again])
    assert len(written) > len(files)
    with warehouse(written, tmp_path_factory.mktemp("twice")) as opened:
        yield opened


def answer(opened, sql):
    return opened.execute(sql).fetchall()


def batches(records, size):
    return [records[start : start + size] for start in range(0, len(records), size)]


def exported(deliveries):
    written = Files()
    for records in deliveries:
        Exporter(written).export(list(verdict_rows(records)))
    return written


def within(history, days):
    """Return the verdicts of the period, each as the record before and after."""
    first = (datetime.now(UTC) - timedelta(days=days)).date()
    return [(before, after) for before, after in history if after.updated_at.date() >= first]


def latest(changes):
    """Return each file's last record of the period."""
    return list({after.file_id: after for _, after in changes}.values())


def label(record):
    made_by = device(record.clinic_id, record.metadata)
    return made_by.label if made_by else ""


def rejections(history, days):
    last = [record for record in latest(within(history, days)) if record.state in JUDGED]
    judged = Counter((record.clinic_id, label(record)) for record in last)
    found = Counter(
        (code, label(record), record.clinic_id) for record in last if record.state is State.REJECTED
        for code in record.codes
    )  # fmt: skip
    told = [
        (cause, made_by, clinic, n, judged[clinic, made_by], pytest.approx(100 * n / judged[clinic, made_by]))
        for (cause, made_by, clinic), n in found.items()
    ]
    return sorted(told, key=lambda row: (-row[3], *row[:3]))


def throughput(history, days):
    by_hour = defaultdict(list)
    for _, after in within(history, days):
        if after.state in JUDGED:
            by_hour[after.updated_at.replace(minute=0, second=0, microsecond=0)].append(after)
    by_clock = defaultdict(list)
    for start, held in by_hour.items():
        by_clock[start.hour].append(held)
    told = []
    for hour, stretches in sorted(by_clock.items()):
        held = [record for stretch in stretches for record in stretch]
        rejected = sum(record.state is State.REJECTED for record in held)
        busiest, size = max(map(len, stretches)), sum(record.size for record in held)
        told.append((hour, len(held), size, pytest.approx(100 * rejected / len(held)), busiest))
    return told


def time_to_verdict(history, days):
    by_day = defaultdict(list)
    for before, after in within(history, days):
        if after.state in JUDGED and before.state not in JUDGED:
            by_day[f"{after.updated_at:%Y-%m-%d}"].append(after.timings["arrival_to_verdict"])
    return [
        (day, len(times), *(sorted(times)[math.ceil(share * len(times)) - 1] for share in (0.5, 0.95, 0.99, 1)))
        for day, times in sorted(by_day.items(), reverse=True)
    ]


def cost(history, days):
    changes = [(before, after) for before, after in within(history, days) if after.state in JUDGED]
    verdicts, stored, files = Counter(after.clinic_id for _, after in changes), Counter(), Counter()
    for record in latest(changes):
        if record.state is State.ACCEPTED and not record.duplicate_of:
            stored[record.clinic_id] += record.size
            files[record.clinic_id] += 1
    rows = []
    for clinic, number in verdicts.items():
        month = estimate_cost(clinic, files=files[clinic], stored=stored[clinic], judged=number)
        processing, storage = month.processing, month.storage
        # The query's text holds prices to the cent.
        told = [pytest.approx(amount, rel=0.001) for amount in (processing, storage, processing + storage)]
        rows.append((processing + storage, (clinic, number, stored[clinic], *told)))
    return [row for _, row in sorted(rows, key=lambda row: -row[0])]


EXPECTED = {"rejections": rejections, "throughput": throughput, "time_to_verdict": time_to_verdict, "cost": cost}


@pytest.mark.parametrize("days", PERIODS)
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.key)
def test_a_query_answers_what_the_records_add_up_to(query, days, history, once):
    expected = EXPECTED[query.key](history, days)
    assert len(expected) > 2
    assert answer(once, query.sql(days)) == expected


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.key)
def test_batches_that_come_again_in_other_pieces_change_no_answer(query, once, twice):
    ((rows_once,),), ((rows_twice,),) = (answer(opened, "SELECT count(*) FROM verdicts") for opened in (once, twice))
    assert rows_twice > 1.3 * rows_once
    assert answer(twice, query.sql()) == answer(once, query.sql())


def test_one_batch_delivered_twice_leaves_the_same_files(history):
    records = [change(after, before) for before, after in history[:80]]
    assert exported([records]) == exported([records, records, records])


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.key)
def test_the_columns_are_those_that_the_page_shows(query, once):
    described = once.execute(query.sql()).description
    assert [name for name, *_ in described] == [column.name for column in query.columns]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.key)
def test_a_period_changes_one_number_of_the_text_and_only_offered_ones_do(query):
    usual = query.sql()
    assert usual.count("INTERVAL '30' DAY") == 1
    assert query.sql(90) == usual.replace("'30'", "'90'")
    for days in (0, 31, -7):
        with pytest.raises(ValueError, match="no such period"):
            query.sql(days)


def test_the_prices_are_those_of_the_page_on_storage_and_cost():
    text = find_query("cost").sql()
    rates = compute_rates()
    assert f"{rates.verdict * 1e6:.2f}E0 AS million_verdicts" in text
    assert f"{rates.record * 1e6:.2f}E0 AS million_records" in text
    assert f"{rates.gb}E0 AS gib_month" in text
    assert KNOWN in text
