"""`scalper up` as a process of its own, which is stopped and killed in every way."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import boto3

from infra.build.cache import ROOT
from tests.emulator.stacks import eventually, free_port


class Runner:
    """`scalper up` without a portal, over one state and port."""

    def __init__(self, state, *, patience_s=120):
        self.state, self.log, self._patience_s = state, state.with_suffix(".log"), patience_s
        self.options = ["--state", str(state), "--no-portal", "--emulator-port", str(free_port())]

    def start(self, *options):
        """Start it, and wait until it is up."""
        self.begin(*options)
        self.await_said("is up after")
        self.place: dict[str, Any] = json.loads((self.state / "local.json").read_text())

    def begin(self, *options):
        """Start it."""
        (self.state / "local.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "scalper", "up", *self.options, *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def await_said(self, text):
        """Wait until it has printed a text. Fails when it ends without."""

        def look():
            ended = self.process.poll() is not None
            if text not in self.said():
                assert not ended, self.said()
                return False
            return True

        eventually(look, within_s=self._patience_s)

    def said(self):
        """What it printed since its start, without its line breaks."""
        return " ".join(self.log.read_text().split())

    def emulator(self):
        """The emulator's process id."""
        return int((self.state / "emulator.pid").read_text().split()[0])

    def send(self, number, *, of=None):
        """Send a signal to it, or to another process."""
        os.kill(of or self.process.pid, number)

    def insist(self):
        """Press Ctrl-C again, longer than a second after the last time: what is faster counts as one."""
        again = time.monotonic() + 1.1
        eventually(lambda: time.monotonic() > again)
        self.send(signal.SIGINT)

    def end(self, number=signal.SIGTERM, *, of=None):
        """Send a signal, wait until it has ended, and return its exit code."""
        self.send(number, of=of)
        return self.wait()

    def wait(self):
        """Wait until it has ended, and return its exit code."""
        return self.process.wait(self._patience_s)

    def table(self):
        """The stack's table."""
        aws = self.place["aws"]
        credentials = {"aws_access_key_id": aws["access_key_id"], "aws_secret_access_key": aws["secret_access_key"]}
        session = boto3.Session(region_name=aws["region"], **credentials)
        return session.resource("dynamodb", endpoint_url=aws["endpoint_url"]).Table(self.place["table"])

    def put(self, name):
        """Write an item of the tests' own."""
        self.table().put_item(Item={"pk": "PROBE", "sk": name})

    def names(self):
        """Return the items that `put` wrote."""
        key = {"KeyConditionExpression": "pk = :probe", "ExpressionAttributeValues": {":probe": "PROBE"}}
        return [item["sk"] for item in self.table().query(**key)["Items"]]
