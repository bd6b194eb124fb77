"""What an upload's page shows: its figures, its causes of trouble, and a page of its files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from intake.files.item_keys import read_code, read_state
from intake.files.model import FileRecord, Severity, Upload
from intake.files.states import State
from intake.files.upload_state import count_lost, count_missing, count_missing_so_far, count_open, count_troubled
from intake.languages import mark
from intake.orders.model import Order
from intake.rules import is_note
from intake.studies.model import StudyOfUpload
from portal.auth.identity import Identity
from portal.presentation.labels import HANDLED, STATE_BADGES, WARNED, Badge
from portal.services import Services
from portal.uploads.visibility import redact

PAGE = 100
"""Files a page of a receipt."""

STUDIES = 50
"""Studies that a receipt lists."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure; `badge` says what it means."""

    number: int
    label: str
    badge: Badge | None = None


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
class Share:
    """What an upload brought of one study; nothing of the study for the files that are of none."""

    study: StudyOfUpload | None
    accepted: int
    rejected: int


def fingerprint_receipt(upload: Upload, order: Order | None = None, *, interrupted: bool = False) -> str:
    """Return what changes whenever a receipt would look otherwise."""
    asked = (order.total, order.answered, int(order.complete)) if order else ()
    beside = (upload.duplicates, count_missing(upload), count_troubled(upload), *upload.containers.values())
    beside += (upload.replaced, *upload.handled.values(), int(upload.closed), int(interrupted))
    numbers = (upload.declared, upload.warnings, *_list_counts(upload), *beside, *asked)
    return "-".join(map(str, numbers))


def list_tiles(upload: Upload) -> list[Tile]:
    """Return the figures of a receipt; those of rare states only where there are any."""
    accepted, rejected, failed, _, deleted = _list_counts(upload)
    always = [
        *([Tile(upload.expected, "Expected by you")] if upload.expected else []),
        *([Tile(upload.expected_images, "Images expected by you")] if upload.expected_images else []),
        Tile(upload.declared, "Declared"),
        Tile(accepted + rejected + failed + deleted, "Arrived"),
        Tile(accepted, "Accepted", STATE_BADGES[State.ACCEPTED]),
        Tile(upload.warnings, "With warnings", WARNED),
        Tile(min(rejected, count_open(upload, State.REJECTED)), "Rejected", STATE_BADGES[State.REJECTED]),
    ]
    rare = [
        Tile(sum(upload.handled.values()), "Replaced or dealt with", HANDLED),
        Tile(min(failed, count_open(upload, State.FAILED)), "Failed on our side", STATE_BADGES[State.FAILED]),
        Tile(deleted, "Deleted", STATE_BADGES[State.DELETED]),
        Tile(upload.duplicates, "Already here"),
    ]
    missing = Tile(count_missing_so_far(upload), "Missing", STATE_BADGES[State.EXPIRED])
    waiting = Tile(upload.waiting, "Waiting", STATE_BADGES[State.AWAITING_UPLOAD])
    return [*always, missing, *(tile for tile in rare if tile.number), waiting]


def build_bar(upload: Upload) -> Bar:
    """Return how an upload's files stand; those that never came are part of the whole, announced or not."""
    accepted, rejected, failed, expired, deleted = _list_counts(upload)
    short = count_missing_so_far(upload) - count_lost(upload)
    bad, fault = min(rejected, count_open(upload, State.REJECTED)), min(failed, count_open(upload, State.FAILED))
    stretches = [
        ("ok", accepted - upload.warnings),
        ("warn", upload.warnings),
        ("bad", bad),
        ("fault", fault),
        ("wait", rejected - bad + failed - fault + expired + deleted + short),
    ]
    return stack_bar(upload.declared + short, stretches)


def stack_bar(total: int, stretches: Iterable[tuple[str, int]]) -> Bar:
    """Return stretches, of a tone and a width each, side by side; what has no width is left out."""
    parts, start = [], 0
    for tone, width in stretches:
        if width > 0:
            parts.append(Part(tone, start, width))
            start += width
    return Bar(max(1, total, start), tuple(parts))


