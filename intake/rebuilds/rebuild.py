"""A whole rebuild, or the audit that comes before: an upload, or a clinic with all its uploads, unit by unit.

Each unit may be done again; one that keeps changing comes again at the end of its phase. Whoever died goes on behind
the last unit that was finished.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from intake.errors import ContentionError
from intake.files.keys import KeyedIds
from intake.files.model import now
from intake.operations.model import UploadAudit
from intake.projections.model import Change
from intake.rebuilds.boards import BoardRebuild
from intake.rebuilds.clinics import ClinicRebuild
from intake.rebuilds.dry_table import DryTable
from intake.rebuilds.evidence import FeedEvidence, MarksAlone
from intake.rebuilds.feeds import FeedRebuild
from intake.rebuilds.pace import OutOfTimeError, Pace
from intake.rebuilds.reader import Reader
from intake.rebuilds.studies import StudyRebuild
from intake.rebuilds.uploads import UploadRebuild
from intake.recounts.model import Difference, Findings, MovedError, Report
from intake.table.table import Table

ROUNDS = 3
"""How often a unit that keeps changing is looked at."""

MOST_POSTPONED = 1000
"""Units that wait to be looked at again: what keeps changing beyond that is told as busy at once."""

_STUDIES = 1
"""Number of the phase that looks at studies."""

Unit = tuple[str, Callable[[], Findings]]
"""Where it stands, and what looks at it."""


class Rebuild:
    """Makes anew what is projected. `count` is how the projector counts changes, whichever of them are new."""

    def __init__(
        self,
        table: Table,
        ids: KeyedIds,
        pace: Pace,
        count: Callable[[Sequence[Change]], object] | None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Without `count` it is an audit; `table` is to be a `DryTable` then."""
        self._reader = Reader(table, pace)
        self._dry = table if isinstance(table, DryTable) else None
        self._clock = clock
        mends = count is not None
        self._uploads = UploadRebuild(table, self._reader, count, clock)
        self._studies = StudyRebuild(table, self._reader, ids, mends=mends, clock=clock)
        self._feeds = FeedRebuild(table, self._reader, mends=mends, clock=clock)
        self._clinics = ClinicRebuild(table, self._reader, mends=mends, clock=clock)
        self._boards = BoardRebuild(table, self._reader, mends=mends)

    def rebuild_upload(self, clinic_id: str, upload_id: str, report: Report | None = None) -> Report:
        """Look at one upload, what its clinic's feed tells of it, and the studies that it brought something of."""
        report, evidence = report or Report(), FeedEvidence(self._reader, clinic_id, self._clock)
        feed: Unit = ("feed", lambda: self._feeds.rebuild(clinic_id, [upload_id]))
        phases: list[Callable[[], Iterable[Unit]]] = [
            lambda: [(upload_id, lambda: self._uploads.rebuild(upload_id, evidence))],
            lambda: self._list_studies([upload_id], {upload_id}),
            lambda: [feed],
        ]
        for number, list_units in enumerate(phases):
            for _ in self._look_at(number, list_units(), report):
                pass
        return report

    def audit_alone(self, clinic_id: str, upload_id: str) -> Report:
        """Look at one upload and its studies, and read nothing of its clinic's feed, which may be long.

        Raises ValueError unless it is an audit: what is mended by marks alone may be counted twice.
        """
        if self._dry is None:
            raise ValueError("the feed tells what was counted: only an audit can do without it")
        report, evidence = Report(), MarksAlone(self._reader, clinic_id, self._clock)
        own: Unit = (upload_id, lambda: self._uploads.rebuild(upload_id, evidence))
        for _ in self._look_at(0, [own], report):
            pass
        for _ in self._look_at(_STUDIES, self._list_studies([upload_id], {upload_id}), report):
            pass
        return report

    def rebuild_clinic(self, clinic_id: str, report: Report, after: str = "") -> Iterator[str]:
        """Look at all of a clinic, or at what comes behind a position; yield a position after each unit.

        What is found is added to the report. One that was begun by somebody else tells what is postponed still.
        """
        begun = self._reader.list_uploads(clinic_id)
        uploads, since = sorted(begun), min(begun.values(), default=self._clock())
        evidence = FeedEvidence(self._reader, clinic_id, self._clock)
        phases: list[Callable[[set[str]], Iterator[Unit]]] = [
            lambda wanted: self._list_uploads([one for one in uploads if one in wanted], evidence),
            lambda wanted: self._list_studies(uploads, wanted),
            lambda _: iter([("feed", lambda: self._feeds.rebuild(clinic_id, uploads))]),
            lambda _: iter([("clinic", lambda: self._clinics.rebuild(clinic_id, uploads, since))]),
            lambda _: iter([("board", lambda: self._boards.rebuild(clinic_id))]),
        ]
        reached, _, behind = after.partition("#")
        for number, list_units in enumerate(phases):
            if number >= int(reached or 0):
                # An upload brings several studies: those of the last one may not all have been looked at.
                left = {one for one in uploads if one > behind or (number == _STUDIES and one == behind)}
                wanted = left if reached == str(number) else {*uploads}
                again = {place.partition("#")[2] for place in report.postponed if place.startswith(f"{number}#")}
                yield from self._look_at(number, list_units(wanted | again), report)

    def _list_uploads(self, uploads: Sequence[str], evidence: FeedEvidence) -> Iterator[Unit]:
        for upload_id in uploads:
            yield upload_id, partial(self._uploads.rebuild, upload_id, evidence)

    def _list_studies(self, uploads: Iterable[str], wanted: set[str]) -> Iterator[Unit]:
        """Yield the studies of the wanted uploads, each once; their place is the upload that brought them."""
        known: set[str] = set()
        for upload_id in uploads:
            for study_id in self._reader.list_studies(upload_id) if upload_id in wanted else ():
                if study_id not in known:
                    known.add(study_id)
                    yield upload_id, partial(self._studies.rebuild, study_id)

    def _look_at(self, phase: int, units: Iterable[Unit], report: Report) -> Iterator[str]:
        """Look at units, and yield the position of each; those that keep changing come again at the end."""
        for number in range(1, ROUNDS + 1):
            again: list[Unit] = []
            for place, look in units:
                report.at = position = f"{phase}#{place}"
                before = self._dry.writes if self._dry else 0
                try:
                    found = look()
                except (MovedError, ContentionError) as moved:
                    if number == ROUNDS or len(again) == MOST_POSTPONED:
                        report.busy.append(str(moved))
                        report.postponed.pop(position, None)
                    else:
                        again.append((place, look))
                        report.postponed[position] = None
                else:
                    report.findings.add(found)
                    report.findings.beside += self._dry.writes - before if self._dry else 0
                    report.units += 1
                    report.postponed.pop(position, None)
                yield position
            if not again:
                return
            units = again


