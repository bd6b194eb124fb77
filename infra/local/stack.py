"""The whole system on this machine: emulator, deployed stack, demo data and portal."""

import contextlib
import fcntl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from infra.build.assembly import Assembly, local_assembly
from infra.build.cache import ROOT
from infra.build.processes import Child, Patience, end_left_behind, wait_until_ready
from infra.build.web import build_web
from infra.errors import RunnerError
from infra.local.clients import Clients, clients, function_environment, other_client
from infra.local.demo import Demo, api_id, as_json, create_demo
from infra.local.deployment import deploy, require_standing
from infra.local.emulator import (
    ACCESS_KEY_ID,
    HOST,
    REGION,
    SECRET_ACCESS_KEY,
    Endpoint,
    ensure_free,
    is_answered,
    locate_endpoint,
    plain_environment,
    run_emulator,
)
from infra.local.progress import Progress, Silent
from infra.local.state.saved_state import SavedState, report_unwritable
from infra.local.state.shutdown import StopRequests
from infra.local.strictness import translate_policies


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A stack that runs. Made by `local_stack`."""

    clients: Clients
    outputs: dict[str, str]
    """Of the CloudFormation stack, by logical id."""
    demo: Demo
    emulator: Child
    at: Endpoint
    """Where the emulator answers."""
    portal_port: int
    state: Path
    """The folder that keeps everything for the next time."""

    @property
    def endpoint(self) -> str:
        return self.at.url

    @property
    def portal_url(self) -> str:
        """Where browsers find the portal, once it runs."""
        return f"http://localhost:{self.portal_port}"

    @property
    def api_url(self) -> str:
        """The HTTP API through the emulator's gateway, without a trailing slash."""
        return f"{self.endpoint}/_aws/execute-api/{api_id(self.outputs['ApiUrl'])}/$default"

    @property
    def token_url(self) -> str:
        return f"{self.endpoint}/oauth2/token"

    def as_json(self) -> dict[str, Any]:
        """Return what scripts need, as `.scalper/local.json` holds it."""
        outputs = self.outputs
        return {
            "portal_url": self.portal_url,
            "api_url": self.api_url,
            "token_url": self.token_url,
            **as_json(self.demo),
            "aws": {
                "endpoint_url": self.endpoint,
                "region": REGION,
                "access_key_id": ACCESS_KEY_ID,
                "secret_access_key": SECRET_ACCESS_KEY,
            },
            "buckets": {
                "incoming": outputs["IncomingBucket"],
                "accepted": outputs["AcceptedBucket"],
                "quarantine": outputs["QuarantineBucket"],
            },
            "table": outputs["Table"],
            "queues": {
                "main": outputs["QueueUrl"],
                "dead_letter": outputs["DeadLetterQueueUrl"],
                "mailbox": outputs["MailboxQueueUrl"],
            },
        }


def build(progress: Progress) -> Assembly:
    """Build web assets, bundles and assembly, where anything changed."""
    with progress.step("Build the web assets"):
        build_web()
    with progress.step("Bundle the functions and synthesize the stack"):
        return local_assembly()


def redeploy(stack: LocalStack, progress: Progress) -> None:
    """Bring a running stack to what the sources say now."""
    assembly = build(progress)
    with progress.step("Deploy the stack"):
        _deploy(stack.clients, assembly, stack.portal_port)


@contextlib.contextmanager
def local_stack(
    *,
    state: Path,
    emulator_port: int,
    portal_port: int,
    strict: bool = False,
    progress: Progress | None = None,
    requests: StopRequests | None = None,
) -> Iterator[LocalStack]:
    """Run emulator, stack and demo data until the block is left; `state` keeps everything for the next time.

    `portal_port` is where the portal will be reached: the stack allows uploads and sign-in from there.
    `strict` has the emulator serve TLS only, and check signatures and what each role may do. `requests` tell of a
    person who will not wait until it has written its state.
    Raises RunnerError, with one sentence for the user.
    """
    progress = progress or Silent()
    with contextlib.ExitStack() as exits:
        exits.enter_context(_lock_state(state))
        exits.enter_context(report_unwritable(state))
        if pid := end_left_behind(_locate_portal_note(state), Patience(5).is_over):
            progress.tell(f"A portal of a run that was killed was still there (process {pid}): it is ended.")
        assembly = build(progress)
        at = locate_endpoint(state, emulator_port, strict=strict)
        running = exits.enter_context(run_emulator(state=state, endpoint=at, progress=progress, requests=requests))
        aws, saved = clients(at.url, at.certificate), SavedState(state)
        try:
            require_standing(aws, *saved.list_standing(), log=state / "emulator.log")
            with progress.step("Deploy the stack"):
                outputs = _deploy(aws, assembly, portal_port)
                saved.note_deployment()
                if strict:
                    translate_policies(other_client("iam", at))
            with progress.step("Create clinics, users and partner"):
                demo = create_demo(aws, outputs, state / "demo.json")
        except (ClientError, EndpointConnectionError) as error:
            if running.exit_code is not None:
                raise RunnerError(running.describe_end()) from error
            # What AWS's answers say of a state that we did not foresee is for people too.
            raise RunnerError(f"The emulator refused what the deployment needs: {error}") from error
        yield LocalStack(aws, outputs, demo, running, at, portal_port, state)


@contextlib.contextmanager
def run_portal(stack: LocalStack, *, log: Path | None, reload: bool = False) -> Iterator[Child]:
    """Run the portal of `stack` under uvicorn until the block is left, with the very settings of its deployed function
    but for this machine's addresses. `log` of None leaves its output in the terminal.

    Raises RunnerError for a taken port, or when the portal does not answer `GET /health`.
    """
    port = stack.portal_port
    ensure_free(port, "the portal", "--port")
    environment = {
        **plain_environment(),
        **function_environment(stack.clients, stack.at, stack.outputs["PortalFunction"]),
        "SCALPER_SIGN_IN_URL": stack.endpoint,
        "SCALPER_PORTAL_ORIGIN": stack.portal_url,
        # X-Ray's daemon exists in Lambda only.
        "POWERTOOLS_TRACE_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "uvicorn", "portal.asgi:app", "--host", HOST, "--port", str(port)]
    # Access logs would carry file ids by the thousand; the application logs what matters.
    command += ["--no-access-log", "--log-level", "warning"]
    if reload:
        command += ["--reload", *(f"--reload-dir={folder}" for folder in ("portal", "intake", "templates"))]
    with Child(
        "portal", command, environment=environment, cwd=ROOT, log=log, note=_locate_portal_note(stack.state)
    ) as child:
        wait_until_ready(child, lambda: is_answered(f"http://{HOST}:{port}/health"), patience_s=30)
        yield child


def _locate_portal_note(state: Path) -> Path:
    return state / "portal.pid"


def _deploy(aws: Clients, assembly: Assembly, portal_port: int) -> dict[str, str]:
    origin = f"http://localhost:{portal_port}"
    return deploy(aws, assembly, {"PortalOriginParameter": origin}, REGION)


@contextlib.contextmanager
def _lock_state(state: Path) -> Iterator[None]:
    """Hold the state folder for us alone: two emulators over one state would lose files."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o700)
        lock = (state / "lock").open("w")
    except OSError as error:
        raise RunnerError(f"The state folder {state} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunnerError(f"Another `scalper up` is using {state}: stop it, or choose another --state.") from error
        yield
