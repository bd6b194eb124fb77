"""Reservations under contention and after crashes."""

from dataclasses import replace

import pytest

from intake.errors import ConflictError
from intake.files.keys import MAX_FILES_PER_UPLOAD
from intake.files.model import Source
from portal.auth.identity import STAFF_SCOPES, Identity
from portal.errors import IdempotencyError, TooManyFilesError
from portal.uploads import reservations
from portal.uploads.multipart import choose_part_size, count_parts
from portal.uploads.requests import MAX_FILE, MAX_PARTS, Announced, NewUpload
from tests.fakes import FakeRecords

NORA = Identity("user-1", "northside", False, STAFF_SCOPES, "Nora")
MIB = 1024**2


def files(count, size=7):
    return [Announced(name=f"{number}.dcm", size=size) for number in range(count)]


def begin(portal, announced, key=None):
    return reservations.reserve(
        portal.services, NORA, NewUpload(files=announced), source=Source.WEB, idempotency_key=key
    )


class Contended(FakeRecords):
    """A table in which others add files to the same upload, just before we do."""

    rivals = 0

    def add_files(self, upload, files):
        if self.rivals:
            self.rivals -= 1
            stored = self.table.uploads[upload.upload_id]
            self.table.uploads[upload.upload_id] = replace(stored, announced=stored.announced + 1)
        super().add_files(upload, files)


@pytest.fixture
def contended(portal):
    records = Contended(portal.table, portal.clock)
    portal.services = replace(portal.services, records=records)
    return records


def test_files_that_others_add_meanwhile_keep_their_numbers(portal, contended):
    upload_id = begin(portal, files(1)).upload_id
    contended.rivals = 2
    placement = reservations.add_files(portal.services, NORA, upload_id, files(2))
    assert [placed.record.file_id[-5:] for placed in placement.files] == ["00003", "00004"]


def test_endless_contention_is_a_conflict(portal, contended):
    upload_id = begin(portal, files(1)).upload_id
    contended.rivals = reservations.ATTEMPTS
    with pytest.raises(ConflictError):
        reservations.add_files(portal.services, NORA, upload_id, files(1))


def test_a_conflict_amid_many_files_reserves_none_twice(portal, contended):
    upload_id = begin(portal, files(1)).upload_id
    contended.rivals = 1
    placement = reservations.add_files(portal.services, NORA, upload_id, files(250))
    assert len({placed.record.file_id for placed in placement.files}) == 250
    assert len(portal.table.files) == 251


class Crashing(FakeRecords):
    """A table that is lost to us after so many writes."""

    writes = 0

    def create_upload(self, upload):
        self._count()
        super().create_upload(upload)

    def add_files(self, upload, files):
        self._count()
        super().add_files(upload, files)

    def _count(self):
        self.writes -= 1
        if self.writes < 0:
            raise ConnectionError


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_repetition_takes_up_what_a_crash_left_undone(portal, writes):
    crashing = Crashing(portal.table, portal.clock)
    crashing.writes = writes
    portal.services = replace(portal.services, records=crashing)
    with pytest.raises(ConnectionError):
        begin(portal, files(300), key="night-1")
    crashing.writes = 100
    placement = begin(portal, files(300), key="night-1")
    assert len(portal.table.uploads) == 1
    assert len(portal.table.files) == 300
    assert [placed.record.name for placed in placement.files] == [f"{number}.dcm" for number in range(300)]
    assert all(placed.put for placed in placement.files)


