"""Which clinics take part, and how each wants its files judged: asked of the directory at most once a minute."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from intake.errors import ScalperError
from intake.files.keys import UNASSIGNED
from intake.tenants.ports import Directory
from processor.judge.inspection.findings import Profile

KEPT_SECONDS = 60.0
MOST_KEPT = 1_000
"""Clinics, and prefixes that are none: whoever may write to the bucket can make these up."""

DEFAULT = Profile()

Kept = TypeVar("Kept")


class ProfileError(ScalperError):
    """Raised when a clinic's profile cannot be used: our fault, so its files are tried again and not judged by it."""


@dataclass(slots=True)
class Profiles:
    """Clinics and their profiles. That a clinic has none, is inactive or does not exist is remembered as well.

    Trouble in asking is raised: it says nothing of a clinic.
    """

    directory: Directory
    clock: Callable[[], float] = time.monotonic
    kept_s: float = KEPT_SECONDS
    _kept: dict[str, tuple[float, Profile]] = field(default_factory=dict)
    _strangers: dict[str, float] = field(default_factory=dict)
    """Kept apart, so that made-up prefixes push no clinic out."""

    def takes_part(self, clinic_id: str) -> bool:
        """Say whether a clinic is in the directory, and active. Raises ProfileError."""
        return self._find(clinic_id) is not None

    def get(self, clinic_id: str) -> Profile:
        """Return the profile of a clinic, the default for one that takes no part. Raises ProfileError."""
        return self._find(clinic_id) or DEFAULT

    def _find(self, clinic_id: str) -> Profile | None:
        if clinic_id == UNASSIGNED or self._is_fresh(self._strangers.get(clinic_id)):
            return None
        kept_at, kept = self._kept.get(clinic_id, (None, DEFAULT))
        if self._is_fresh(kept_at):
            return kept
        profile = self._ask(clinic_id)
        if profile is None:
            self._kept.pop(clinic_id, None)
            _remember(self._strangers, clinic_id, self.clock())
        else:
            self._strangers.pop(clinic_id, None)
            _remember(self._kept, clinic_id, (self.clock(), profile))
        return profile

    def _is_fresh(self, kept_at: float | None) -> bool:
        return kept_at is not None and self.clock() - kept_at < self.kept_s

    def _ask(self, clinic_id: str) -> Profile | None:
        clinic = self.directory.clinic(clinic_id)
        if clinic is None or not clinic.active:
            return None
        written = self.directory.profile(clinic_id)
        try:
            return DEFAULT if written is None else Profile.parse(written)
        except ValueError as error:
            raise ProfileError(f"the profile of {clinic_id} cannot be used: {error}") from error


def _remember(kept: dict[str, Kept], clinic_id: str, what: Kept) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[clinic_id] = what
