"""A folder that changes while it is sent: what does not come is given up, nobody waits for it, and the run ends."""

import errno
import hashlib
import json
import os
import random
import shutil

import httpx
import pytest
from typer.testing import CliRunner

from intake.files.states import State
from intake.files.upload_state import UploadState, find_upload_state
from scalper.__main__ import app
from scalper.client import Client
from scalper.uploads import announcements
from scalper.uploads.local_files import LARGE
from tests.unit.scalper.world import folder

UPLOADS = "/api/v1/uploads"
WITHDRAW = "/api/v1/files/withdraw"


@pytest.fixture
def run(world, monkeypatch, tmp_path):
    """Return a function that runs `scalper upload --json`, and returns the exit code and the events."""
    monkeypatch.setattr(Client, "configured", world.client)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("time.sleep", world.pauses.append)

    def invoke(*arguments):
        told = CliRunner().invoke(app, ["upload", "--json", *map(str, arguments)])
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        # The portal, which runs here too, writes its log among them.
        lines = map(json.loads, told.stdout.splitlines())
        return told.exit_code, [line for line in lines if "event" in line]

    return invoke


def pick(events, kind, *fields):
    return [tuple(event[field] for field in fields) for event in events if event["event"] == kind]


def once(world, path, act):
    """Act before the first request to an address, once."""
    done = []

    def before(request):
        if request.url.path == path and not done:
            done.append(request)
            act()

    world.before = before


def states(world, name):
    return sorted(record.state for record in world.portal.table.files.values() if record.name == f"study/{name}")


def list_stands(world):
    return {find_upload_state(world.portal.records.upload(None, one)) for one in world.portal.table.uploads}


def test_a_file_that_vanished_after_it_was_announced_is_given_up_and_the_run_ends(world, run, study):
    once(world, UPLOADS, (study / "b.dcm").unlink)
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 1
    assert pick(events, "given_up", "path", "reason", "anew") == [
        (str(study / "b.dcm"), "It was announced, and is gone.", False)
    ]
    assert [states(world, name) for name in ("a.dcm", "b.dcm")] == [[State.ACCEPTED], [State.EXPIRED]]
    assert list_stands(world) == {UploadState.MISSING}
    assert run("--wait", "--timeout", "5", study)[0] == 0


def test_a_file_that_changed_after_it_was_announced_is_announced_anew_and_all_is_done(world, run, study):
    once(world, UPLOADS, lambda: folder(study, b_dcm=b"longer than it was"))
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 0
    assert pick(events, "given_up", "path", "anew") == [(str(study / "b.dcm"), True)]
    assert states(world, "b.dcm") == [State.ACCEPTED, State.EXPIRED]
    assert len(world.portal.table.uploads) == 1
    assert b"longer than it was" in world.objects.values()
    assert run("--wait", study)[0] == 0


def test_a_file_that_is_never_done_is_left_to_the_next_run(world, run, study):
    def grow(request):
        if request.url.path.startswith(UPLOADS):
            with (study / "b.dcm").open("ab") as file:
                file.write(b"!")

    world.before = grow
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 3
    assert pick(events, "trouble", "path", "error") == [
        (str(study / "b.dcm"), f"{study / 'b.dcm'} keeps changing while it is sent.")
    ]
    assert set(states(world, "b.dcm")) == {State.EXPIRED}
    world.before = lambda _request: None
    assert run("--wait", "--timeout", "5", study)[0] == 0
    assert (study / "b.dcm").read_bytes() in world.objects.values()


def test_a_file_that_grew_while_it_was_sent_is_sent_as_it_became_too(world, run, study):
    def grow(request):
        if request.method == "PUT" and request.content == b"two":
            folder(study, b_dcm=b"two and more")

    world.before = grow
    code, _ = run("--wait", "--timeout", "5", study)
    assert code == 0
    assert {b"two", b"two and more"} <= set(world.objects.values())
    assert states(world, "b.dcm") == [State.ACCEPTED, State.ACCEPTED]


def test_other_bytes_of_the_same_size_and_time_are_announced_anew_when_s3_refuses_them(world, run, study):
    facts = (study / "b.dcm").stat()

    def swap():
        folder(study, b_dcm=b"TWO")
        os.utime(study / "b.dcm", ns=(facts.st_atime_ns, facts.st_mtime_ns))

    once(world, UPLOADS, swap)
    assert run("--wait", "--timeout", "5", study)[0] == 0
    assert states(world, "b.dcm") == [State.ACCEPTED, State.EXPIRED]


