import random
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.errors import InvalidCursorError, NotFoundError
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.projections.tally import tally
from intake.records.records import DynamoRecords
from intake.studies.model import LIMITS, Series, Study, StudyQuery
from intake.studies.rules import SECTIONS, findings
from intake.studies.studies import DynamoStudies
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from tests.records import IDS, NOON, UPLOAD_ID, a_file, an_instance, an_upload, stored_item
from tests.unit.intake.conftest import TABLE
from tests.unit.intake.projections.test_projections import a_change

SEED = 20261122
ALL = StudyQuery(clinic_id="northside")


@pytest.fixture
def projections(dynamodb):
    return DynamoProjections(Table(dynamodb, TABLE))


@pytest.fixture
def studies(dynamodb):
    return DynamoStudies(Table(dynamodb, TABLE), IDS)


def _metadata(number, **changes):
    series = 1 + number % 2
    return {
        "study_instance_uid": "1.2.3",
        "series_instance_uid": f"1.2.3.{series}",
        "modality": "CT",
        "study_date": "20261122",
        "frame_of_reference_uid": "1.2.9",
        "instance_number": number,
        "patient": {"id": "TEST-1", "name": "Example^Nobody"},
        **changes,
    }


def _record(number, **changes):
    """An accepted slice, accepted `number` seconds after noon."""
    fields = {
        "state": State.ACCEPTED,
        "kind": "dicom",
        "metadata": _metadata(number),
        "updated_at": NOON + timedelta(seconds=number),
        "revision": 1,
        "timings": {"arrival_to_verdict": 90},
    }
    return a_file(number, **{**fields, **changes})


def _history(record):
    """Return the changes that led to a record, as the stream tells them."""
    reserved = replace(a_file(), file_id=record.file_id)
    if record.revision == 1:
        return [describe_change(stored_item(reserved), stored_item(record))]
    refused = replace(record, state=State.REJECTED, revision=1, stored=None)
    return [
        describe_change(stored_item(reserved), stored_item(refused)),
        describe_change(stored_item(refused), stored_item(record)),
    ]


def _records():
    plain = [_record(number) for number in range(40)]
    reprocessed = [_record(number, revision=2) for number in range(40, 50)]
    duplicates = [_record(number, duplicate_of=plain[0].file_id) for number in range(50, 55)]
    refused = [_record(number, state=State.REJECTED) for number in range(55, 60)]
    others = [_record(60, kind="pdf", metadata={}), _record(61, metadata=_metadata(61, study_instance_uid="1.2.4"))]
    return [*plain, *reprocessed, *duplicates, *refused, *others]


def test_a_study_counts_each_accepted_file_once_whatever_the_stream_does(projections, studies):
    history = [made for record in _records() for made in _history(record)]
    deliveries = history * 3
    print(f"seed {SEED}")
    random.Random(SEED).shuffle(deliveries)

    for start in range(0, len(deliveries), 40):
        projections.apply(deliveries[start : start + 40])

    study = studies.study("northside", IDS.study("northside", "1.2.3"))
    assert (study.instances, study.bytes, study.modalities) == (50, 50_000, {"CT"})
    assert (study.first_at, study.last_at) == (NOON, NOON + timedelta(seconds=49))
    assert study.uploads == {UPLOAD_ID}
    assert len(study.patients) == 1
    assert "TEST-1" not in str(study)
    first, second = sorted(study.series, key=lambda series: series.series_uid)
    assert (first.series_uid, first.instances, first.numbered) == ("1.2.3.1", 25, 25)
    assert first.numbers == set(range(0, 50, 2))
    assert second.frames_of_reference == {"1.2.9"}
    assert study.series_uids == {"1.2.3.1", "1.2.3.2"}


