"""A sample of uploads each day, audited: whether what is counted of them is what their records make it.

It is drawn once a day (UTC), some uploads of some clinics, and gone through as far as each sweep's time allows. What
differs is noted, and told when a later sweep finds it again (`processor/reconcile/incidents.py`). What a sample can
tell and what it cannot is in docs/adr/0067-a-sample-of-uploads-is-audited-each-day.md.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol

from intake.files.model import now
from intake.operations.model import Fault, Incident
from intake.operations.ports import Incidents, Rounds, UploadAudits, UploadSamples
from intake.recounts.model import UNDER_WAY

CLINICS = 5
"""Clinics of a day's sample."""

ASKED = 50
"""Clinics that are asked for uploads, of which some have none."""

UPLOADS = 2
"""Uploads of each."""

MOST_FILES = 2_000
"""Files of an upload that is audited: so many are read within a sweep's share of time."""

_ROUND = "sample"


class Share(Protocol):
    """A part of a sweep's time, as its rounds have it."""

    @property
    def ends(self) -> float:
        """As `time.monotonic` has it."""
        ...

    def is_over(self) -> bool: ...


@dataclass(slots=True)
class Sampled:
    """What one sweep's part of a day's sample came to, in ids of uploads."""

    drawn: int = 0
    """Uploads of the day's sample, where it was drawn just now."""
    audited: list[str] = field(default_factory=list)
    different: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By upload, the names of the numbers that stand otherwise."""
    too_large: list[str] = field(default_factory=list)
    """Drawn, and left out for their size."""
    under_way: list[str] = field(default_factory=list)
    """Drawn, and left out since something had just come to them, or kept coming while they were looked at."""
    given_up: list[str] = field(default_factory=list)
    """Left of the day before, or too long for a share of time of their own."""
    left: int = 0
    """Uploads for the sweeps that follow."""


@dataclass(slots=True)
class _State:
    day: str = ""
    left: list[list[str]] = field(default_factory=list)
    """Clinic and upload of each that is to be audited still."""


class DailySample:
    """Goes through a sample of each day, an upload at a time."""

    def __init__(
        self,
        *,
        samples: UploadSamples,
        audits: UploadAudits,
        incidents: Incidents,
        rounds: Rounds,
        chance: Random,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._samples = samples
        self._audits = audits
        self._incidents = incidents
        self._rounds = rounds
        self._chance = chance
        self._clock = clock
        self._done = ""
        """The day whose sample is known to be done, of which nobody need be asked."""

    def run(self, share: Share) -> Sampled:
        """Go on with the day's sample. What ends it early leaves what was not audited to the next sweep."""
        sampled, at = Sampled(), self._clock()
        day = f"{at:%Y-%m-%d}"
        if day == self._done:
            return sampled
        positions = self._rounds.read()
        before = positions.get(_ROUND, "")
        state = _State(*json.loads(before)) if before else _State()
        if state.day != day:
            sampled.given_up += [upload_id for _, upload_id in state.left]
            state = _State(day, self._draw(at, sampled))
        try:
            self._go_through(state, sampled, share)
        finally:
            after = json.dumps([state.day, state.left])
            if after != before:
                self._rounds.write({**positions, _ROUND: after})
        sampled.left = len(state.left)
        self._done = "" if state.left else day
        return sampled

    def _draw(self, at: datetime, sampled: Sampled) -> list[list[str]]:
        clinics, drawn, found = self._samples.clinics(), list[list[str]](), 0
        for clinic_id in self._chance.sample(clinics, min(ASKED, len(clinics))):
            uploads = self._samples.draw(clinic_id, UPLOADS)
            for one in uploads:
                if one.files > MOST_FILES:
                    sampled.too_large.append(one.upload_id)
                elif one.changed_at > at - UNDER_WAY:
                    sampled.under_way.append(one.upload_id)
                else:
                    drawn.append([clinic_id, one.upload_id])
            sampled.drawn += len(uploads)
            found += bool(uploads)
            if found == CLINICS:
                break
        return drawn

    def _go_through(self, state: _State, sampled: Sampled, share: Share) -> None:
        # Drawing took of the time, too: what comes first then has not had a share for itself.
        is_first = not sampled.drawn
        while state.left and not share.is_over():
            clinic_id, upload_id = one = state.left[0]
            # Where auditing it fails, the next sweep begins with another, and comes back to it.
            state.left = [*state.left[1:], one]
            found = self._audits.audit(clinic_id, upload_id, share.ends)
            if found is None and not is_first:
                # The next sweep has more time for it.
                state.left = [one, *state.left[:-1]]
                return
            is_first = False
            if found is None:
                sampled.given_up.append(upload_id)
            elif found.differing:
                sampled.different[upload_id] = found.differing
                # Noted before it is done with: a crash between the two audits it once more, and leaves none out.
                self._incidents.note([describe_sums(clinic_id, upload_id, self._clock())])
            elif found.is_moving:
                sampled.under_way.append(upload_id)
            sampled.audited += [upload_id] if found else []
            state.left.pop()


def describe_sums(clinic_id: str, upload_id: str, at: datetime) -> Incident:
    """Return the incident of an upload whose sums differ, as it was seen at a time."""
    return Incident(fault=Fault.SUMS_DIFFER, clinic_id=clinic_id, upload_id=upload_id, seen_at=at)
