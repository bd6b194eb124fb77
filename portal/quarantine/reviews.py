"""What admins see and decide of rejected files. Names and patients stay with the files' own clinics."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from intake.errors import ConflictError, NotFoundError
from intake.files.model import FileRecord
from intake.files.outcomes import Page
from intake.files.states import State
from intake.messaging.model import AlertKind
from intake.orders.model import Order, Review, Selection, Task
from intake.orders.review_rules import REPLACEABLE, obstacles
from intake.projections.model import device
from portal.audit import note
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal_page
from portal.errors import HeldIdentityError, OwnReviewError
from portal.quarantine import orders
from portal.services import Services
from portal.uploads.visibility import redact

READS = 10
"""Pages of the table that are looked through for one page of matches; more are on the next."""

WAITING = 200
"""Proposals shown."""


def list_rejected(
    services: Services,
    identity: Identity,
    wanted: Selection,
    cursor: Cursor,
    limit: int,
    *,
    with_handled: bool = False,
) -> Page[FileRecord]:
    """Return rejected files that match, newest first. A page may be short, or a little longer.

    What its clinic replaced or dealt with is left out, unless `with_handled`.

    Raises InvalidCursorError.
    """
    read = partial(read_rejected, services, identity, wanted, limit=limit, with_handled=with_handled)
    return seal_page(services, identity, cursor, read, **asdict(wanted), with_handled=with_handled)


def read_rejected(
    services: Services,
    identity: Identity,
    wanted: Selection,
    after: str | None,
    *,
    limit: int,
    with_handled: bool = False,
) -> Page[FileRecord]:
    """Return rejected files behind a position. A page may be short, or a little longer than `limit`."""
    found: list[FileRecord] = []
    for _ in range(READS):
        records, after = _read_page(services, wanted, after, limit)
        shown = (record for record in records if with_handled or not record.is_handled)
        found += [record for record in shown if wanted.matches(record) and _is_of(record, wanted.device)]
        if after is None or len(found) >= limit:
            break
    return Page(tuple(redact(identity, record) for record in found), after)


def _read_page(
    services: Services, wanted: Selection, after: str | None, limit: int
) -> tuple[Sequence[FileRecord], str | None]:
    """Read on in the narrowest list: the upload's, the clinic's or everybody's."""
    if wanted.upload_id:
        page = services.records.files_of(wanted.upload_id, after, limit)
        return page.rows, page.next
    listed = services.records.files(
        wanted.clinic_id or None, State.REJECTED, wanted.since, after, limit, until=wanted.until
    )
    chosen = [row.file_id for row in listed.rows if wanted.matches(row)]
    records = services.records.get_many(chosen) if chosen else {}
    return [records[file_id] for file_id in chosen if file_id in records], listed.next


def _is_of(record: FileRecord, wanted: str) -> bool:
    """Say whether a file is of the wanted device, if any is wanted."""
    made_by = device(record.clinic_id, record.metadata) if wanted else None
    return not wanted or (made_by is not None and made_by.key == wanted)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of files that were to be proposed."""

    proposed: int
    """Proposals that wait now for another admin."""
    refused: int
    """No longer rejected, with a finding that no review overrides, or proposed before."""
    held: int
    """Accepting them would fail: an accepted file of the clinic holds their SOP Instance UID."""


def propose(services: Services, identity: Identity, file_ids: Sequence[str], reason: str) -> Proposed:
    """Propose to accept rejected files, those that could be accepted today."""
    records = services.records.get_many(file_ids)
    fit = [record for record in records.values() if record.state is State.REJECTED and not obstacles(record.codes)]
    holders = find_holders(services, fit)
    free = [record for record in fit if record.file_id not in holders]
    proposed = sum(_propose(services, identity, record, reason) for record in free)
    return Proposed(proposed, len(set(file_ids)) - proposed - len(holders), len(holders))


def find_holders(services: Services, records: Sequence[FileRecord]) -> dict[str, str]:
    """Return, by file, the accepted file whose SOP Instance UID keeps it from being accepted by review.

    A file that was rejected for such a clash takes the place of the file that it clashed with, and of no other.
    """
    replaced = {record.file_id: record.conflicts_with for record in records if REPLACEABLE.intersection(record.codes)}
    holders = services.records.find_holders(records)
    return {file_id: holder for file_id, holder in holders.items() if replaced.get(file_id) != holder}


def _propose(services: Services, identity: Identity, record: FileRecord, reason: str) -> bool:
    standing = services.reviews.review(record.file_id)
    if standing and not standing.decided_by:
        return False
    codes = ",".join(record.codes)
    note(
        services,
        identity,
        "review.propose",
        clinic_id=record.clinic_id,
        subject=record.file_id,
        reason=reason,
        codes=codes,
        **({"conflicts_with": record.conflicts_with} if record.conflicts_with else {}),
    )
    at = services.clock()
    waits = services.reviews.propose(
        Review(
            file_id=record.file_id,
            clinic_id=record.clinic_id,
            codes=record.codes,
            reason=reason,
            proposed_by=identity.subject,
            proposed_by_name=identity.display_name,
            proposed_at=at,
        )
    )
    if waits:
        episode = f"{record.file_id}.{int(at.timestamp())}"
        services.outbox.announce(AlertKind.REVIEW, record.clinic_id, record.clinic_id, episode, at)
    return waits


def confirm(services: Services, identity: Identity, file_id: str, *, order_id: str) -> Order:
    """Accept a file that another admin proposed. Raises NotFoundError, OwnReviewError, HeldIdentityError."""
    review = services.reviews.review(file_id)
    if review is None or (review.decided_by and (review.decided_by != identity.subject or not review.confirmed)):
        raise NotFoundError("no proposal waits for that file")
    if review.proposed_by == identity.subject:
        raise OwnReviewError("Another admin has to confirm this.")
    if not review.decided_by:
        _check_identity(services, review)
    note(
        services,
        identity,
        "review.confirm",
        clinic_id=review.clinic_id,
        subject=file_id,
        reason=review.reason,
        proposer=review.proposed_by,
    )
    if not review.decided_by:
        _decide(services, identity, review, confirmed=True)
    chosen = Selection(file_ids=(file_id,), state=State.REJECTED, clinic_id=review.clinic_id)
    return orders.place(services, identity, Task.ACCEPT, chosen, order_id=order_id, reason=review.reason)


def _check_identity(services: Services, review: Review) -> None:
    if find_holders(services, list(services.records.get_many([review.file_id]).values())):
        raise HeldIdentityError("Another file of the clinic was accepted since.")


def decline(services: Services, identity: Identity, file_id: str) -> None:
    """Decline another's proposal, or take back one's own. Doing it twice is no error."""
    review = services.reviews.review(file_id)
    if review is None or review.confirmed:
        raise NotFoundError("no proposal waits for that file")
    if review.decided_by:
        return
    note(services, identity, "review.decline", clinic_id=review.clinic_id, subject=file_id)
    _decide(services, identity, review, confirmed=False)


def _decide(services: Services, identity: Identity, review: Review, *, confirmed: bool) -> None:
    try:
        services.reviews.decide(
            review, confirmed=confirmed, by=identity.subject, name=identity.display_name, at=services.clock()
        )
    except ConflictError as error:
        raise OwnReviewError("Another admin has to confirm this.") from error
