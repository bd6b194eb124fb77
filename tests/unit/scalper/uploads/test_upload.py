"""Uploading: once, whatever happens on the way."""

import contextlib
import os
import sqlite3

import httpx
import pytest

from scalper.errors import JournalError, UnreachableError
from scalper.uploads.announcements import Announcer
from scalper.uploads.local_files import LARGE, find_files
from scalper.uploads.outcome import Silent
from tests.dicom_files import ct_slice
from tests.patient_cd import AROUND, burn_cd
from tests.unit.scalper.world import folder

UPLOADS = "POST /api/v1/uploads"


@pytest.fixture
def client(world):
    with world.client() as client:
        yield client


def names(world):
    return sorted(record.name for record in world.portal.table.files.values())


def test_a_folder_becomes_one_upload_of_files_named_from_it(world, client, study, journal):
    outcome = client.upload(study, reference="batch-117", journal=journal)
    assert names(world) == ["study/a.dcm", "study/b.dcm", "study/c.dcm"]
    assert (outcome.sent, outcome.bytes_sent, outcome.troubles) == (3, 11, [])
    (upload,) = client.uploads()
    assert (upload.reference, upload.declared, upload.complete) == ("batch-117", 3, True)
    assert {verdict.state for verdict in client.wait(outcome, journal)} == {"accepted"}


def test_what_was_sent_is_not_sent_again(world, client, study, journal):
    client.upload(study, journal=journal)
    second = client.upload(study, journal=journal)
    assert (second.sent, second.bytes_sent, len(second.files)) == (0, 0, 3)
    assert (world.requests["PUT s3"], world.requests[UPLOADS]) == (3, 1)
    assert client.upload(study, journal=journal, again=True).sent == 3


def test_new_and_changed_files_are_sent_and_touched_ones_are_not(world, client, study, journal):
    client.upload(study, journal=journal)
    folder(study, b_dcm=b"TWO", d_dcm=b"four")
    os.utime(study / "a.dcm", ns=(1, 1))
    outcome = client.upload(study, journal=journal)
    assert (outcome.sent, outcome.bytes_sent) == (2, 7)
    assert len(world.portal.table.uploads) == 2


def test_an_announcement_whose_answer_was_lost_is_repeated_and_counts_once(world, client, study, journal):
    lost = []

    def lose(request):
        if request.url.path == "/api/v1/uploads" and not lost:
            lost.append(request)
            raise httpx.ReadError("lost")

    world.after = lose
    assert client.upload(study, journal=journal).sent == 3
    assert (len(world.portal.table.uploads), len(world.portal.table.files)) == (1, 3)


def test_a_run_that_ended_before_the_answer_came_is_taken_up_by_the_next(world, client, study, journal):
    def broken(request):
        if request.method == "POST":
            raise httpx.ReadError("broken")

    world.after = lambda request: broken(request) if request.url.path.startswith("/api/v1") else None
    with pytest.raises(UnreachableError):
        client.upload(study, journal=journal)
    assert len(world.portal.table.files) == 3
    world.after = lambda _request: None
    (study / "a.dcm").unlink()
    folder(study, b_dcm=b"TWO")
    outcome = world.client().upload(study, journal=journal)
    assert outcome.sent == 2
    assert len(world.portal.table.uploads) == 1
    assert [names(world).count(f"study/{name}.dcm") for name in "abc"] == [1, 2, 1]


def test_files_that_did_not_arrive_are_sent_by_the_next_run(world, client, study, journal):
    world.before = lambda request: httpx.Response(503) if b"two" in request.content else None
    with pytest.raises(UnreachableError):
        client.upload(study, journal=journal, jobs=1)
    world.before = lambda _request: None
    before = world.requests["PUT s3"]
    outcome = world.client().upload(study, journal=journal)
    assert len(outcome.files) == 3
    assert world.requests["PUT s3"] - before == 2
    assert (len(world.portal.table.uploads), len(world.portal.table.files)) == (1, 3)


