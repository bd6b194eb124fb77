"""Which file shows a series: how often one is looked for and asked for, whatever the stream does."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.files.model import TimelineEntry
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.rebuilds.dry_table import DryTable
from intake.rebuilds.pace import Pace
from intake.rebuilds.reader import Reader
from intake.rebuilds.studies import StudyRebuild
from intake.renditions.previews import SeriesPreviews
from intake.studies.model import GROWTH
from intake.studies.studies import DynamoStudies
from intake.table.table import Table, serialize
from tests.metering.units import table_units
from tests.model.dynamodb import InMemoryDynamoDB
from tests.records import IDS, NOON, a_file, indexed_item
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.studies.test_studies import _history

STUDY = IDS.study("northside", "1.2.3")


class QueueDownError(Exception):
    """Raised where the queue takes nothing."""


class Pipeline:
    """A table that follows accepted files, and whoever is asked for pictures of them."""

    def __init__(self, client):
        self.client, self.asked, self.is_down = client, [], False
        self.table = Table(client, TABLE)
        self.projections = DynamoProjections(self.table, IDS, previews=SeriesPreviews(self.table, self.ask))

    def ask(self, requests):
        if self.is_down:
            raise QueueDownError
        self.asked += requests

    def record(self, *records):
        for record in records:
            self.client.put_item(TableName=TABLE, Item=serialize(indexed_item(record)))

    def project(self, *records):
        self.projections.apply([change for record in records for change in _history(record)])

    def take(self, *records):
        self.record(*records)
        self.project(*records)

    @property
    def study(self):
        return DynamoStudies(self.table, IDS).study("northside", STUDY)

    @property
    def numbers(self):
        """The instance numbers of what was asked for, in turn."""
        return [int(request.file_id.rpartition("-")[2]) for request in self.asked]


@pytest.fixture(params=["model", "moto"])
def pipeline(request):
    return Pipeline(InMemoryDynamoDB() if request.param == "model" else request.getfixturevalue("dynamodb"))


@pytest.fixture
def quick():
    return Pipeline(InMemoryDynamoDB())


def image(number, *, series=1, modality="CT", **changes):
    record, at = a_file(number), NOON + timedelta(seconds=number)
    told = {
        "study_instance_uid": "1.2.3",
        "series_instance_uid": f"1.2.3.{series}",
        "modality": modality,
        "instance_number": number,
        "patient": {"id": "TEST-1"},
    }
    fields = {
        "state": State.ACCEPTED,
        "kind": "dicom",
        "stored": record.incoming,
        "updated_at": at,
        "revision": 1,
        "timings": {"arrival_to_verdict": 90},
        "timeline": (TimelineEntry(NOON, "web", "reserved"), TimelineEntry(at, "processor", "accepted")),
        "metadata": {name: value for name, value in (told | changes.pop("metadata", {})).items() if value is not None},
    }
    return a_file(number, **{**fields, **changes})


def test_a_series_is_shown_by_its_middle_when_it_is_new_and_when_it_has_grown_tenfold(pipeline):
    for start in range(0, 150, 7):
        pipeline.take(*(image(number) for number in range(start, min(start + 7, 150))))

    # Of seven files at first, then of fourteen, then of a hundred and five.
    assert pipeline.numbers == [3, 7, 52]
    assert pipeline.study.preview == pipeline.study.series[0].preview == a_file(52).file_id


def test_what_is_asked_for_says_where_the_object_lies(pipeline):
    pipeline.take(image(1))

    (request,) = pipeline.asked
    record = image(1)
    assert (request.file_id, request.stored, request.size) == (record.file_id, record.stored, record.size)
    assert (request.clinic_id, request.kind, request.accepted, request.view) == ("northside", "dicom", True, None)


@pytest.mark.parametrize("at_once", [1, 10, 100])
def test_what_shows_a_series_is_noted_in_writes_that_are_made_anyway_and_takes_no_unit_more(quick, at_once):
    without = Pipeline(InMemoryDynamoDB())
    without.projections = DynamoProjections(without.table, IDS, previews=NoPreviews())
    taken = []
    for pipeline in (quick, without):
        calls = []
        pipeline.client.before = calls.append
        for start in range(0, 120, at_once):
            pipeline.take(*(image(number) for number in range(start, min(start + at_once, 120))))
        writes = [record["dynamodb"] for record in pipeline.client.stream]
        units = sum(table_units(one.get("OldImage"), one["NewImage"], transactional=False) for one in writes)
        taken.append((units, Counter(name for name in calls if name not in {"Query", "BatchGetItem"})))
    assert quick.asked
    assert taken[0] == taken[1]


def test_the_index_is_asked_only_where_a_series_has_grown_and_its_middle_came_earlier(quick, monkeypatch):
    asked, query = [], quick.client.query
    monkeypatch.setattr(quick.client, "query", lambda **told: asked.append(told.get("IndexName")) or query(**told))
    asked_at = []
    for start in range(0, 150, 10):
        asked.clear()
        quick.take(*(image(number) for number in range(start, start + 10)))
        asked_at += [start] * asked.count("by_study")
    assert asked_at == [90]
    assert quick.numbers == [5, 50]


def test_a_queue_that_is_down_has_the_batch_come_again_and_loses_no_picture(pipeline):
    pipeline.is_down = True
    with pytest.raises(QueueDownError):
        pipeline.take(image(1))
    assert pipeline.asked == []

    pipeline.is_down = False
    pipeline.project(image(1))
    pipeline.project(image(1))

    assert pipeline.numbers == [1]
    assert pipeline.study.instances == 1


@pytest.mark.parametrize("others", [range(8, 12), range(4)])
def test_two_workers_that_meet_ask_twice_at_most_and_one_image_shows_the_series_and_its_study(quick, others):
    """The second one does all its work while the first one asks: with other files of the series, or the same ones."""
    quick.record(*(image(number) for number in range(12)))
    second = Pipeline(quick.client)
    other = DynamoProjections(Table(quick.client, TABLE), IDS, previews=SeriesPreviews(quick.table, quick.ask))

    def meet(requests):
        quick.ask(requests)
        other.apply([change for number in others for change in _history(image(number))])

    second.projections = DynamoProjections(quick.table, IDS, previews=SeriesPreviews(quick.table, meet))
    second.project(*(image(number) for number in range(4)))

    assert len(quick.asked) == 2
    (series,) = quick.study.series
    assert series.instances == len({*range(4), *others})
    assert series.preview in {request.file_id for request in quick.asked}
    quick.take(image(12), image(13), image(14))
    assert quick.study.preview == quick.study.series[0].preview


def test_a_rejected_a_repeated_and_a_superseded_file_show_nothing(pipeline):
    pipeline.record(
        image(5, state=State.REJECTED), image(6, duplicate_of="x"), image(7, superseded_by="y"), image(8), image(9)
    )
    pipeline.record(image(4))
    pipeline.project(*(image(number) for number in (4, 5, 6, 7, 8, 9)))

    assert pipeline.numbers == [8]


def test_where_no_file_of_a_batch_is_kept_any_more_the_next_one_shows_the_series(pipeline):
    pipeline.record(image(1, state=State.DELETED, stored=None))
    pipeline.project(image(1))
    assert pipeline.asked == []
    assert pipeline.study.preview == ""

    pipeline.take(image(2))

    assert pipeline.numbers == [2]
    assert pipeline.study.preview == a_file(2).file_id


def test_a_report_shows_no_study_that_has_images_and_is_not_drawn(pipeline):
    pipeline.take(*(image(number, series=2, modality="SR") for number in range(20)))
    assert pipeline.asked == []
    assert pipeline.study.preview == a_file(10).file_id

    pipeline.take(image(30))

    assert pipeline.numbers == [30]
    assert pipeline.study.preview == a_file(30).file_id


def test_a_study_is_shown_by_its_largest_series(pipeline):
    pipeline.take(*(image(number, series=1) for number in range(3)))
    pipeline.take(*(image(number, series=2) for number in range(10, 15)))

    assert {one.preview for one in pipeline.study.series} == {a_file(1).file_id, a_file(12).file_id}
    assert pipeline.study.preview == a_file(12).file_id


def test_images_without_numbers_are_shown_by_one_that_came_just_now(pipeline):
    for number in range(12):
        pipeline.take(image(number, metadata={"instance_number": None}))
    assert pipeline.numbers == [0, 9]
    assert pipeline.study.preview == a_file(9).file_id


def test_a_series_that_says_nothing_of_itself_shows_its_study(pipeline):
    pipeline.take(image(1, metadata={"instance_number": None, "modality": None}))
    assert pipeline.study.preview == a_file(1).file_id


def test_a_rebuild_keeps_what_shows_a_series_and_an_audit_finds_no_difference(quick):
    quick.take(*(image(number) for number in range(20)))
    shown = quick.study.preview
    assert rebuild(quick, mends=False) == ([], 0)

    rebuild(quick, mends=True)

    assert quick.study.preview == shown
    assert quick.numbers == [10]


def test_a_study_that_is_made_anew_is_shown_by_its_middle_which_is_drawn_when_somebody_looks(quick):
    quick.take(*(image(number) for number in range(20)))
    for sort in [*quick.client.items[f"STUDY#{STUDY}"]]:
        quick.client.remove(f"STUDY#{STUDY}", sort)

    rebuild(quick, mends=True)

    assert quick.study.preview == quick.study.series[0].preview == a_file(10).file_id
    assert quick.numbers == [10]


def test_an_audit_of_times_before_pictures_finds_no_difference_and_the_next_file_brings_one(quick):
    quick.record(*(image(number) for number in range(20)))
    DynamoProjections(quick.table, IDS, previews=NoPreviews()).apply(
        [change for number in range(20) for change in _history(image(number))]
    )
    assert (rebuild(quick, mends=False), quick.study.preview) == (([], 0), "")

    quick.take(image(20))

    assert quick.study.preview == a_file(10).file_id


class NoPreviews:
    """Nobody chooses: as it was before there were pictures."""

    def choose(self, series):
        return ["" for _ in series]


def rebuild(pipeline, *, mends):
    """Return the differences, and how many writes an audit leaves out beside."""
    table = pipeline.table if mends else DryTable(pipeline.client, TABLE)
    work = StudyRebuild(table, Reader(table, Pace()), IDS, mends=mends, clock=lambda: NOON + timedelta(days=2))
    return work.rebuild(STUDY).differences, 0 if mends else table.writes


@settings(max_examples=60, deadline=None)
@example(sizes=[150], seed=0, again=0.5)
@given(
    sizes=st.lists(st.integers(1, 130), min_size=1, max_size=3),
    seed=st.integers(0, 2**32),
    again=st.floats(0, 1),
)
def test_whatever_the_order_and_the_batches_few_pictures_are_asked_for_and_an_image_shows_each_series(
    sizes, seed, again
):
    pipeline, chance = Pipeline(InMemoryDynamoDB()), random.Random(seed)
    numbers = iter(range(1000))
    of_series = {series: [next(numbers) for _ in range(size)] for series, size in enumerate(sizes)}
    images = {number: image(number, series=series) for series, some in of_series.items() for number in some}
    pipeline.record(*images.values())
    files = [*images.values(), *(one for one in images.values() if chance.random() < again)]
    chance.shuffle(files)
    repeated = 0
    while files:
        batch, files = files[: (size := chance.randint(1, 100))], files[size:]
        pipeline.is_down = chance.random() < 0.1
        try:
            pipeline.project(*batch)
        except QueueDownError:
            repeated += 1
            files = [*batch, *files]

    series = {one.series_uid: one for one in pipeline.study.series}
    for number, some in of_series.items():
        passed = sum(size <= len(some) for size in GROWTH)
        asked = [one for one in pipeline.numbers if one in some]
        assert 1 <= len(asked) <= passed + repeated
        assert series[f"1.2.3.{number}"].preview == a_file(asked[-1]).file_id
    assert pipeline.study.preview in {one.preview for one in series.values()}
