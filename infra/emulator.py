"""The AWS emulator as a child process: on loopback only, with its state in a folder of ours."""

import contextlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from infra.errors import RunnerError
from infra.processes import Child, wait_until_ready

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105  The emulator takes any; it listens on loopback only.

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


def endpoint_url(port: int) -> str:
    """An address by number: with a name, AWS's SDKs would put the bucket into the host name."""
    return f"http://{HOST}:{port}"


def ensure_free(port: int, purpose: str, option: str) -> None:
    """Raises RunnerError when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise RunnerError(
                f"Port {port}, where {purpose} would listen, is taken: stop what uses it, or choose another "
                f"with {option}."
            ) from error


def aws_environment(port: int) -> dict[str, str]:
    """What an AWS SDK needs to reach the emulator, and only it."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url(port),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "localhost,127.0.0.1",
    }


def plain_environment() -> dict[str, str]:
    """Our environment without what could lead a child astray: profiles, proxies, Python paths."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


@contextlib.contextmanager
def emulator(*, state: Path, port: int) -> Iterator[Child]:
    """Run the emulator until the block is left; it writes its state when it is asked to stop.

    Raises RunnerError for a taken port, a damaged state, or when the emulator does not start.
    """
    ensure_free(port, "the emulator", "--emulator-port")
    _check(state / "services")
    _rewind_streams(state / "services" / "lambda.json")
    _stay_on(port, state)
    scratch = state / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    command = [sys.executable, "-m", "ministack"]
    environment = {**plain_environment(), **_settings(state, port)}
    with Child("emulator", command, environment=environment, cwd=scratch, log=state / "emulator.log") as child:
        # It writes this file when it has found the port free: whoever else might answer there is not ours.
        ours = scratch / f"ministack-{port}.pid"
        health = f"{endpoint_url(port)}/_ministack/health"
        wait_until_ready(child, lambda: ours.exists() and answers(health), patience_s=30)
        yield child


def answers(url: str) -> bool:
    """Say whether a GET of `url` is answered with success."""
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _settings(state: Path, port: int) -> dict[str, str]:
    return {
        **{name: value for name, value in aws_environment(port).items() if name != "AWS_ENDPOINT_URL"},
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "objects"),
        # The functions' working copies go where we can remove them.
        "TMPDIR": str(state / "tmp"),
        "LOG_LEVEL": "WARNING",
    }


def _stay_on(port: int, state: Path) -> None:
    """Queue URLs hold the port, and the emulator finds its queues by them: a state lives on the port it began on."""
    note = state / "emulator-port"
    before = note.read_text().strip() if note.exists() else str(port)
    if before != str(port):
        raise RunnerError(
            f"{state} was begun on emulator port {before} and works there only: give --emulator-port {before}, "
            "or another --state."
        )
    note.write_text(f"{port}\n")


def _check(services: Path) -> None:
    """The emulator starts empty over a state that it cannot read; better to say so than to lose files silently."""
    for file in services.glob("*.json"):
        try:
            json.loads(file.read_bytes())
        except ValueError as error:
            raise RunnerError(
                f"{file} is damaged: move {services.parent} away to start afresh, or put a good copy back."
            ) from error


def _rewind_streams(functions: Path) -> None:
    """Have the functions that follow tables' streams read them from their start.

    The emulator keeps how many changes they have read, and forgets the changes: after a restart it would pass over as
    many new ones. Reading a change again harms nobody, since each is counted once.
    """
    if not functions.exists():
        return
    kept = json.loads(functions.read_bytes())
    if kept.get("payload", {}).pop("dynamodb_stream_positions", None):
        functions.write_text(json.dumps(kept))
