"""What a profile would have done to a clinic's files of the last 30 days, counted a stretch at a time.

A stretch is some pages of the clinic's list of files, newest first, with the records behind them: so many calls,
however many files the clinic has. What was counted so far goes to the page and comes back with the next request, sealed
for this clinic, this profile and this admin.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from intake.files.model import FileRecord, FileSummary, timestamp
from intake.files.states import JUDGED
from intake.files.weighing import Weights
from intake.tenants.model import profile_version
from portal.admin.hindsight import CHANGED, HELD, Fate, Hindsight, Outcome, has_clashed, was_judged
from portal.admin.profiles import Profile
from portal.auth.identity import Identity
from portal.crypto.sealing import Sealer
from portal.services import Services

PERIOD = timedelta(days=30)
AT_ONCE, PAGES = 200, 5
"""Files of a page of the list, and pages of a stretch. So many rows with the longest names are within the megabyte that
one Query reads, so that no file is passed over."""
STRETCHES = 20
"""After as many, somebody has to want more."""
CHANGES = 100
"""Changes of the profile in which the one is looked for that a file was judged with."""
SHOWN = 5
"""Files that are named of each cause, the newest."""
MOST_SHOWN = 100
"""Files that are named altogether: they travel with the form."""

ARCHIVE = "zip"

Counts = dict[str, int]


@dataclass(slots=True)
class Tally:
    """What was counted so far."""

    since: str
    """The first moment that belongs to it, as RFC 3339."""
    reached: str = ""
    """When the oldest file was sent that was looked at."""
    after: str | None = ""
    """Where to go on; None when all was looked at."""
    stretches: int = 0
    tried: int = 0
    fates: Counts = field(default_factory=dict)
    causes: dict[str, Counts] = field(default_factory=dict)
    """By fate, how many files have each cause; a file may have several."""
    shown: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By fate and cause, some of these files."""
    earlier: int = 0
    """Of the files that would have gone another way, those that would go the same way by the profile in use now."""
    reviewed: int = 0
    """Accepted by two admins, and not tried."""
    waiting: int = 0
    """Without a verdict."""
    unversioned: int = 0
    """Tried, and nobody knows by which profile they were judged."""
    unpacked: int = 0
    """Archives that would have been accepted, and whose content nobody has seen."""

    @property
    def complete(self) -> bool:
        return self.after is None

    @property
    def goes_on(self) -> bool:
        """Whether the page asks for the next stretch by itself."""
        return not self.complete and self.stretches % STRETCHES != 0

    @property
    def percent(self) -> int:
        """How much of the 30 days was looked at."""
        left = self.reached_at - self.since_at if self.reached_at else PERIOD
        return 100 - round(100 * left / PERIOD)

    @property
    def changed(self) -> int:
        """How many files would have gone another way, as far as that is known."""
        return sum(self.fates.get(fate, 0) for fate in CHANGED)

    @property
    def since_at(self) -> datetime:
        return datetime.fromisoformat(self.since)

    @property
    def reached_at(self) -> datetime | None:
        return datetime.fromisoformat(self.reached) if self.reached else None

    def add(self, file_id: str, outcome: Outcome) -> None:
        self.tried += 1
        fate = outcome.fate.value
        self.fates[fate] = self.fates.get(fate, 0) + 1
        for cause in dict.fromkeys(outcome.causes):
            counts, shown = self.causes.setdefault(fate, {}), self.shown.setdefault(fate, {}).setdefault(cause, [])
            counts[cause] = counts.get(cause, 0) + 1
            all_shown = sum(len(ids) for by_cause in self.shown.values() for ids in by_cause.values())
            if len(shown) < SHOWN and all_shown < MOST_SHOWN:
                shown.append(file_id)

    def list_causes(self, fate: Fate) -> list[tuple[str, int, list[str]]]:
        """Return the causes of a fate, how many files have each, and some of these; the most frequent first."""
        counts = self.causes.get(fate, {})
        ordered = sorted(counts, key=lambda cause: (-counts[cause], cause))
        return [(cause, counts[cause], self.shown[fate][cause]) for cause in ordered]


