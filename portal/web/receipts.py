"""What an upload's page shows: its figures, its causes of trouble, and a page of its files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.record import FileRecord, Finding, Severity, Source, Upload
from intake.states import State
from portal import words
from portal.files import files_of
from portal.identity import Identity
from portal.services import Services
from portal.words import LOOKS, WARNED, Look

PAGE = 100
"""Files a page of a receipt."""

SEARCHED = 500
"""Files among which the causes of trouble are looked for."""

FRESH = timedelta(minutes=15)
"""How long after its start an upload is looked at often."""

OFTEN, SELDOM = 2, 15
"""Seconds between two looks."""


STATE_TROUBLES = {
    State.FAILED: (
        "We could not check this because of a fault on our side.",
        "Nothing for now: our staff has been told, and the file is safe. Its verdict appears here once it is checked.",
    ),
    State.EXPIRED: (
        "This was announced but never arrived.",
        "Upload it again if it is still needed. Keep the page open until every file is sent.",
    ),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure; `look` says what it means."""

    number: int
    label: str
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of the bar."""

    tone: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    """How an upload's files stand, as stretches of one bar of `total` units."""

    total: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of trouble and the files that share it."""

    tone: str
    icon: str
    kind: str
    message: str
    remedy: str
    where: str
    code: str
    files: list[FileRecord] = field(default_factory=list)


def fingerprint(upload: Upload) -> str:
    """Return what changes whenever a receipt would look otherwise."""
    return "-".join(str(number) for number in (upload.declared, upload.warnings, *_by_state(upload)))


def tiles(upload: Upload) -> list[Tile]:
    """Return the figures of a receipt; those of rare states only where there are any."""
    accepted, rejected, failed, expired = _by_state(upload)
    always = [
        Tile(upload.declared, "Declared"),
        Tile(accepted + rejected + failed, "Arrived"),
        Tile(accepted, "Accepted", LOOKS[State.ACCEPTED]),
        Tile(upload.warnings, "With warnings", WARNED),
        Tile(rejected, "Rejected", LOOKS[State.REJECTED]),
    ]
    rare = [
        Tile(failed, "Failed on our side", LOOKS[State.FAILED]),
        Tile(expired, "Not received", LOOKS[State.EXPIRED]),
    ]
    waiting = Tile(words.waiting(upload), "Waiting", LOOKS[State.AWAITING_UPLOAD])
    return [*always, *(tile for tile in rare if tile.number), waiting]


def bar(upload: Upload) -> Bar:
    accepted, rejected, failed, expired = _by_state(upload)
    stretches = [
        ("ok", accepted - upload.warnings),
        ("warn", upload.warnings),
        ("bad", rejected),
        ("fault", failed),
        ("wait", expired),
    ]
    parts, start = [], 0
    for tone, width in stretches:
        if width > 0:
            parts.append(Part(tone, start, width))
            start += width
    return Bar(max(1, upload.declared, start), tuple(parts))


def seconds_to_next_look(upload: Upload, files: Sequence[FileRecord], at: datetime) -> int | None:
    """Return when a page should look again, or None when nothing is going to change.

    The counts follow the records, so a row that still waits keeps the page looking although the counts are complete.
    """
    done = not words.waiting(upload) and all(file.state is not State.AWAITING_UPLOAD for file in files)
    if done or upload.source is Source.DIRECT:
        return None
    return OFTEN if at - upload.created_at < FRESH else SELDOM


def causes(files: Iterable[FileRecord]) -> list[Cause]:
    """Return what went wrong, rejections first; files with the same trouble share one entry."""
    found: dict[tuple[str, ...], Cause] = {}
    for file in files:
        for cause in _troubles(file):
            key = (cause.tone, cause.code, cause.message, cause.remedy, cause.where)
            found.setdefault(key, cause).files.append(file)
    return sorted(found.values(), key=lambda cause: ("bad", "fault", "wait", "warn").index(cause.tone))


def searched(services: Services, identity: Identity, upload_id: str) -> Iterator[FileRecord]:
    """Yield an upload's first files, up to the number that causes are looked for among."""
    cursor: str | None = None
    for _ in range(SEARCHED // PAGE):
        page = files_of(services, identity, upload_id, cursor, PAGE)
        yield from page.rows
        cursor = page.next
        if cursor is None:
            return


def _troubles(file: FileRecord) -> Iterator[Cause]:
    if file.state in {State.FAILED, State.EXPIRED}:
        look = LOOKS[file.state]
        message, remedy = STATE_TROUBLES[file.state]
        yield Cause(look.tone, look.icon, look.label, message, remedy, "", "")
        return
    for finding in file.findings:
        if file.state is State.REJECTED and finding.severity is Severity.WARN:
            continue
        yield _cause(finding)


def _cause(finding: Finding) -> Cause:
    rejects = finding.severity is Severity.REJECT
    look = LOOKS[State.REJECTED] if rejects else WARNED
    return Cause(
        look.tone,
        look.icon,
        look.label if rejects else "Warning",
        finding.message,
        finding.remedy,
        finding.where,
        finding.code,
    )


def _by_state(upload: Upload) -> tuple[int, int, int, int]:
    states = (State.ACCEPTED, State.REJECTED, State.FAILED, State.EXPIRED)
    accepted, rejected, failed, expired = (upload.counts.get(state, 0) for state in states)
    return accepted, rejected, failed, expired