def test_what_arrived_although_its_answer_was_lost_has_arrived(world, client, study, journal):
    lost = set()

    def lose(request):
        if request.method == "PUT" and request.url.path not in lost:
            lost.add(request.url.path)
            raise httpx.ReadTimeout("lost")

    world.after = lose
    outcome = client.upload(study, journal=journal)
    # S3 takes a body once: it answers the second one with 412, which says so.
    assert (outcome.sent, outcome.troubles, world.requests["PUT s3"]) == (3, [], 6)
    assert set(world.objects.values()) == {b"one", b"two", b"three"}


def test_a_request_that_expired_is_signed_anew(world, client, study, journal):
    world.portal.clock.forward(minutes=-20)
    signed = []

    def right_the_clock(request):
        if request.url.path.endswith("/sign") and not signed:
            signed.append(request)
            world.portal.clock.forward(minutes=20)

    world.before = right_the_clock
    assert client.upload(study, journal=journal, jobs=1).sent == 3
    assert world.requests["PUT s3"] == 3


def test_a_large_file_is_resumed_by_the_parts_that_s3_lacks(world, client, tmp_path, journal):
    large = tmp_path / "large.dcm"
    with large.open("wb") as file:
        file.truncate(LARGE + 5)
    world.before = lambda request: httpx.Response(503) if request.url.params.get("partNumber") == "4" else None
    with pytest.raises(UnreachableError):
        client.upload(large, journal=journal, jobs=1)
    held = len(world._parts)
    world.before = lambda _request: None
    outcome = world.client().upload(large, journal=journal)
    assert held == 3
    assert outcome.bytes_sent == LARGE + 5 - 3 * 16 * 1024**2
    assert world.record("large.dcm").state == "accepted"


def test_a_file_that_was_given_up_meanwhile_is_announced_anew(world, client, study, journal):
    world.before = lambda request: httpx.Response(503) if request.method == "PUT" else None
    with pytest.raises(UnreachableError):
        client.upload(study, journal=journal)
    world.before = lambda _request: None
    for record in list(world.portal.table.files.values()):
        world.portal.table.save(record, state="expired")
    assert world.client().upload(study, journal=journal).sent == 3
    assert len(world.portal.table.files) == 6


def test_two_runs_do_not_share_a_journal(client, study, journal):
    with client.journal(journal) as held, held.lock(), pytest.raises(JournalError, match="Another"):
        client.upload(study, journal=journal)


def test_the_journal_is_private_and_holds_no_names(client, tmp_path, journal):
    study = folder(tmp_path / "DOE^JANE", Doe_dcm=b"one")
    client.upload(study, journal=journal)
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in journal.parent.iterdir()} == {
        "journal.sqlite3": "0o600",
        "journal.sqlite3.lock": "0o600",
    }
    assert b"oe" not in journal.read_bytes().lower().replace(b"does", b"")


def test_a_cd_goes_without_what_stands_around_its_images(world, client, tmp_path, journal):
    images = burn_cd(tmp_path / "cd", [2, 1])
    found = find_files([tmp_path / "cd"])

    assert (found.left_out, found.not_entered) == (len(AROUND), 0)
    assert [file.path for file in found.files] == [tmp_path / "cd" / "DICOMDIR", *images]
    assert len(find_files([tmp_path / "cd"], include_all=True).files) == len(AROUND) + 4
    client.upload(tmp_path / "cd", journal=journal)
    assert not [name for name in names(world) if "README" in name]
    client.upload(tmp_path / "cd", journal=journal, include_all=True)
    assert "cd/README.TXT" in names(world)


def test_a_file_that_is_named_or_may_be_medical_is_sent_whatever_it_is_called(tmp_path):
    study = folder(tmp_path / "viewer", README=ct_slice(rows=8, columns=8), notes=b"no image")
    (study / "AUTORUN.INF").write_bytes(b"[autorun]")

    assert [file.path.name for file in find_files([study]).files] == ["README", "notes"]
    assert [file.path.name for file in find_files([study / "AUTORUN.INF"]).files] == ["AUTORUN.INF"]


