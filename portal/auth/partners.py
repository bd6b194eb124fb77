"""The directory of partners, remembered for a moment: a partner's thousand requests look it up once."""

import time
from collections.abc import Callable
from datetime import datetime

from intake.files.model import now
from intake.tenants.model import Partner
from intake.tenants.ports import Directory
from portal.ttl_cache import TtlCache

LIFETIME = 20
"""Seconds. A partner who was revoked is refused after this long at the latest."""


class KnownPartners:
    """Looks partners up by their client id, and knows those only that work."""

    def __init__(
        self,
        directory: Directory,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = now,
    ) -> None:
        self._now = now
        self._cache = TtlCache(directory.partner, seconds=LIFETIME, clock=clock)

    def find(self, client_id: str) -> Partner | None:
        partner = self._cache.get(client_id)
        return partner if partner is not None and partner.works_at(self._now()) else None