def test_what_is_gone_or_changed_before_it_was_announced_is_told_or_taken_as_it_is(world, run, study, monkeypatch):
    hashed = announcements.hash_range

    def change(path, start, length):
        if path.name == "a.dcm":
            path.unlink(missing_ok=True)
        if path.name == "b.dcm" and path.read_bytes() == b"two":
            path.write_bytes(b"more than two")
        return hashed(path, start, length)

    monkeypatch.setattr(announcements, "hash_range", change)
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 0
    assert pick(events, "skipped", "path", "reason") == [(str(study / "a.dcm"), "gone before it was announced")]
    assert sorted(world.objects.values()) == [b"more than two", b"three"]


def test_what_a_killed_run_announced_and_is_no_longer_there_is_given_up_by_the_next(world, run, study):
    world.before = lambda request: httpx.Response(503) if request.method == "PUT" else None
    assert run(study)[0] == 3
    world.before = lambda _request: None
    (study / "a.dcm").unlink()
    folder(study, b_dcm=b"TWO!")
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 1
    assert pick(events, "given_up", "path", "reason") == [(None, "It was announced by an earlier run, and is gone.")]
    assert pick(events, "given_up", "file_id") == [
        (record.file_id,) for record in world.portal.table.files.values() if record.name == "study/a.dcm"
    ]
    assert [states(world, name) for name in ("a.dcm", "b.dcm")] == [[State.EXPIRED], [State.ACCEPTED, State.EXPIRED]]
    assert len(world.portal.table.uploads) == 1