def test_hidden_folders_and_what_was_removed_are_not_entered_unless_asked_for(tmp_path):
    for name in (".snapshot", "#recycle", "a"):
        (tmp_path / "study").mkdir(exist_ok=True)
        folder(tmp_path / "study" / name, old=ct_slice(rows=8, columns=8))
    found = find_files([tmp_path / "study"])

    assert ([file.name for file in found.files], found.not_entered) == (["study/a/old"], 2)
    assert len(find_files([tmp_path / "study"], include_all=True).files) == 3


def test_hidden_files_are_left_out_and_odd_names_are_mended(world, client, tmp_path, journal):
    study = folder(tmp_path / "study", a_dcm=b"one")
    for name in (".hidden", "Thumbs.db", "line\nbreak.dcm", os.fsdecode(b"\xff.dcm")):
        (study / name).write_bytes(b"two " + os.fsencode(name))
    client.upload(study, journal=journal)
    assert names(world) == [
        "study/a.dcm",
        "study/line\N{REPLACEMENT CHARACTER}break.dcm",
        "study/\N{REPLACEMENT CHARACTER}.dcm",
    ]


@contextlib.contextmanager
def little_room(pages):
    """Give the journal's disk room for so many pages of SQLite's."""
    connect = sqlite3.connect

    def connect_with_little_room(path, **options):
        db = connect(path, **options)
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_with_little_room)
        yield


@pytest.mark.parametrize("pages", [*range(7, 19), 24, 30])
def test_a_full_journal_ends_a_run_with_a_sentence_and_the_next_one_loses_and_doubles_nothing(
    world, client, tmp_path, journal, pages
):
    files = {f"n{number:03}_dcm": b"%d" % number for number in range(300)}
    study = folder(tmp_path / "many", **files)
    with little_room(pages), pytest.raises(JournalError, match=r"The journal .*disk is full"):
        client.upload(study, journal=journal)
    outcome = client.upload(study, journal=journal)
    assert len(outcome.files) == len(files)
    assert len(world.portal.table.files) == len(files)
    assert world.requests["PUT s3"] == len(files)
    assert client.upload(study, journal=journal).sent == 0


def test_what_reached_s3_before_a_kill_is_told_by_the_next_run(world, client, study, journal, monkeypatch):
    class Watching(Silent):
        def __init__(self):
            self.sent = []

        def report_sent(self, item):
            self.sent.append(item.file.path.name)

    def upload(watcher):
        with client.journal(journal) as opened:
            announcer = Announcer(client.connection, opened, roots=[study])
            return client.deliver(find_files([study]), opened, announcer, watcher=watcher, jobs=1)

    class Killed(Watching):
        def report_sent(self, item):
            raise SystemExit

    with pytest.raises(SystemExit):
        upload(Killed())
    watcher = Watching()
    outcome = upload(watcher)
    assert sorted(watcher.sent) == ["a.dcm", "b.dcm", "c.dcm"]
    assert (len(outcome.files), world.requests["PUT s3"]) == (3, 3)


def test_what_is_no_file_is_told_of_and_asks_for_no_other_run(tmp_path):
    root = folder(tmp_path / "study", a_dcm=b"one")
    elsewhere = folder(tmp_path / "elsewhere", b_dcm=b"two")
    (root / "gone.dcm").symlink_to(tmp_path / "nothing")
    (root / "linked").symlink_to(elsewhere)
    (root / "also.dcm").symlink_to(elsewhere / "b.dcm")
    os.mkfifo(root / "pipe")
    found = find_files([root])
    assert [file.path.name for file in found.files] == ["a.dcm", "also.dcm"]
    assert {(path.name, reason) for path, reason in found.skipped} == {
        ("gone.dcm", "a link that leads nowhere"),
        ("linked", "a link to a folder; name it to send what it holds"),
        ("pipe", "no file, but a pipe, a socket or a device"),
    }
    assert found.unreadable == []
    assert [file.path.name for file in find_files([root / "linked"]).files] == ["b.dcm"]