def test_a_file_whose_place_another_took_leaves_its_study_in_whatever_order_that_is_told(projections, studies):
    first, taking = _record(1), _record(2, metadata=_metadata(1), conflicts_with=_record(1).file_id)
    superseded = replace(first, superseded_by=taking.file_id, revision=2)
    history = [
        *_history(first),
        *_history(taking),
        describe_change(stored_item(first), stored_item(superseded)),
        *_history(_record(4)),
    ]
    deliveries = history * 3
    print(f"seed {SEED}")
    random.Random(SEED).shuffle(deliveries)

    for start in range(0, len(deliveries), 5):
        projections.apply(deliveries[start : start + 5])

    study = studies.study("northside", IDS.study("northside", "1.2.3"))
    assert (study.instances, study.bytes) == (2, 2_000)
    recomputed = tally(describe_change({}, stored_item(record)) for record in (superseded, taking, _record(4)))
    assert [sums.counts["instances"] for sums in recomputed.studies.values()] == [2]


def test_recomputing_every_sum_from_the_records_gives_what_was_added_up(projections, studies, dynamodb):
    records = _records()
    table = DynamoRecords(Table(dynamodb, TABLE))
    table.create_upload(an_upload())
    table.add_files(an_upload(), [a_file(number) for number in range(len(records))])
    deliveries = [made for record in records for made in _history(record)] * 2
    random.Random(SEED).shuffle(deliveries)
    for start in range(0, len(deliveries), 25):
        projections.apply(deliveries[start : start + 25])

    fresh = tally(describe_change({}, stored_item(record)) for record in records)

    upload = table.upload(None, UPLOAD_ID)
    assert {f"n_{state}": n for state, n in upload.counts.items() if n} == {
        name: n for name, n in fresh.uploads[UPLOAD_ID].counts.items() if n and name.startswith("n_")
    }
    for study_id, told in fresh.studies.items():
        study, sums = studies.study(told.clinic_id, study_id), told.counts
        assert IDS.study(told.clinic_id, told.facts["study_uid"]) == study_id
        assert (study.instances, study.bytes, study.rejected) == (sums["instances"], sums["bytes"], sums["rejected"])
        assert sum(series.numbered for series in study.series) == sums["numbered"]
        for series in study.series:
            recomputed = fresh.series[study_id, series.series_id]
            assert {"instances": series.instances, "numbered": series.numbered} == recomputed.counts
            assert recomputed.facts == {"series_uid": series.series_uid}


def test_studies_are_listed_by_their_last_file_page_by_page(projections, studies):
    for number in range(5):
        projections.apply(_history(_record(number, metadata=_metadata(number, study_instance_uid=f"1.{number}"))))
    projections.apply(_history(_record(9, metadata=_metadata(9, study_instance_uid="1.0"))))

    first = studies.studies(ALL, None, 2)
    second = studies.studies(ALL, first.next, 2)
    third = studies.studies(ALL, second.next, 2)

    assert [study.study_uid for page in (first, second, third) for study in page.rows] == [
        "1.0", "1.4", "1.3", "1.2", "1.1",
    ]  # fmt: skip
    assert third.next is None
    assert studies.studies(StudyQuery(clinic_id="lakeview"), None, 2).rows == ()
    with pytest.raises(InvalidCursorError):
        studies.studies(ALL, "?", 2)


def test_a_foreign_or_unknown_study_is_not_found(projections, studies):
    projections.apply(_history(_record(1)))

    known, unknown = IDS.study("northside", "1.2.3"), IDS.study("northside", "1.2.5")
    assert studies.study(None, known).study_uid == "1.2.3"
    for clinic_id, wanted in (("lakeview", known), ("northside", unknown), ("northside", "9" * 3000)):
        with pytest.raises(NotFoundError):
            studies.study(clinic_id, wanted)


def test_of_another_clinics_study_nothing_is_read_however_many_series_it_has(projections, studies, dynamodb):
    series = [_record(number, metadata=_metadata(number, series_instance_uid=f"1.{number}")) for number in range(9)]
    projections.apply([made for record in series for made in _history(record)])
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))

    for wanted in (IDS.study("northside", "1.2.3"), IDS.study("northside", "9.9"), "0" * 26, UPLOAD_ID):
        with pytest.raises(NotFoundError):
            studies.study("lakeview", wanted)

    assert calls == []