def test_files_that_were_added_under_a_key_are_not_added_again(portal):
    upload_id = begin(portal, files(1)).upload_id

    def add(count, key):
        return [
            placed.record.file_id
            for placed in reservations.add_files(
                portal.services, NORA, upload_id, files(count), idempotency_key=key
            ).files
        ]

    first = add(250, "more-1")
    other = add(2, "more-2")
    assert add(250, "more-1") == first
    assert add(2, "more-2") == other
    assert len(portal.table.files) == 253
    with pytest.raises(IdempotencyError):
        add(3, "more-1")


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_repetition_of_adding_takes_up_what_a_crash_left_undone(portal, writes):
    upload_id = begin(portal, files(1)).upload_id
    crashing = Crashing(portal.table, portal.clock)
    crashing.writes = writes
    portal.services = replace(portal.services, records=crashing)
    with pytest.raises(ConnectionError):
        reservations.add_files(portal.services, NORA, upload_id, files(250), idempotency_key="more-1")
    crashing.writes = 100
    reservations.add_files(portal.services, NORA, upload_id, files(1, size=8))
    placement = reservations.add_files(portal.services, NORA, upload_id, files(250), idempotency_key="more-1")
    assert [placed.record.name for placed in placement.files] == [f"{number}.dcm" for number in range(250)]
    assert len(portal.table.files) == 252


class StillRunning(FakeRecords):
    """A table to which the call that we repeat, which nobody waits for any more, still writes: just before we do."""

    batches = 0

    def create_upload(self, upload):
        FakeRecords.create_upload(FakeRecords(self.table, self.clock), upload)
        super().create_upload(upload)

    def add_files(self, upload, files):
        if self.batches < 2:
            self.batches += 1
            super().add_files(upload, files)
        super().add_files(upload, files)


@pytest.mark.parametrize("begun", [False, True])
def test_a_repetition_reserves_nothing_twice_while_the_first_call_still_runs(portal, begun):
    upload_id = begin(portal, files(1)).upload_id if begun else None
    portal.services = replace(portal.services, records=StillRunning(portal.table, portal.clock))
    if begun:
        placement = reservations.add_files(portal.services, NORA, upload_id, files(250), idempotency_key="more-1")
    else:
        placement = begin(portal, files(250), key="night-1")
    assert [placed.record.name for placed in placement.files] == [f"{number}.dcm" for number in range(250)]
    assert len(portal.table.files) == 250 + begun
    assert len(portal.table.uploads) == 1


def test_a_repetition_signs_only_what_is_still_awaited(portal):
    first = begin(portal, files(2), key="night-1").files[0].record
    portal.verdicts.fail(first, "Boom")
    placement = begin(portal, files(2), key="night-1")
    assert [placed.put is not None for placed in placement.files] == [False, True]


def test_a_repetition_opens_no_second_multipart_upload(portal):
    begin(portal, files(1, size=65 * MIB), key="night-1")
    begin(portal, files(1, size=65 * MIB), key="night-1")
    assert len(portal.presigner.open) == 1


def test_a_repetition_leaves_out_files_that_were_added_since(portal):
    placement = begin(portal, files(1), key="night-1")
    reservations.add_files(portal.services, NORA, placement.upload_id, files(3))
    assert len(begin(portal, files(1), key="night-1").files) == 1


def test_an_upload_takes_no_more_files_than_it_can_number(portal):
    placement = begin(portal, files(1))
    stored = portal.table.uploads[placement.upload_id]
    portal.table.uploads[placement.upload_id] = replace(stored, announced=MAX_FILES_PER_UPLOAD)
    with pytest.raises(TooManyFilesError):
        reservations.add_files(portal.services, NORA, placement.upload_id, files(1))


def test_a_record_is_written_before_anything_is_signed(portal):
    signed = []
    sign = portal.presigner.put

    def watching(target, *declared):
        signed.append(any(record.incoming == target for record in portal.table.files.values()))
        return sign(target, *declared)

    portal.presigner.put = watching
    begin(portal, files(120))
    assert signed == [True] * 120


@pytest.mark.parametrize("size", [64 * MIB + 1, 1024 * MIB, MAX_FILE - 1, MAX_FILE, 10 * MAX_FILE])
def test_parts_are_few_enough_and_large_enough_for_s3(size):
    assert count_parts(size) <= MAX_PARTS
    assert choose_part_size(size) >= 5 * MIB
    assert (count_parts(size) - 1) * choose_part_size(size) < size <= count_parts(size) * choose_part_size(size)
