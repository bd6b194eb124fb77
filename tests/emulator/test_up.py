"""The runner as people meet it: it tells how to get in, ends cleanly, and says in one sentence what is wrong."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from infra.build.cache import ROOT
from tests.emulator.stacks import eventually, free_port


def start(state, *options):
    command = [sys.executable, "-m", "scalper", "up", "--state", str(state), *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def processes_of(state):
    """Find processes by what they were started with: all of ours carry the state folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(state).encode() in told and int(folder.name) != os.getpid():
            found.append(folder.name)
    return found


def ends_with_one_sentence(process):
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in output
    last = output.strip().splitlines()[-1]
    assert last.endswith(".")
    return last


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_scripts_how_to_get_in_and_leaves_no_process_behind(tmp_path, number):
    state = tmp_path / "state"
    ports = ["--port", str(free_port()), "--emulator-port", str(free_port())]
    process = start(state, *ports)
    place = json.loads(
        eventually(lambda: (state / "local.json").exists() and (state / "local.json").read_text(), within_s=120)
    )
    assert httpx.get(place["portal_url"].replace("localhost", "127.0.0.1") + "/health").is_success
    assert stat.S_IMODE((state / "local.json").stat().st_mode) == 0o600

    process.send_signal(number)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert place["portal_url"] in output
    assert processes_of(state) == []


def test_it_stops_everything_when_the_portal_dies(tmp_path):
    process = start(tmp_path, "--port", str(free_port()), "--emulator-port", str(free_port()))
    eventually((tmp_path / "local.json").exists, within_s=120)
    portal = next(pid for pid in children_of(process.pid) if b"uvicorn" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(int(portal), signal.SIGKILL)
    assert "portal ended by itself" in ends_with_one_sentence(process)
    assert processes_of(tmp_path) == []


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize("option", ["--port", "--emulator-port"])
def test_a_taken_port_is_named_with_the_option_that_helps(tmp_path, option):
    ports = {"--port": free_port(), "--emulator-port": free_port()}
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[option]))
        other.listen()
        process = start(tmp_path, *(str(part) for pair in ports.items() for part in pair))
        said = ends_with_one_sentence(process)
    assert str(ports[option]) in said
    assert option in said


def test_a_file_in_place_of_the_state_folder_is_named(tmp_path):
    file = tmp_path / "state"
    file.write_text("not a folder")
    assert str(file) in ends_with_one_sentence(start(file, "--emulator-port", str(free_port())))


def test_a_damaged_state_is_named_and_not_overwritten(tmp_path):
    damaged = tmp_path / "services" / "s3.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    assert str(damaged) in ends_with_one_sentence(start(tmp_path, "--emulator-port", str(free_port())))
    assert damaged.read_text() == "{"
