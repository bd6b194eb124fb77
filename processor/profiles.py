"""Each clinic's profile, asked of the directory at most once a minute by each worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from intake.errors import ScalperError
from intake.keys import UNASSIGNED
from intake.ports import Directory
from processor.judge import Profile

KEPT_SECONDS = 60.0
MOST_KEPT = 1_000
"""Clinics; whoever may write to the bucket can make up prefixes, and each is a clinic until it is looked up."""

DEFAULT = Profile()


class ProfileError(ScalperError):
    """Raised when a clinic's profile cannot be used: our fault, so its files are tried again and not judged by it."""


@dataclass(slots=True)
class Profiles:
    """Profiles by clinic; that a clinic has none is remembered as well."""

    directory: Directory
    clock: Callable[[], float] = time.monotonic
    kept_s: float = KEPT_SECONDS
    _kept: dict[str, tuple[float, Profile]] = field(default_factory=dict)

    def of(self, clinic_id: str) -> Profile:
        """Return the clinic's profile. Raises ProfileError."""
        if clinic_id == UNASSIGNED:
            return DEFAULT
        kept_at, profile = self._kept.get(clinic_id, (float("-inf"), DEFAULT))
        if self.clock() - kept_at < self.kept_s:
            return profile
        profile = self._asked(clinic_id)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[clinic_id] = (self.clock(), profile)
        return profile

    def _asked(self, clinic_id: str) -> Profile:
        written = self.directory.profile(clinic_id)
        try:
            return DEFAULT if written is None else Profile.parsed(written)
        except ValueError as error:
            raise ProfileError(f"the profile of {clinic_id} cannot be used: {error}") from error