@dataclass(frozen=True)
class Trial:
    """A profile that is tried on a clinic's files."""

    services: Services
    identity: Identity
    clinic_id: str
    wanted: Profile

    def count_on(self, so_far: str) -> Tally:
        """Count one stretch more than what `seal` wrote; anything else begins anew."""
        tally = self._unseal(so_far)
        rows: list[FileSummary] = []
        for _ in range(PAGES):
            page = self.services.records.files(self.clinic_id, None, tally.since_at, tally.after or None, AT_ONCE)
            rows += page.rows
            tally.after = page.next
            if tally.after is None:
                break
        if rows:
            self._count([row.file_id for row in rows], tally)
            tally.reached = timestamp(rows[-1].created_at)
        tally.stretches += 1
        return tally

    def seal(self, tally: Tally) -> str:
        written = json.dumps(asdict(tally), separators=(",", ":"))
        return self._sealer.seal(written.encode(), self._bound_to)

    def _unseal(self, so_far: str) -> Tally:
        written = self._sealer.unseal(so_far, self._bound_to) if so_far else None
        if written is None:
            return Tally(timestamp(self.services.clock() - PERIOD))
        return Tally(**json.loads(written))

    @cached_property
    def _sealer(self) -> Sealer:
        return Sealer(self.services.deployment_key, "last-month")

    @cached_property
    def _bound_to(self) -> bytes:
        # With the fields, so that what another version of this program wrote begins anew.
        fields = ",".join(Tally.__dataclass_fields__)
        return "\0".join((self.clinic_id, profile_version(self.wanted), self.identity.subject, fields)).encode()

    def _count(self, file_ids: list[str], tally: Tally) -> None:
        records = self._read(file_ids)
        tried = [record for record in records.values() if was_judged(record)]
        # Of what has a verdict, only what two admins had accepted is no verdict of the judge's.
        reviewed = sum(record.state in JUDGED for record in records.values() if not was_judged(record))
        tally.reviewed += reviewed
        tally.waiting += len(records) - len(tried) - reviewed
        others = self._read([other for record in tried for other in _list_others(record)], known=records)
        standing = self.services.directory.profile(self.clinic_id)
        profiles = self._find_profiles(standing)
        by_wanted, by_standing = (Hindsight(Weights.read(one), profiles) for one in (self.wanted, standing))
        for file_id, outcome in self._try(by_wanted, tried, others).items():
            record = records[file_id]
            tally.add(file_id, outcome)
            tally.unversioned += record.profile_version not in profiles
            tally.unpacked += outcome.fate is Fate.ACCEPTED and record.kind == ARCHIVE
            tally.earlier += outcome.fate in CHANGED and by_standing.tell(record, others) == outcome

    def _try(
        self, hindsight: Hindsight, records: list[FileRecord], others: Mapping[str, FileRecord]
    ) -> dict[str, Outcome]:
        outcomes = {record.file_id: hindsight.tell(record, others) for record in records}
        # What was rejected for itself was never held against the files that were accepted.
        let_in = [one for one in records if outcomes[one.file_id].fate is Fate.ACCEPTED and not has_clashed(one)]
        held = self.services.records.find_holders(let_in) if let_in else {}
        return outcomes | dict.fromkeys(held, Outcome(Fate.UNKNOWN, (HELD,)))

    def _read(self, file_ids: Sequence[str], known: Mapping[str, FileRecord] | None = None) -> dict[str, FileRecord]:
        """Return the clinic's records, without reading those again that are known."""
        found = dict(known or {})
        missing = [file_id for file_id in dict.fromkeys(file_ids) if file_id not in found]
        read = self.services.records.get_many(missing) if missing else {}
        return found | {file_id: one for file_id, one in read.items() if one.clinic_id == self.clinic_id}

    def _find_profiles(self, standing: Profile | None) -> dict[str, Weights]:
        """Return the profiles that the clinic's files may have been judged with, by their versions."""
        changes = self.services.directory.profile_changes(self.clinic_id, CHANGES)
        written = [None, standing, *(one for change in changes for one in (change.before, change.after))]
        return {profile_version(one): Weights.read(one) for one in written}


def _list_others(record: FileRecord) -> list[str]:
    """Return the files that decide about this one: its archive, and the one that it clashed with."""
    clashed = record.conflicts_with if has_clashed(record) else None
    return [other for other in (record.parent, clashed) if other]
