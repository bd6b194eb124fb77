"""Asking again: what is worth it, and after how long.

Every request of this client may be repeated: what creates something carries an idempotency key, S3 takes a body once,
and signing and joining change nothing the second time.
"""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from scalper.errors import UnreachableError

TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
ATTEMPTS = 7
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
LONGEST_RETRY_AFTER = 120.0
"""Seconds."""


class Retry:
    """Sends a request until there is an answer that counts. Threads share it."""

    def __init__(self, pause: Callable[[float], None] | None = None) -> None:
        self._stopped = threading.Event()
        self._pause = pause or self._wait

    def stop(self) -> None:
        """End all pauses: no request is repeated from now on."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def __call__(self, send: Callable[[], httpx.Response], temporary: frozenset[int] = TEMPORARY) -> httpx.Response:
        """Return the first answer that is not temporary. Raises UnreachableError after the last attempt."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = send()
            except httpx.TransportError as error:
                trouble, asked_for = f"{type(error).__name__}: {error}", None
            else:
                if response.status_code not in temporary:
                    return response
                trouble = f"{response.status_code} {response.reason_phrase}".strip()
                asked_for = _read_retry_after(response)
            if attempt < ATTEMPTS:
                # Full jitter: as many clients as failed together do not come back together.
                drawn = random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))  # noqa: S311 - No secret.
                self._pause(drawn if asked_for is None else asked_for)
        raise UnreachableError(f"No answer after {ATTEMPTS} attempts: {trouble}.")

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise UnreachableError("Stopped.")


def _read_retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the answer asks for (RFC 9110, 10.2.3), with some jitter on top."""
    text = response.headers.get("retry-after", "")
    try:
        seconds = float(text) if text.isdigit() else (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        # No date, or one of no zone (RFC 5322, 3.3: `-0000`).
        return None
    return min(max(seconds, 0), LONGEST_RETRY_AFTER) + random.uniform(0, 1)  # noqa: S311 - No secret.
