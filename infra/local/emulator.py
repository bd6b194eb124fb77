"""The AWS emulator as a child process: on loopback only, with its state in a folder of ours.

Asked to be strict, it serves TLS only, and checks every signature and every role's permissions.
"""

import contextlib
import os
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.build.processes import Child, end_left_behind, read_work, wait_until_ready
from infra.errors import RunnerError
from infra.local.progress import Progress, Silent
from infra.local.saved_state import SavedState
from infra.local.strictness import tls_relay

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105  The emulator takes any; it listens on loopback only.
"""Its account's root. Also where it is strict, this one key may do everything and is not asked for a signature."""

_TRUST = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_FAREWELL_S = 5
"""Having written its state, it waits half a minute for its workers, which never say TLS's goodbye."""

_PATIENCE_S = 30
_TELL_S = 5

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an emulator answers."""

    port: int
    certificate: Path | None = None
    """Its own, in PEM, for clients to trust: it serves TLS when there is one."""

    @property
    def url(self) -> str:
        """An address by number: with a name, AWS's SDKs would put the bucket into the host name."""
        return f"{'https' if self.certificate else 'http'}://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """What an AWS SDK needs to reach the emulator, and only it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "localhost,127.0.0.1",
            **self.trust(),
        }

    def trust(self) -> dict[str, str]:
        """What makes SDKs, Python's own clients, curl and Node trust the certificate."""
        return dict.fromkeys(_TRUST, str(self.certificate)) if self.certificate else {}

    def verification(self) -> ssl.SSLContext | bool:
        """Return what httpx takes as `verify`."""
        return ssl.create_default_context(cafile=self.certificate) if self.certificate else True

    def is_healthy(self) -> bool:
        """Say whether the emulator answers here."""
        try:
            verify = self.verification()
        except (FileNotFoundError, ssl.SSLError):
            return False  # The emulator writes its certificate while it starts: it is not there, or not whole yet.
        return is_answered(f"{self.url}/_ministack/health", verify)


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


def plain_environment() -> dict[str, str]:
    """Our environment without what could lead a child astray: profiles, proxies, Python paths."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


@contextlib.contextmanager
def run_emulator(*, state: Path, endpoint: Endpoint, progress: Progress | None = None) -> Iterator[Child]:
    """Run the emulator until the block is left; it writes its state when it is asked to stop.

    It is strict, and makes its certificate, where the endpoint has one.
    Raises RunnerError for a taken port, a damaged state, when the emulator does not start, or cannot write its state.
    """
    tell = (progress or Silent()).tell
    _end_left_behind(state, tell)
    ensure_free(endpoint.port, "the emulator", "--emulator-port")
    _require_port(endpoint.port, state)
    saved = SavedState(state)
    saved.open(tell)
    scratch = _locate_scratch(state)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with _enforce_strictness(endpoint) as strictly:
        environment = {**plain_environment(), **_list_settings(state, endpoint), **strictly}
        command = [sys.executable, "-m", "ministack"]
        log, note = state / "emulator.log", _locate_note(state)
        with Child("emulator", command, environment=environment, cwd=scratch, log=log, note=note) as child:
            # It writes this file when it has found the port free: whoever else might answer there is not ours.
            ours = scratch / f"ministack-{endpoint.port}.pid"
            wait_until_ready(child, lambda: ours.exists() and endpoint.is_healthy(), patience_s=30)
            try:
                yield child
            finally:
                # One that ended by itself is told of by whoever watches it; the next start finds what it left.
                if child.exit_code is None:
                    child.stop(_FAREWELL_S if endpoint.certificate else _PATIENCE_S, _watch_writing(saved, tell))
                    saved.close()


def _end_left_behind(state: Path, tell: Callable[[str], None]) -> None:
    """End the emulator of a runner that was killed: it still holds the port, and what it has not written yet."""
    watch = _watch_writing(SavedState(state), tell)
    if pid := end_left_behind(_locate_note(state), patience_s=_PATIENCE_S, signs=watch):
        tell(f"An emulator of a run that was killed was still there (process {pid}): it has written its state.")


def _watch_writing(saved: SavedState, tell: Callable[[str], None]) -> Callable[[int], object]:
    """Return what looks for signs of work while the emulator stops, and tells every few seconds how far it is."""
    told = time.monotonic()

    def look(pid: int) -> object:
        nonlocal told
        writing = saved.describe_writing()
        if time.monotonic() - told > _TELL_S:
            told = time.monotonic()
            tell(f"The emulator is still writing its state: {writing or 'collecting it'}. Please wait.")
        return writing, read_work(pid)

    return look


def locate_endpoint(state: Path, port: int, *, strict: bool) -> Endpoint:
    """Return where an emulator over `state` answers."""
    return Endpoint(port, _locate_scratch(state) / "ministack-tls" / "server.crt" if strict else None)


def is_answered(url: str, verify: ssl.SSLContext | bool = True) -> bool:
    """Say whether a GET of `url` is answered with success."""
    try:
        return httpx.get(url, timeout=5, trust_env=False, verify=verify).is_success
    except httpx.TransportError:
        return False


def _locate_note(state: Path) -> Path:
    return state / "emulator.pid"


def _locate_scratch(state: Path) -> Path:
    return state / "tmp"


@contextlib.contextmanager
def _enforce_strictness(endpoint: Endpoint) -> Iterator[dict[str, str]]:
    """Give the settings that make the emulator strict, where its endpoint has a certificate."""
    if not endpoint.certificate:
        yield {}
        return
    with tls_relay(f"localhost:{endpoint.port}", endpoint.certificate) as relay:
        yield {
            "AUTH": "true",
            "USE_SSL": "1",
            **endpoint.trust(),
            # Its JWT authorizer asks for the keys of tokens at this name, by plain HTTP, where only TLS is served now.
            "http_proxy": relay,
            "NO_PROXY": HOST,
        }


def _list_settings(state: Path, endpoint: Endpoint) -> dict[str, str]:
    return {
        **{name: value for name, value in endpoint.environment().items() if name != "AWS_ENDPOINT_URL"},
        "GATEWAY_PORT": str(endpoint.port),
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "objects"),
        # The functions' working copies go where we can remove them.
        "TMPDIR": str(_locate_scratch(state)),
        "LOG_LEVEL": "WARNING",
    }


def _require_port(port: int, state: Path) -> None:
    """Queue URLs hold the port, and the emulator finds its queues by them: a state lives on the port it began on."""
    note = state / "emulator-port"
    before = note.read_text().strip() if note.exists() else str(port)
    if before != str(port):
        raise RunnerError(
            f"{state} was begun on emulator port {before} and works there only: give --emulator-port {before}, "
            "or another --state."
        )
    note.write_text(f"{port}\n")
