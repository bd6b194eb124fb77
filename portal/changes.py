"""The change feed, as a clinic may read it."""

from intake.ports import FeedPage
from portal.errors import CursorError
from portal.identity import Identity
from portal.services import Services

NOW = "now"
"""In place of a cursor: behind the newest change."""


def page(services: Services, identity: Identity, since: str | None, limit: int) -> FeedPage:
    """Return what follows on a cursor. Raises ClinicError, CursorError, ChangesGoneError, ContentionError."""
    clinic_id = identity.own_clinic()
    if since == NOW:
        return FeedPage((), services.feed.end(clinic_id), more=False)
    try:
        return services.feed.changes(clinic_id, since, limit)
    except ValueError as error:
        raise CursorError("The cursor is not one of this feed.") from error