AUDIT_UNITS_PER_S = 1_000
"""Read units a second of an audit that has little time: a third of what a partition gives."""

MOST_NAMES = 20
"""Numbers that an audit names; where more of an upload's are otherwise, the cause is one."""


@dataclass(frozen=True, slots=True)
class UploadAuditor:
    """Audits one upload at a time, as far as it tells of it by itself."""

    table: DryTable
    ids: KeyedIds
    clock: Callable[[], datetime] = now

    def audit(self, clinic_id: str, upload_id: str, ends: float) -> UploadAudit | None:
        """Return what was found; None where that was not done by a time, as `time.monotonic` has it."""
        whole = Rebuild(self.table, self.ids, Pace(AUDIT_UNITS_PER_S, ends=ends), None, self.clock)
        try:
            report = whole.audit_alone(clinic_id, upload_id)
        except OutOfTimeError:
            return None
        found = report.findings
        names = {*map(_name_number, found.differences)}
        names |= {"changes"} if found.uncounted else set()
        names |= {"marks"} if found.adopted else set()
        # What lies beside the sums is no difference: what a study is found by may have expired.
        return UploadAudit(tuple(sorted(names)[:MOST_NAMES]), is_moving=bool(report.busy))


def _name_number(difference: Difference) -> str:
    """Return the name of a number and the kind of item that holds it, without whose it is and how large."""
    return f"{difference.subject.partition(' ')[0]}.{difference.name.partition(' of ')[0]}"
