"""An admin's session at the command line: it begins with a sign-in, and ends when the command does."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from scalper.admin.authorization import UserPool
from scalper.admin.loopback import PORTS
from scalper.admin.model import Rebuild
from scalper.admin.sign_in import PATIENCE, Host, PersonTokens, sign_in
from scalper.api.connection import PATIENCE as HTTP_PATIENCE
from scalper.api.discovery import require_https
from scalper.api.rest import RestApi
from scalper.api.retry import Retry
from scalper.errors import ClientError, NotAdminError, NotPermittedError


class Rebuilds:
    """Audits and rebuilds, as an admin asks for them.

    Everything may raise NotAdminError, ApiError, SessionEndedError, UnreachableError.
    """

    def __init__(self, api: RestApi) -> None:
        self._api = api

    def start(
        self,
        *,
        clinic_id: str | None = None,
        upload_id: str | None = None,
        dry_run: bool = True,
        read_units_per_second: int | None = None,
    ) -> Rebuild:
        """Start one: of an upload, of a clinic, or of all clinics."""
        wanted = {"clinic_id": clinic_id, "upload_id": upload_id, "read_units_per_second": read_units_per_second}
        body = {"dry_run": dry_run, **{name: value for name, value in wanted.items() if value is not None}}
        # Our own retries are one and the same order.
        return self._ask("POST", "rebuilds", body=body, key=uuid.uuid4().hex)

    def read(self, rebuild_id: str) -> Rebuild:
        """Return how far one has come."""
        return self._ask("GET", f"rebuilds/{quote(rebuild_id, safe='')}")

    def stop(self, rebuild_id: str) -> Rebuild:
        """Have one go no further than it has come."""
        return self._ask("POST", f"rebuilds/{quote(rebuild_id, safe='')}/stop")

    def _ask(self, method: str, path: str, **asked: Any) -> Rebuild:  # noqa: ANN401 - As RestApi takes them.
        try:
            return Rebuild.read(self._api.ask(method, path, **asked))
        except NotPermittedError as error:
            if error.problem.status != 403:
                raise
            told = error.problem.describe()
            raise NotAdminError(f"Audits and rebuilds are for admins, and whoever signed in is none. {told}") from error


@contextmanager
def open_session(
    portal: str,
    host: Host,
    *,
    transport: httpx.BaseTransport | None = None,
    retry: Retry | None = None,
    ports: Sequence[int] = PORTS,
    patience: float = PATIENCE,
) -> Iterator[Rebuilds]:
    """Have an admin sign in at a portal, and yield what they may do there. The sign-in ends with the block.

    Raises CredentialsError, SignInError, UnreachableError.
    """
    portal, retry = require_https(portal, "the portal"), retry or Retry()
    # Tokens follow no redirect to another address.
    with httpx.Client(timeout=HTTP_PATIENCE, transport=transport, follow_redirects=False) as http:
        pool = UserPool.discover(http, retry, portal)
        tokens = PersonTokens(http, retry, pool, sign_in(http, pool, host, ports=ports, patience=patience))
        try:
            yield Rebuilds(RestApi(portal, http, retry, tokens))
        finally:
            try:
                tokens.end()
            except ClientError as error:
                host.report_left_open(str(error))
