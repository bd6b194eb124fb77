"""An execution environment as Lambda makes one: a read-only code folder, Lambda's own loop around the handler, and the
Runtime API that this loop asks for events.

Sources: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes", "Understanding the Lambda
execution environment lifecycle", "Defined runtime environment variables" and "Lambda quotas". The loop is AWS's
`awslambdaric`, which the managed Python runtimes run too.
"""

import base64
import contextlib
import json
import os
import queue
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import files
from pathlib import Path
from typing import Any

MOST_BYTES = 6_291_556
"""Of an event and of an answer, as JSON: 6 MB, as Lambda counts them."""

INIT_S = 10
"""Seconds that a function has from its start until it asks for its first event."""

SHUTDOWN_S = 2
"""Seconds between the signal to end and the one that asks nobody."""

_INTERFACE = ("awslambdaric", "simplejson", "snapshot-restore-py")
_NEXT, _INIT_ERROR = "/2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/init/error"
_ANSWERED = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
_PATIENCE_S = 60
_AS_A_USER = """
import ctypes, os, sys
for capability in range(64):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Has permissions count for root as well: without capabilities, it is a user like any other."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function said of an event, or of its start."""

    kind: str
    """`response`, `error`, `init error`; `exited` where it ended without a word."""
    body: bytes
    taken: bool = True
    """Whether Lambda passes it on: an answer that is too large never arrives."""

    def read(self) -> Any:
        return json.loads(self.body)


class RuntimeApi(ThreadingHTTPServer):
    """Lambda's side: hands out one event after the other, and takes an answer to each."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.asked = threading.Event()
        """Set when the function asks for its first event: its start is over."""

    def __enter__(self) -> "RuntimeApi":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.events.put(None)
        self.shutdown()
        self.server_close()

    def handle_error(self, *told: object) -> None:
        """Say nothing of a function that ended while it asked."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Request(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._answer(404, b"{}")
            return
        self.server.asked.set()
        handed = self.server.events.get()
        if handed is not None:
            request_id, event = handed
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _PATIENCE_S) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:ours",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
                "Content-Type": "application/json",
            }
            with contextlib.suppress(OSError):  # Whoever asked was told to end meanwhile.
                self._answer(200, event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answered = _ANSWERED.fullmatch(self.path)
        kind = "init error" if self.path == _INIT_ERROR else answered[2] if answered else "unknown"
        fits = len(body) <= MOST_BYTES
        refusal = {"errorType": "RequestEntityTooLarge", "errorMessage": "Exceeded maximum allowed payload size"}
        self._answer(202 if fits else 413, b"{}" if fits else json.dumps(refusal).encode())
        self.server.answers.put(Answer(kind, body, taken=fits))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told: object) -> None:
        """Say nothing."""


class Environment:
    """One execution environment. A context manager: leaving it shuts it down, as Lambda does."""

    def __init__(self, code: Path, handler: str, settings: Mapping[str, str], scratch: Path) -> None:
        self._api = RuntimeApi()
        self._log = scratch / "output.log"
        runtime = _install_interface(scratch / "runtime")
        self.files = scratch / "tmp"
        """The only folder that the function may write to."""
        self.files.mkdir()
        loop = [sys.executable, "-S", "-s", "-m", "awslambdaric", handler]
        self._command = [sys.executable, "-I", "-S", "-c", _AS_A_USER, *loop]
        self._code = code
        self._settings = {
            **settings,
            "_HANDLER": handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_FUNCTION_NAME": "ours",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/ours",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/30/[$LATEST]0",
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "LAMBDA_RUNTIME_DIR": str(runtime),
            "LAMBDA_TASK_ROOT": str(code),
            "LANG": "en_US.UTF-8",
            "PATH": os.defpath,
            "PYTHONPATH": str(runtime),
            "TMPDIR": str(self.files),
            "TZ": ":UTC",
        }

    def __enter__(self) -> "Environment":
        self._api.__enter__()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._code,
                env=self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *raised: object) -> None:
        self.shut_down()
        self._api.__exit__()

    @property
    def output(self) -> str:
        """What it has printed: its log."""
        return self._log.read_text()

    def wait_until_ready(self) -> float:
        """Wait until it asks for its first event, and return the seconds of a processor that its start took."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self._api.asked.wait(0.02):
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
        user, system = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def invoke(self, event: Any) -> Answer:
        """Hand it an event, bytes in it as base64, and return what it answers."""
        told = json.dumps(event, default=lambda data: base64.b64encode(data).decode()).encode()
        self._api.events.put((secrets.token_hex(16), told))
        return self.wait_for_answer()

    def wait_for_answer(self) -> Answer:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            with contextlib.suppress(queue.Empty):
                return self._api.answers.get(timeout=0.05)
            if self._process.poll() is not None and self._api.answers.empty():
                return Answer("exited", self.output.encode())
            assert time.monotonic() < deadline, self.output

    def shut_down(self) -> int:
        """Ask it to end, as Lambda does of one with an extension, and return its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(SHUTDOWN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Take the right to write away from everything in a folder, for a while."""
    below = [folder, *folder.rglob("*")]
    for path in below:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in below:
        path.chmod(0o755 if path.is_dir() else 0o644)


def _install_interface(folder: Path) -> Path:
    """Copy Lambda's loop into a folder of its own: of all that tests install, a function sees this only."""
    for package in _INTERFACE:
        for file in files(package) or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
    return folder
