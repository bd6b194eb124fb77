"""The AWS emulator as a child process: on loopback only, with its state in a folder of ours.

Asked to be strict, it serves TLS only, and checks every signature and every role's permissions.
"""

import contextlib
import os
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.build.processes import Child
from infra.errors import RunnerError
from infra.local.progress import Progress, Silent
from infra.local.state.saved_state import SavedState
from infra.local.state.shutdown import (
    StateNotReadError,
    StopRequests,
    await_reading,
    end_emulator_left_behind,
    stop_emulator,
)
from infra.local.strictness import tls_relay

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105  The emulator takes any; it listens on loopback only.
"""Its account's root. Also where it is strict, this one key may do everything and is not asked for a signature."""

_TRUST = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
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

    @property
    def farewell_s(self) -> float:
        """How long an emulator may linger once its state is written.

        With TLS it waits half a minute for its workers, which never say TLS's goodbye.
        """
        return 5 if self.certificate else 30

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
def run_emulator(
    *, state: Path, endpoint: Endpoint, progress: Progress | None = None, requests: StopRequests | None = None
) -> Iterator[Child]:
    """Run the emulator until the block is left; it writes its state when it is asked to stop, however long that takes.
    `requests` tell of a person who will not wait for it. It is strict, and makes its certificate, where the endpoint
    has one. A block that raises StateNotReadError has it write nothing.

    Raises RunnerError for a taken port, a damaged state, when the emulator does not start, or cannot write its state.
    """
    progress, saved, note = progress or Silent(), SavedState(state), state / "emulator.pid"
    end_emulator_left_behind(note, saved, progress.tell)
    ensure_free(endpoint.port, "the emulator", "--emulator-port")
    _require_port(endpoint.port, state)
    saved.open(progress.tell, progress.confirm)
    scratch = _locate_scratch(state)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with _enforce_strictness(endpoint) as strictly:
        environment = {**plain_environment(), **_list_settings(state, endpoint), **strictly}
        command, log = [sys.executable, "-m", "ministack"], state / "emulator.log"
        # Not left as other children are, who are killed after a while: whatever breaks our waiting off, this one writes
        # on, and the next start waits for it.
        child = Child("emulator", command, environment=environment, cwd=scratch, log=log, note=note)
        try:
            with progress.step("Start the AWS emulator"):
                # It writes this file when it has found the port free: whoever else might answer there is not ours.
                ours = scratch / f"ministack-{endpoint.port}.pid"
                await_reading(child, lambda: ours.exists() and endpoint.is_healthy(), saved, progress.tell)
            yield child
        except StateNotReadError:
            child.kill()  # What it has not read it would write over.
            saved.release()
            raise
        finally:
            try:
                stop_emulator(child, saved, progress, requests or StopRequests(), endpoint.farewell_s)
            except RunnerError as error:
                # A strict one serves a test, whose connections over TLS may keep it from ever writing.
                if not endpoint.certificate:
                    raise
                progress.tell(str(error))


def locate_endpoint(state: Path, port: int, *, strict: bool) -> Endpoint:
    """Return where an emulator over `state` answers."""
    return Endpoint(port, _locate_scratch(state) / "ministack-tls" / "server.crt" if strict else None)


def is_answered(url: str, verify: ssl.SSLContext | bool = True) -> bool:
    """Say whether a GET of `url` is answered with success."""
    try:
        return httpx.get(url, timeout=5, trust_env=False, verify=verify).is_success
    except httpx.TransportError:
        return False


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