def list_shares(upload: Upload, studies: Sequence[StudyOfUpload]) -> list[Share]:
    """Return an upload's judged files by study, and those of no study last; nothing where there are no studies."""
    found = [
        Share(study, study.counts.get(State.ACCEPTED, 0), study.counts.get(State.REJECTED, 0)) for study in studies
    ]
    others = Share(
        None,
        max(0, upload.counts.get(State.ACCEPTED, 0) - sum(share.accepted for share in found)),
        max(0, upload.counts.get(State.REJECTED, 0) - sum(share.rejected for share in found)),
    )
    return [*found, *([others] if others.accepted or others.rejected else [])] if found else []


def _list_counts(upload: Upload) -> tuple[int, int, int, int, int]:
    states = (State.ACCEPTED, State.REJECTED, State.FAILED, State.EXPIRED, State.DELETED)
    accepted, rejected, failed, expired, deleted = (upload.counts.get(state, 0) for state in states)
    return accepted, rejected, failed, expired, deleted


NAMED = 6
"""Files that a card names."""

CARDS = 20
"""Causes that a receipt shows; the CSV tells all."""

STATE_TROUBLES = {
    State.FAILED: (
        "We could not check this because of a fault on our side.",
        "Have it checked again below, or wait: our staff has been told, and the file is safe with us.",
    ),
    State.EXPIRED: (
        "This was announced but never arrived.",
        "Send it again if it is still needed, and keep the page open until every file is sent.",
    ),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of trouble, and the files that share it."""

    key: str
    """As `intake.files.item_keys` names it."""
    tone: str
    icon: str
    kind: str
    """What it did to the files, in a word or two."""
    state: State
    message: str
    remedy: str
    where: tuple[str, ...]
    code: str
    count: int
    files: tuple[FileRecord, ...]
    """The first of them."""
    also: tuple[str, ...]
    """What else is wrong with these first ones."""
    is_note: bool
    """Whether it asks nothing of anybody."""
    address: str
    """Of the page that lists all of them."""


def list_causes(services: Services, identity: Identity, upload: Upload) -> list[Cause]:
    """Return the causes of an upload's trouble, worst first and of these the most frequent first."""
    counted = sorted(upload.causes.items(), key=lambda item: (item[0].partition("#")[0], -item[1], item[0]))[:CARDS]
    found = services.troubles.first(upload.upload_id, [cause for cause, _ in counted], NAMED)
    return [
        build_cause(upload, cause, [redact(identity, record) for record in found[cause]])
        for cause, _ in counted
        if cause in found
    ]


def build_cause(upload: Upload, cause: str, files: Sequence[FileRecord]) -> Cause:
    """Return one cause by some of its files, of which there is at least one."""
    state = read_state(cause)
    badge = WARNED if state is State.ACCEPTED else STATE_BADGES[state]
    code = read_code(cause)
    finding = next((found for found in files[0].findings if found.code == code), None)
    message, remedy = (finding.message, finding.remedy) if finding else STATE_TROUBLES[state]
    places = (found.where for file in files for found in file.findings if found.code == code)
    return Cause(
        key=cause,
        tone=badge.tone,
        icon=badge.icon,
        kind=mark("Warning") if state is State.ACCEPTED else badge.label,
        state=state,
        message=message,
        remedy=remedy,
        where=tuple(dict.fromkeys(filter(None, places)))[:NAMED],
        code=code,
        count=max(upload.causes.get(cause, 0), len(files)),
        files=tuple(files),
        is_note=finding is not None and is_note(finding),
        # For a rejected file, what would reject it too.
        also=tuple(
            dict.fromkeys(
                other.message
                for file in files
                for other in file.findings
                if other.code != code and (state is State.ACCEPTED or other.severity is Severity.REJECT)
            )
        ),
        address=f"/uploads/{upload.upload_id}/trouble?{urlencode({'cause': cause})}",
    )
