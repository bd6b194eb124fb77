"""Stands in for the emulator's program: answers that it is healthy, and writes its state when it is asked to stop.

How it behaves is read from `behaviour.json` beside the services' files, so that nothing has to pass the environment.
"""

import http.server
import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

SERVICES = Path(os.environ["STATE_DIR"])
PORT = int(os.environ["GATEWAY_PORT"])
HOW = json.loads((SERVICES.parent / "behaviour.json").read_text())


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def work(seconds):
    """Compute for so long, as one that reads a large state does."""
    began = time.process_time()
    while time.process_time() - began < seconds:
        sum(range(1000))


def write(service, payload):
    """Write one file as the emulator does: anew, then in the place of the one before, and telling only its log."""
    part = SERVICES / f"{service}.json.tmp"
    try:
        with part.open("w") as output:
            output.write('{"__ministack_format__": 2, "payload": ')
            output.flush()
            if service == "dynamodb":
                pause()
            output.write(json.dumps(payload) + "}")
        part.replace(SERVICES / f"{service}.json")
    except OSError as error:
        part.unlink()
        print(f"Persistence: failed to save {service}: {error}", flush=True)


def pause():
    """Do in the middle of a file what was asked for: die, or write nothing for a while."""
    if HOW.get("dies_writing"):
        os.kill(os.getpid(), signal.SIGKILL)
    deadline = time.monotonic() + HOW.get("pauses_s", 0)
    while time.monotonic() < deadline and not (SERVICES.parent / "go").exists():
        time.sleep(0.01)


def scoped(name, value):
    return {"__account_region_scoped__": True, "data": {f"000000000000\0us-east-1\0{name!r}": value}}


def stop(*_):
    (SERVICES.parent / "stopping").touch()
    if limit := HOW.get("room"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    resources = {"Records": {"ResourceType": "AWS::DynamoDB::Table", "PhysicalResourceId": "Records"}}
    stack = {"StackName": "Scalper", "StackStatus": "CREATE_COMPLETE", "_resources": resources}
    write("eventbridge", {"rules": {}})
    write("cloudformation", {"stacks": scoped("Scalper", stack)})
    write("dynamodb", {"tables": scoped("Records", {"items": HOW["items"], "text": "x" * 10_000})})
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
work(HOW.get("reads_s", 0))
server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Health)
threading.Thread(target=server.serve_forever, daemon=True).start()
(Path(os.environ["TMPDIR"]) / f"ministack-{PORT}.pid").write_text(str(os.getpid()))
print("The emulator's first line.\nIts last line.", flush=True)
while not (SERVICES.parent / "end").exists():
    time.sleep(0.01)
sys.exit(3)