def test_sets_stay_bounded_whatever_a_sender_makes_up(projections, studies):
    records = [_record(number, metadata=_metadata(number, modality=f"M{number}")) for number in range(100)]
    for start in range(0, 100, 20):
        projections.apply([made for record in records[start : start + 20] for made in _history(record)])

    study = studies.study("northside", IDS.study("northside", "1.2.3"))
    assert study.instances == 100
    assert len(study.modalities) == LIMITS["modalities"]


def test_a_busy_upload_shares_its_sums_among_as_many_changes_as_fit(projections, dynamodb, monkeypatch):
    sizes = []
    write = dynamodb.transact_write_items
    monkeypatch.setattr(
        dynamodb, "transact_write_items", lambda **call: (sizes.append(len(call["TransactItems"])), write(**call))
    )

    projections.apply([made for number in range(100) for made in _history(_record(number))])

    # One for the sums, and one for the state of the one study.
    assert len(sizes) == 2
    assert max(sizes) <= 100


def test_every_change_apart_still_fits_into_transactions(projections, studies):
    apart = [
        a_change(
            number,
            upload_id=f"{number:026d}",
            source="direct",
            before=None,
            after=State.ACCEPTED,
            at=NOON + timedelta(hours=number),
            instance=an_instance(f"1.{number}", f"1.{number}.1"),
        )
        for number in range(40)
    ]
    projections.apply(apart)

    assert len(studies.studies(ALL, None, 50).rows) == 40


def test_metadata_that_names_no_study_adds_to_none():
    for metadata in ({}, _metadata(1, series_instance_uid=""), _metadata(1, study_instance_uid="1" * 200)):
        assert _instance_of(metadata) is None
        assert stored_item(_record(1, metadata=metadata)).get("study_of") is None
    metadata = {"study_instance_uid": "1", "series_instance_uid": "2"}
    assert _instance_of(metadata) == an_instance("1", "2")


def _instance_of(metadata, clinic_id="northside"):
    """Return what the projector reads off a record that was just accepted."""
    return describe_change({}, stored_item(_record(1, metadata=metadata, clinic_id=clinic_id))).new.instance


def test_a_patients_digest_cannot_be_followed_from_study_to_study():
    one, same, other_study, other_clinic = (
        _instance_of(_metadata(1, study_instance_uid=uid), clinic).patient
        for clinic, uid in (("northside", "1"), ("northside", "1"), ("northside", "2"), ("lakeview", "1"))
    )
    assert one == same
    assert len({one, other_study, other_clinic}) == 3


def _study_of(*series, **changes):
    fields = {"clinic_id": "northside", "study_id": "s", "study_uid": "1", "instances": 1, "bytes": 1, "series": series}
    return Study(**{**fields, "first_at": NOON, "last_at": NOON, **changes})


def _series(**changes):
    fields = {"series_id": "r", "series_uid": "1.1", "instances": 3, "numbered": 3, "numbers": frozenset({1, 2, 3})}
    return Series(**{**fields, **changes})


@pytest.mark.parametrize(
    ("study", "codes"),
    [
        (_study_of(_series()), []),
        (_study_of(_series(numbered=0, numbers=frozenset())), []),
        (_study_of(_series(), patients=frozenset({"a", "b"})), ["study-patient-differs"]),
        (_study_of(_series(modalities=frozenset({"CT", "PT"}))), ["series-modalities-mixed"]),
        (_study_of(_series(frames_of_reference=frozenset({"1", "2"}))), ["series-frames-of-reference-mixed"]),
        (_study_of(_series(numbered=4)), ["instance-numbers-repeated"]),
        (_study_of(_series(numbers=frozenset({1, 2, 5}))), ["instance-numbers-missing"]),
        (_study_of(_series(numbers=frozenset(range(0, 20_000, 2)))), []),
    ],
)
def test_a_study_is_told_what_no_single_file_shows(study, codes):
    assert [found.code for found in findings(study, [an_upload(counts={State.ACCEPTED: 3})])] == codes


def test_a_study_whose_upload_lacks_files_is_incomplete():
    upload = an_upload(counts={State.EXPIRED: 1})
    assert [found.code for found in findings(_study_of(), [upload])] == ["study-incomplete"]


def test_every_rule_on_studies_is_listed_for_the_catalogue():
    assert len({rule.code for rule in SECTIONS}) == 6
