"""The wire: the REST API with its token, and S3 without."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from scalper import errors
from scalper.api.credentials import Tokens
from scalper.api.discovery import require_https
from scalper.api.model import Json, Put
from scalper.api.rest import RestApi
from scalper.api.retry import TEMPORARY, Retry

PATIENCE = httpx.Timeout(60, connect=15)

Body = Callable[[], Iterator[bytes]]
"""Yields the bytes from their beginning, as often as it is called."""

_REFUSED_FOR_NOW = TEMPORARY | {409}
"""S3 answers 409 to a conditional write that another one overtook (API Reference, PutObject)."""


class Connection:
    """Asks the API and sends to S3, patiently. Threads share it."""

    def __init__(
        self,
        api: str,
        client_id: str,
        client_secret: str,
        *,
        token_url: str | None = None,
        connections: int = 32,
        transport: httpx.BaseTransport | None = None,
        retry: Retry | None = None,
    ) -> None:
        self.api = require_https(api, "the API")
        self.client_id = client_id
        self.retry = retry or Retry()
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.Client(timeout=PATIENCE, limits=limits, transport=transport)
        self._tokens = Tokens(
            self._http,
            self.retry,
            api=self.api,
            client_id=client_id,
            client_secret=client_secret,
            token_url=token_url,
        )
        self._rest = RestApi(self.api, self._http, self.retry, self._tokens)

    def close(self) -> None:
        self.retry.stop()
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Return the API's JSON answer. `key` is the idempotency key.

        Raises ApiError, CredentialsError, UnreachableError.
        """
        return self._rest.ask(method, path, body=body, query=query, key=key)

    def check(self) -> None:
        """Find out whether the credentials are good. Raises CredentialsError, UnreachableError."""
        self._tokens.get()

    def put(self, put: Put, size: int, body: Body) -> httpx.Response:
        """Send bytes to S3 and return its answer, whatever it is. Raises UnreachableError."""
        headers = {**put.headers, "content-length": str(size)}
        return self.retry(lambda: self._http.put(put.url, content=body(), headers=headers), _REFUSED_FOR_NOW)

    @contextmanager
    def download_from(self, url: str, start: int) -> Iterator[httpx.Response]:
        """Open a download at an offset, and yield S3's answer, whatever it is, unread. Raises UnreachableError."""
        headers = {"accept-encoding": "identity", **({"range": f"bytes={start}-"} if start else {})}

        def send() -> httpx.Response:
            opened = self._http.send(self._http.build_request("GET", url, headers=headers), stream=True)
            if opened.status_code in TEMPORARY:
                opened.read()  # So that its connection serves the next attempt.
            return opened

        answer = self.retry(send)
        try:
            yield answer
        except httpx.TransportError as error:
            raise errors.UnreachableError(f"The download broke off: {error}.") from error
        finally:
            answer.close()

    @contextmanager
    def download(self, url: str) -> Iterator[Iterator[bytes]]:
        """Open a download and yield its bytes. Raises UnreachableError."""
        try:
            with self._http.stream("GET", url) as answer:
                if not answer.is_success:
                    raise errors.UnreachableError(f"S3 answered {answer.status_code} to the download.")
                yield answer.iter_bytes()
        except httpx.TransportError as error:
            raise errors.UnreachableError(f"The download broke off: {error}.") from error