def test_nothing_is_given_up_while_a_part_of_the_folder_cannot_be_read(world, run, study, monkeypatch):
    deeper = folder(study / "deeper", d_dcm=b"four")
    world.before = lambda request: httpx.Response(503) if request.method == "PUT" else None
    run(study)
    world.before = lambda _request: None
    scan = os.scandir

    def refuse(path):
        if str(path) == str(deeper):
            raise PermissionError(errno.EACCES, "denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    code, events = run("--wait", "--timeout", "5", study)
    assert (code, pick(events, "given_up", "path")) == (3, [])
    assert pick(events, "trouble", "path") == [(str(deeper),)]
    assert states(world, "deeper/d.dcm") == [State.AWAITING_UPLOAD]


def test_a_folder_that_is_lost_as_a_whole_is_taken_up_when_it_is_back(world, run, study, tmp_path):
    once(world, UPLOADS, lambda: study.rename(tmp_path / "away"))
    code, events = run("--wait", "--timeout", "5", study)
    assert (code, pick(events, "given_up", "path"), len(pick(events, "trouble", "path"))) == (3, [], 3)
    assert run(study)[0] == 2
    (tmp_path / "away").rename(study)
    assert run("--wait", "--timeout", "5", study)[0] == 0
    assert {record.state for record in world.portal.table.files.values()} == {State.ACCEPTED}
    assert len(world.portal.table.files) == 3


def test_what_arrived_although_it_changed_then_is_told_and_not_given_up(world, run, study):
    """The answer to the PUT is lost, and the file is another one when it is tried again."""
    lost = []

    def lose(request):
        if request.method == "PUT" and request.content == b"two" and not lost:
            lost.append(request)
            folder(study, b_dcm=b"other")
            raise httpx.ReadTimeout("lost")

    world.after = lose
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 0
    assert states(world, "b.dcm") == [State.ACCEPTED, State.ACCEPTED]
    assert len(pick(events, "sent", "path")) == len(pick(events, "verdict", "path")) == 4


def test_a_large_file_that_vanishes_between_its_parts_is_given_up_once(world, run, tmp_path):
    study = folder(tmp_path / "study", a_dcm=b"one")
    with (study / "large.dcm").open("wb") as file:
        file.truncate(LARGE + 5)

    def vanish(request):
        if request.url.params.get("partNumber") == "2":
            (study / "large.dcm").unlink(missing_ok=True)

    world.before = vanish
    code, events = run("--wait", "--timeout", "5", study)
    assert (code, len(pick(events, "given_up", "path"))) == (1, 1)
    assert states(world, "large.dcm") == [State.EXPIRED]


def test_a_large_file_that_somebody_else_gave_up_between_its_parts_is_announced_anew_once(world, run, tmp_path):
    study = folder(tmp_path / "study", a_dcm=b"one")
    with (study / "large.dcm").open("wb") as file:
        file.truncate(LARGE + 5)

    def give_up(request):
        if b'"parts"' in request.content and not states(world, "large.dcm")[1:]:
            record = world.record("study/large.dcm")
            world.portal.table.save(record, state=State.EXPIRED)

    world.before = give_up
    code, _ = run("--wait", "--timeout", "10", "--jobs", "4", study)
    assert code == 0
    assert states(world, "large.dcm") == [State.ACCEPTED, State.EXPIRED]


def test_nothing_is_given_up_of_a_folder_that_is_empty_now(world, run, study, tmp_path):
    world.before = lambda request: httpx.Response(503) if request.method == "PUT" else None
    run(study)
    world.before = lambda _request: None
    for path in sorted(study.iterdir()):
        path.rename(tmp_path / path.name)
    assert run("--wait", study)[0] == 0
    assert states(world, "a.dcm") == [State.AWAITING_UPLOAD]
    for name in ("a.dcm", "b.dcm", "c.dcm"):
        (tmp_path / name).rename(study / name)
    assert run("--wait", "--timeout", "5", study)[0] == 0
    assert len(world.portal.table.files) == 3


def test_what_was_not_given_up_before_a_kill_is_given_up_by_the_next_run(world, run, study):

    def before(request):
        if request.url.path == UPLOADS:
            (study / "b.dcm").unlink()
        return httpx.Response(503) if request.url.path == WITHDRAW else None

    world.before = before
    assert run("--wait", "--timeout", "5", study)[0] == 3
    assert states(world, "b.dcm") == [State.AWAITING_UPLOAD]
    world.before = lambda _request: None
    assert run("--wait", "--timeout", "5", study)[0] == 0
    assert states(world, "b.dcm") == [State.EXPIRED]
    asked = world.requests[f"POST {WITHDRAW}"]
    run(study)
    assert world.requests[f"POST {WITHDRAW}"] == asked


@pytest.mark.parametrize("status", [403, 405])
def test_an_api_that_gives_nothing_up_keeps_no_run_waiting(world, run, study, status):
    def before(request):
        if request.url.path == UPLOADS:
            (study / "b.dcm").unlink(missing_ok=True)
        return httpx.Response(status, json={"status": status}) if request.url.path == WITHDRAW else None

    world.before = before
    code, events = run("--wait", "--timeout", "5", study)
    assert (code, len(pick(events, "verdict", "path"))) == (1, 2)


def test_files_that_the_api_does_not_know_keep_no_other_from_being_given_up(world, run, study):
    def forget(request):
        if request.url.path == WITHDRAW:
            for record in list(world.portal.table.files.values()):
                if record.name == "study/a.dcm":
                    del world.portal.table.files[record.file_id]

    def vanish():
        for name in ("a.dcm", "b.dcm"):
            (study / name).unlink()

    once(world, UPLOADS, vanish)
    step = world.before
    world.before = lambda request: step(request) or forget(request)
    assert run(study)[0] == 1
    assert states(world, "b.dcm") == [State.EXPIRED]
    asked = world.requests[f"POST {WITHDRAW}"]
    run(study)
    assert world.requests[f"POST {WITHDRAW}"] == asked


def test_a_name_that_is_no_utf_8_is_told_as_json_tells_it(run, tmp_path):
    study = folder(tmp_path / "study", a_dcm=b"one")
    (study / os.fsdecode(b"\xff.dcm")).write_bytes(b"two")
    (study / os.fsdecode(b"\xfe")).symlink_to("nothing")
    code, events = run("--wait", "--timeout", "5", study)
    assert code == 0
    assert str(study / os.fsdecode(b"\xff.dcm")) in {path for (path,) in pick(events, "sent", "path")}
    assert pick(events, "skipped", "path") == [(str(study / os.fsdecode(b"\xfe")),)]


SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_folder_that_changes_at_random_is_sent_as_it_is_in_the_end(world, run, tmp_path, seed):
    print(f"seed {seed}")
    draw = random.Random(seed)
    study = folder(tmp_path / "study", **{f"n{number:02}_dcm": b"%d" % number for number in range(40)})
    count = iter(range(10**6))

    def mess(_request):
        if draw.random() < 0.5:
            return
        path = study / f"n{draw.randrange(50):02}.dcm"
        match draw.randrange(4):
            case 0:
                path.write_bytes(b"new %d" % next(count))
            case 1 if path.exists():
                with path.open("ab") as file:
                    file.write(b"+%d" % next(count))
            case 2 if path.exists():
                path.unlink()
            case 3 if path.exists():
                path.replace(study / f"moved{next(count)}.dcm")

    world.before = mess
    code, events = run("--wait", "--timeout", "20", "--jobs", "3", study)
    (summary,) = (event for event in events if event["event"] == "summary")
    assert code == (3 if summary["troubles"] else 1 if summary["given_up"] else 0)
    assert {record.state for record in world.portal.table.files.values()} <= {State.ACCEPTED, State.EXPIRED}
    world.before = lambda _request: None
    assert run("--wait", "--timeout", "20", study)[0] == 0
    held = {record.sha256 for record in world.portal.table.files.values() if record.state is State.ACCEPTED}
    here = {hashlib.sha256(path.read_bytes()).hexdigest() for path in study.iterdir()}
    assert here <= held
    assert UploadState.IN_PROGRESS not in list_stands(world)
    sent = world.requests["PUT s3"]
    assert run("--wait", "--timeout", "20", study)[0] == 0
    assert world.requests["PUT s3"] == sent
    shutil.rmtree(study)
