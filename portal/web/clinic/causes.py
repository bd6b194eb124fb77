"""Why an upload's files are in trouble: one card per cause, however many files share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from intake.files.item_keys import code_of, state_of
from intake.files.model import FileRecord, Severity, Upload
from intake.files.states import State
from intake.rules import is_note
from portal.auth.identity import Identity
from portal.presentation.labels import STATE_BADGES, WARNED
from portal.services import Services
from portal.uploads.visibility import redact

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
    state = state_of(cause)
    badge = WARNED if state is State.ACCEPTED else STATE_BADGES[state]
    code = code_of(cause)
    finding = next((found for found in files[0].findings if found.code == code), None)
    message, remedy = (finding.message, finding.remedy) if finding else STATE_TROUBLES[state]
    places = (found.where for file in files for found in file.findings if found.code == code)
    return Cause(
        tone=badge.tone,
        icon=badge.icon,
        kind="Warning" if state is State.ACCEPTED else badge.label,
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
