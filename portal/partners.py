"""The directory of partners, remembered for a moment: a partner's thousand requests look it up once."""

import threading
import time
from collections.abc import Callable

from intake.ports import Directory, Partner

LIFETIME = 60
"""Seconds. A partner who was removed is refused after this long."""

MAX_ENTRIES = 1024


class KnownPartners:
    """Looks partners up by their client id. Threads share it."""

    def __init__(self, directory: Directory, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, Partner | None]] = {}

    def find(self, client_id: str) -> Partner | None:
        with self._lock:
            entry = self._entries.get(client_id)
        if entry is not None and entry[0] > self._clock():
            return entry[1]
        partner = self._directory.partner(client_id)
        self._keep(client_id, partner)
        return partner

    def _keep(self, client_id: str, partner: Partner | None) -> None:
        with self._lock:
            if len(self._entries) >= MAX_ENTRIES:
                self._entries.clear()
            self._entries[client_id] = (self._clock() + LIFETIME, partner)
