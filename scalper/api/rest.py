"""The REST API, asked with tokens, whoever they are of."""

from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from scalper import errors
from scalper.api.discovery import parse_object
from scalper.api.model import Json
from scalper.api.retry import Retry


class TokenSource(Protocol):
    """Where tokens come from."""

    def get(self, *, instead_of: str | None = None) -> str:
        """Return a token that is good for the next minutes; another one than `instead_of`, which the API did not take.

        Raises CredentialsError, UnreachableError.
        """
        ...


class RestApi:
    """Asks the API, patiently. Threads share it."""

    def __init__(self, address: str, http: httpx.Client, retry: Retry, tokens: TokenSource) -> None:
        self._address = address
        self._http = http
        self._retrying = retry
        self._tokens = tokens

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
        url = f"{self._address}/api/v1/{path}"
        extra = {"accept": "application/json", **({"idempotency-key": key} if key else {})}

        def send(token: str) -> httpx.Response:
            headers = {**extra, "authorization": f"Bearer {token}"}
            return self._retrying(lambda: self._http.request(method, url, json=body, params=query, headers=headers))

        token = self._tokens.get()
        answer = send(token)
        if answer.status_code == 401:
            answer = send(self._tokens.get(instead_of=token))
        document = parse_object(answer)
        if document is None:
            title = "The API's answer is not JSON" if answer.is_success else answer.reason_phrase
            raise errors.error_for(errors.Problem(answer.status_code, title=title))
        if not answer.is_success:
            raise errors.error_for(errors.Problem.read(answer.status_code, document))
        return document
