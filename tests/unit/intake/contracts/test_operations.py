"""What operations keep: incidents, rounds, last errors, stuck files, the audit log, runs of queries."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from intake.analytics.athena import DynamoQueryRuns
from intake.analytics.model import QueryRun
from intake.operations.dynamodb import DynamoAudit, DynamoLastErrors, DynamoStuckFiles
from intake.operations.model import AuditFilter, LastError, SampledUpload, StuckFile
from intake.operations.reconciliation import DynamoIncidents, DynamoRounds
from intake.operations.upload_samples import DynamoUploadSamples
from intake.records.records import DynamoRecords
from intake.table.expressions import clinic
from tests.fakes import (
    FakeAudit,
    FakeIncidents,
    FakeLastErrors,
    FakeQueryRuns,
    FakeRounds,
    FakeStuckFiles,
    FakeUploadSamples,
)
from tests.records import NOON, a_file, an_upload
from tests.unit.intake.operations.test_audit import EVERYTHING, START, create_audit_table, entry
from tests.unit.intake.operations.test_incidents import an_incident


class TestIncidents:
    @pytest.fixture
    def incidents(self, in_table):
        return in_table(FakeIncidents, DynamoIncidents)

    def test_they_are_open_from_their_note_until_they_are_closed(self, incidents):
        one = an_incident()
        incidents.note([one])
        incidents.note([replace(one, seen_at=NOON + timedelta(hours=1))])
        assert incidents.open("", 10) == ((one,), "")
        for _ in range(2):
            incidents.close(one, NOON)
        assert incidents.open("", 10) == ((), "")
        incidents.note([one])
        assert incidents.open("", 10) == ((one,), "")

    def test_one_is_told_once_and_a_closed_one_not_at_all(self, incidents):
        one = an_incident()
        incidents.tell(one, NOON)
        incidents.note([one])
        for _ in range(2):
            incidents.tell(one, NOON)
        assert incidents.open("", 10) == ((replace(one, told=True),), "")

    def test_pages_hold_each_once(self, incidents):
        wanted = [an_incident(number) for number in range(5)]
        incidents.note(wanted)
        found, position = [], ""
        while True:
            page, position = incidents.open(position, 2)
            found += page
            if not position:
                break
        assert sorted(one.file_id for one in found) == [one.file_id for one in wanted]


class TestUploadSamples:
    UPLOADS = tuple(f"01kanq{number:020d}" for number in range(4))

    @pytest.fixture
    def samples(self, in_table):
        """Three uploads of a clinic, and one of another."""
        owners = dict.fromkeys(self.UPLOADS, "northside") | {self.UPLOADS[3]: "lakeview"}
        drawn = [
            SampledUpload(clinic_id=clinic_id, upload_id=upload_id, files=2, changed_at=NOON)
            for upload_id, clinic_id in owners.items()
        ]

        def fill(table):
            for upload_id, clinic_id in owners.items():
                table.put({"pk": "CLINICS", "sk": clinic_id, "clinic_id": clinic_id}, clinic(clinic_id))
                of = {"clinic_id": clinic_id, "upload_id": upload_id}
                DynamoRecords(table).add_files(an_upload(**of), [a_file(number, **of) for number in range(2)])
            return DynamoUploadSamples(table, Random(1))

        return in_table(lambda: FakeUploadSamples(drawn), fill)

    def test_each_clinic_has_its_own_drawn_and_none_twice(self, samples):
        assert sorted(samples.clinics()) == ["lakeview", "northside"]
        own = samples.draw("northside", 9)
        assert sorted(one.upload_id for one in own) == [*self.UPLOADS[:3]]
        assert {(one.clinic_id, one.files, one.changed_at) for one in own} == {("northside", 2, NOON)}
        assert len({one.upload_id for one in samples.draw("northside", 2)}) == 2
        assert [one.upload_id for one in samples.draw("lakeview", 2)] == [self.UPLOADS[3]]
        assert samples.draw("southside", 2) == []


class TestRounds:
    def test_positions_are_read_as_they_were_written(self, in_table):
        rounds = in_table(FakeRounds, DynamoRounds)
        assert rounds.read() == {}
        for positions in ({"records": "a", "objects": ""}, {"records": "b"}):
            rounds.write(positions)
            assert rounds.read() == positions


class TestLastErrors:
    def test_the_latest_is_known_by_message(self, in_table):
        errors = in_table(FakeLastErrors, DynamoLastErrors)
        first, latest = (LastError("m1", name, NOON) for name in ("Timeout", "ClientError"))
        for error in (first, latest, LastError("m2", "Timeout", NOON)):
            errors.note(error)
        assert errors.find(["m1", "m3"]) == {"m1": latest}
        assert errors.find([]) == {}


class TestStuckFiles:
    def test_those_seen_lately_come_by_arrival(self, in_table):
        stuck = in_table(FakeStuckFiles, DynamoStuckFiles)
        files = [
            StuckFile(a_file(number).file_id, "northside", NOON - timedelta(minutes=number), NOON)
            for number in range(3)
        ]
        forgotten = StuckFile(a_file(9).file_id, "northside", NOON, NOON - timedelta(hours=1))
        stuck.note([*files, forgotten])
        assert stuck.list_seen(NOON, 10) == tuple(reversed(files))
        assert stuck.list_seen(NOON, 1) == (files[2],)
        stuck.note([replace(files[0], seen_at=NOON + timedelta(minutes=5))])
        assert stuck.list_seen(NOON + timedelta(minutes=1), 10) == (
            replace(files[0], seen_at=NOON + timedelta(minutes=5)),
        )


class TestAudit:
    @pytest.fixture
    def audit(self, either):
        return either(FakeAudit, lambda aws: DynamoAudit(create_audit_table(aws)))

    @staticmethod
    def found(audit, wanted, limit=2):
        rows, after = [], None
        while True:
            page = audit.entries(wanted, after, limit)
            rows += page.rows
            after = page.next
            if after is None:
                return rows

    def test_entries_come_newest_first_as_they_were_written(self, audit):
        written = [entry(number) for number in range(3)]
        for one in written:
            audit.write(one)
        assert self.found(audit, EVERYTHING) == written[::-1]

    @pytest.mark.parametrize(
        "wanted",
        [
            {"clinic_id": "lakeview"},
            {"actor": "admin-2"},
            {"action": "partner."},
            {"action": "partner.revoke"},
            {"subject": "wanted"},
            {"since": START + timedelta(minutes=30), "until": START + timedelta(minutes=30)},
            {"clinic_id": "lakeview", "actor": "admin-2"},
        ],
    )
    def test_a_filter_leaves_what_fits_it(self, audit, wanted):
        fits = entry(1, clinic_id="lakeview", actor="admin-2", action="partner.revoke", subject="wanted")
        for one in (entry(0), fits, entry(2)):
            audit.write(one)
        asked = AuditFilter(**{"until": EVERYTHING.until, **wanted})
        assert self.found(audit, asked) == [fits]


class TestQueryRuns:
    def test_the_latest_run_of_each_period_is_known(self, in_table):
        runs = in_table(FakeQueryRuns, DynamoQueryRuns)
        first, second = (QueryRun("cost", 30, name, NOON) for name in ("one", "two"))
        week = QueryRun("cost", 7, "three", NOON)
        for run in (first, second, week, QueryRun("other", 30, "four", NOON)):
            runs.note(run)
        assert runs.latest("cost") == {30: second, 7: week}
        assert runs.latest("none") == {}
