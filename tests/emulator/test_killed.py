"""The runner and its emulator are killed, and the disk is full: what was sent is there again, or it is told what is."""

import json
import os
import resource
import signal
import subprocess
import sys

import boto3
import pytest

from infra.build.cache import ROOT
from tests.emulator.stacks import eventually, free_port

pytestmark = pytest.mark.emulator


class Runner:
    """`scalper up` without a portal, over one state and port."""

    def __init__(self, state):
        self.state, self.log = state, state.with_suffix(".log")
        self.options = ["--state", str(state), "--no-portal", "--emulator-port", str(free_port())]

    def start(self):
        (self.state / "local.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "scalper", "up", *self.options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        eventually(lambda: "is up after" in self.said(), within_s=120)
        self.place = json.loads((self.state / "local.json").read_text())

    def said(self):
        """What it printed since its start, without its line breaks."""
        return " ".join(self.log.read_text().split())

    def emulator(self):
        return int((self.state / "emulator.pid").read_text().split()[0])

    def end(self, number=signal.SIGTERM, *, of=None):
        os.kill(of or self.process.pid, number)
        return self.process.wait(120)

    def table(self):
        aws = self.place["aws"]
        credentials = {"aws_access_key_id": aws["access_key_id"], "aws_secret_access_key": aws["secret_access_key"]}
        session = boto3.Session(region_name=aws["region"], **credentials)
        return session.resource("dynamodb", endpoint_url=aws["endpoint_url"]).Table(self.place["table"])

    def put(self, name):
        self.table().put_item(Item={"pk": "PROBE", "sk": name})

    def names(self):
        key = {"KeyConditionExpression": "pk = :probe", "ExpressionAttributeValues": {":probe": "PROBE"}}
        return [item["sk"] for item in self.table().query(**key)["Items"]]


def test_what_was_sent_outlives_every_end_of_the_runner_or_it_is_told_what_does(tmp_path):
    runner = Runner(tmp_path / "state")
    runner.start()

    runner.put("1: the runner is killed")
    runner.end(signal.SIGKILL)
    orphan = runner.emulator()
    runner.start()
    assert f"was still there (process {orphan})" in runner.said()
    assert runner.names() == ["1: the runner is killed"]

    runner.put("2: the emulator is killed")
    assert runner.end(signal.SIGKILL, of=runner.emulator()) == 1
    assert "The emulator ended by itself: killed by SIGKILL" in runner.said()
    runner.start()
    assert "goes on from the last whole one" in runner.said()
    assert runner.names() == ["1: the runner is killed"]

    runner.put("3: no room for the records")
    resource.prlimit(runner.emulator(), resource.RLIMIT_FSIZE, (8_000, 8_000))
    assert runner.end() == 1
    assert "could not write its whole state" in runner.said()
    runner.start()
    assert "goes on from the last whole one" in runner.said()
    assert runner.names() == ["1: the runner is killed"]

    runner.put("4: a stop as it should be")
    assert runner.end() == 0
    runner.start()
    assert "!" not in runner.said().partition("is up after")[0]
    assert runner.names() == ["1: the runner is killed", "4: a stop as it should be"]
    assert runner.end() == 0
