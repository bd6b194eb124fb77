"""A journal that cannot be written: the run ends with a sentence and exit code 3, and the next one loses nothing."""

import errno
import itertools
import json
import os
import sqlite3
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from infra.build.cache import ROOT
from scalper.__main__ import app
from scalper.client import Client
from scalper.uploads import journal_file
from tests.unit.scalper.world import World, folder

MANY = 120

RUNS = """
import json, resource, sys, time
from pathlib import Path
from scalper.__main__ import app
from scalper.client import Client
from tests.unit.scalper.world import World

when, study, journal = sys.argv[1], *map(Path, sys.argv[2:])
world = World()
Client.configured, time.sleep = world.client, world.pauses.append
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)

def fill(*_):
    # A full disk of one process: its files may grow no more (getrlimit(2)).
    sizes = [path.stat().st_size for path in journal.parent.glob("*")]
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes, default=0), unlimited[1]))

def run():
    try:
        app(["upload", "--json", "--wait", "--journal", str(journal), str(study)])
    except SystemExit as ended:
        print(json.dumps({"exit": ended.code, "puts": world.requests["PUT s3"]}))

moments = {"middle": lambda one: one.method == "PUT", "end": lambda one: one.url.path == "/api/v1/changes"}
if when == "start":
    journal.parent.mkdir()
    fill()
else:
    world.before = lambda request: fill() if moments[when](request) else None
run()
world.before = lambda request: None
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
run()
run()
states = [record.state for record in world.portal.table.files.values()]
print(json.dumps({"states": {state: states.count(state) for state in states}}))
"""


WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "COMMIT")


@pytest.mark.parametrize("when", ["start", "middle", "end"])
def test_a_disk_that_is_full_ends_a_run_with_a_sentence_and_nothing_is_lost(tmp_path, when):
    study = folder(tmp_path / "study", **{f"n{number:03}_dcm": b"%d" % number for number in range(MANY)})
    command = [sys.executable, "-c", RUNS, when, str(study), str(tmp_path / "state" / "journal.sqlite3")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    full, roomy, once_more = [line for line in lines if "exit" in line]
    assert (full["exit"], roomy["exit"], once_more["exit"]) == (3, 0, 0), ended.stderr
    assert ended.stderr.startswith("The journal ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert (roomy["puts"], once_more["puts"]) == (MANY, MANY)
    assert {"states": {"accepted": MANY}} in lines


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_journal_that_cannot_be_begun_is_told_and_asks_for_another_run(world, study, tmp_path, monkeypatch, code):
    create = os.open

    def refuse(path, flags, *mode, **more):
        if str(path).startswith(str(tmp_path / "state")):
            raise OSError(code, os.strerror(code), str(path))
        return create(path, flags, *mode, **more)

    monkeypatch.setattr(Client, "configured", world.client)
    monkeypatch.setattr(os, "open", refuse)
    told = CliRunner().invoke(app, ["upload", "--journal", str(tmp_path / "state" / "j"), str(study)])
    assert told.exit_code == 3
    assert os.strerror(code) in told.stderr
    assert world.requests["POST /api/v1/uploads"] == 0


@pytest.mark.parametrize("lasts", [True, False])
def test_whichever_write_finds_the_journal_read_only_a_sentence_ends_the_run_and_nothing_is_lost(
    study, tmp_path, monkeypatch, lasts
):
    refused = 0
    for number in itertools.count():
        world, path = World(), tmp_path / f"state-{number}" / "journal.sqlite3"
        monkeypatch.setattr(Client, "configured", world.client)
        with monkeypatch.context() as patch:
            written = refuse_writes(patch, number, lasts=lasts)
            ended = invoke_upload(path, study)
        if written() <= number:
            assert ended.exit_code == 0
            break
        if ended.exit_code:
            refused += 1
            assert ended.exit_code == 3, (number, ended.output)
            *_, sentence = ended.stderr.splitlines()
            assert sentence.startswith("The journal cannot be written: attempt to write a readonly database."), number
        assert invoke_upload(path, study).exit_code == 0, number
        assert [record.state for record in world.portal.table.files.values()] == ["accepted"] * 3, number
        assert world.requests["PUT s3"] == 3, number
    assert refused > 8


def invoke_upload(path, study):
    return CliRunner().invoke(app, ["upload", "--wait", "--json", "--journal", str(path), str(study)])


def refuse_writes(patch, number, *, lasts):
    """Have the journal refuse a write, and those behind it where it `lasts`. Return what counts them.

    By SQLite's own error of a file on a disk that has become read-only.
    """
    execute, executemany = journal_file._Database.execute, journal_file._Database.executemany
    writes = 0

    def refusing(call):
        def write(database, sql, *values):
            nonlocal writes
            if sql.startswith(WRITES):
                refused = writes >= number if lasts else writes == number
                sqlite3.Connection.execute(database, f"PRAGMA query_only = {refused:d}")
                writes += 1
            return call(database, sql, *values)

        return write

    patch.setattr(journal_file._Database, "execute", refusing(execute))
    patch.setattr(journal_file._Database, "executemany", refusing(executemany))
    return lambda: writes
