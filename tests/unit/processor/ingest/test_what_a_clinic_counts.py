"""What an upload says once its archives are unpacked and settled, over fakes: in the list, on the receipt, by mail."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from intake.files import keys
from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.files.upload_state import UploadState, count_missing, find_upload_state
from portal.presentation import upload_labels as labels
from portal.web.layout import receipts
from processor.handlers.record_changes import describe_change
from processor.projection.projector import PATIENCE, Projector
from processor.projection.replacements import Replacements
from tests.archives import a_study, zipped
from tests.fakes import FakeAlerts, FakeEvents, FakeProjections, FakeRepairs
from tests.records import NOON, UPLOAD_ID, a_file, an_upload, stored_item
from tests.unit.processor.ingest.test_expand import World

AGAIN_ID = "01kanqzzzz0000000000000001"
MALWARE = b"MZ" + bytes(100)


class Clinic(World):
    """Sends uploads, and reads what is told of them."""

    def __init__(self):
        super().__init__()
        self.alerts, self.events, self.at = FakeAlerts(), FakeEvents(), NOON
        sums = FakeProjections()
        self.projector = Projector(
            sums,
            sums,
            self.alerts,
            events=self.events,
            upload_of=partial(self.records.upload, None),
            language_of=lambda clinic_id: "en",
            replacements=Replacements(FakeRepairs(self.table), self.records.get_many, tell_unread=[].append),
            portal_origin="https://portal.test",
            clock=lambda: self.at,
        )

    def send(self, files, upload_id=UPLOAD_ID, **expected):
        """Announce and send some files, those of them that are maps as archives."""
        if upload_id not in self.table.uploads:
            self.records.create_upload(an_upload(upload_id=upload_id, **expected))
        announced = self.records.upload(None, upload_id).announced
        for number, (name, content) in enumerate(files.items(), announced):
            file = a_file(number, upload_id=upload_id, name=name)
            file = replace(file, incoming=ObjectVersion("incoming", f"northside/2026/11/22/{upload_id}/{file.file_id}"))
            self.records.add_files(self.records.upload(None, upload_id), [file])
            data = zipped(content) if isinstance(content, dict) else content
            self.objects.put("incoming", file.incoming.key, data)

    def state(self, upload_id=UPLOAD_ID):
        upload = self.records.upload("northside", upload_id)
        return find_upload_state(upload), count_missing(upload)

    def mails(self, upload_id=UPLOAD_ID):
        """Have all verdicts on an upload projected, and return what is said in the next ten minutes."""
        judged = [record for record in self.files() if record.upload_id == upload_id]
        waiting = [a_file(upload_id=upload_id, file_id=record.file_id) for record in judged]
        self.projector.project(
            [describe_change(stored_item(old), stored_item(new)) for old, new in zip(waiting, judged, strict=True)]
        )
        self.at += PATIENCE
        self.projector.tell_pending()
        return [alert.subject.partition("] ")[2] for alert in self.alerts.published]


@pytest.fixture
def clinic():
    return Clinic()


def test_an_archive_of_eleven_is_one_short_of_twelve(clinic):
    clinic.send({"study.zip": a_study("one", 11)}, expected_images=12)
    clinic.work()

    upload = clinic.records.upload("northside", UPLOAD_ID)
    assert clinic.state() == (UploadState.MISSING, 1)
    assert labels.describe_upload(upload) == "11 files accepted, 1 missing"
    assert labels.describe_archives(upload) == "1 archive, 11 files in it"
    assert {tile.label: tile.number for tile in receipts.list_tiles(upload)}["Missing"] == 1
    assert clinic.mails() == ["Upload incomplete at northside: 1 missing, 11 accepted"]


def test_the_same_archive_sent_again_is_one_short_too_and_no_more(clinic):
    for upload_id in (UPLOAD_ID, AGAIN_ID):
        clinic.send({"study.zip": a_study("one", 11)}, upload_id, expected=12)
        clinic.work()

    upload = clinic.records.upload("northside", AGAIN_ID)
    assert clinic.state(AGAIN_ID) == clinic.state() == (UploadState.MISSING, 1)
    assert (upload.declared, upload.duplicates, upload.repeats) == (11, 11, 0)
    assert labels.describe_upload(upload) == "11 files accepted, 1 missing, 11 already here"
    assert len([file for file in clinic.files() if file.upload_id == AGAIN_ID and file.parent]) == 11


@pytest.mark.parametrize("expected", ["expected", "expected_images"])
def test_an_archive_sent_twice_in_one_upload_brings_its_images_once(clinic, expected):
    clinic.send({"study.zip": a_study("one", 11)}, **{expected: 12})
    clinic.work()
    clinic.send({"again.zip": a_study("one", 11)})
    clinic.work()

    upload = clinic.records.upload("northside", UPLOAD_ID)
    assert clinic.state() == (UploadState.MISSING, 1)
    assert (upload.declared, upload.repeats, upload.containers) == (22, 11, {State.ACCEPTED: 2})


def test_what_is_missing_of_a_mixed_upload_stays_missing_when_its_archive_is_unpacked(clinic):
    loose = a_study("loose", 5)
    clinic.send({**loose, "more.zip": a_study("more", 4)}, expected_images=12)
    clinic.work()

    assert clinic.state() == (UploadState.MISSING, 3)


def test_fifty_seven_of_sixty_are_complete_nowhere(clinic):
    clinic.send(a_study("sixty", 57), expected_images=60)
    clinic.work()

    upload = clinic.records.upload("northside", UPLOAD_ID)
    assert labels.choose_upload_badge(upload).label == "Missing 3"
    assert labels.describe_upload(upload) == "57 files accepted, 3 missing"
    assert labels.describe_shortage(upload) == "3 images of the 60 that you expected are missing."
    bar = receipts.build_bar(upload)
    assert (bar.total, [(part.tone, part.width) for part in bar.parts]) == (60, [("ok", 57), ("wait", 3)])
    assert clinic.mails() == ["Upload incomplete at northside: 3 missing, 57 accepted"]
    assert clinic.events.published[-1].data["missing"] == 3


def test_documents_and_litter_make_up_for_no_image(clinic):
    clinic.send({**a_study("three", 3), "report.csv": b"a;b\n1;2\n"}, expected_images=4)
    clinic.work()

    assert clinic.state() == (UploadState.MISSING, 1)


def test_all_that_was_expected_is_complete_whatever_came_beside_it(clinic):
    clinic.send({"study.zip": a_study("all", 4), "report.csv": b"a;b\n1;2\n"}, expected_images=4)
    clinic.work()

    assert clinic.state() == (UploadState.COMPLETE, 0)
    assert clinic.mails() == ["Upload complete at northside: all 5 files accepted"]


def test_equal_files_are_no_shortage_where_just_so_many_were_announced_as_were_expected(clinic):
    (image,) = a_study("equal", 1).values()
    clinic.send({"one.dcm": image, "copy of one.dcm": image}, expected=2)
    clinic.work()

    assert clinic.state() == (UploadState.COMPLETE, 0)


def test_a_duplicate_is_unpacked_from_where_its_first_was_moved(clinic):
    """The first was rejected, and its bytes moved to quarantine, before the duplicate's slices were delivered."""
    clinic.send({"one.zip": {"viewer.exe": MALWARE}, "two.zip": {"viewer.exe": MALWARE}})
    one, two = (keys.file_id(UPLOAD_ID, number) for number in range(2))
    for file_id in (one, two):
        key = clinic.table.files[file_id].incoming.key
        clinic._judge(key, clinic.objects.versions["incoming", key][-1].version_id)
    held = [message for message in clinic.queue.messages if two in str(message.body)]
    clinic.queue.messages[:] = [message for message in clinic.queue.messages if message not in held]
    clinic.work()
    assert clinic.table.files[one].stored.bucket == "quarantine"

    clinic.queue.messages[:] = held
    clinic.work()

    assert [clinic.table.files[file_id].state for file_id in (one, two)] == [State.REJECTED] * 2
    assert clinic.table.files[two].stored.key.endswith(two)
    assert clinic.state() == (UploadState.NEEDS_ATTENTION, 0)
    assert clinic.records.upload(None, UPLOAD_ID).containers == {State.REJECTED: 2}


def test_an_upload_whose_only_archive_was_refused_is_no_empty_one(clinic):
    clinic.send({"study.zip": b"PK\x03\x04" + bytes(200)})
    clinic.work()

    upload = clinic.records.upload(None, UPLOAD_ID)
    assert (clinic.files()[0].kind, upload.declared) == ("zip", 0)
    assert clinic.state() == (UploadState.NEEDS_ATTENTION, 0)
    assert labels.describe_upload(upload) == "No files, 1 archive rejected"


def test_an_upload_is_in_progress_until_its_archives_entries_are_judged(clinic):
    clinic.send({"study.zip": a_study("later", 3)}, expected_images=3)
    assert clinic.state()[0] is UploadState.IN_PROGRESS
    key = clinic.files()[0].incoming.key
    clinic._judge(key, clinic.objects.versions["incoming", key][-1].version_id)
    assert clinic.state()[0] is UploadState.IN_PROGRESS
    clinic.at += timedelta(minutes=1)
    clinic.work()
    assert clinic.state() == (UploadState.COMPLETE, 0)
