"""The change feed, as a clinic may read it."""

from dataclasses import replace

from intake.projections.model import FeedPage
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal, unseal
from portal.services import Services

NOW = "now"
"""In place of a cursor: behind the newest change."""


def list_changes(services: Services, identity: Identity, since: Cursor, limit: int) -> FeedPage:
    """Return what follows on a cursor. Raises ClinicError, InvalidCursorError, ChangesGoneError, ContentionError."""
    clinic_id = identity.own_clinic()
    if since.text == NOW:
        found = FeedPage((), services.feed.end(clinic_id), more=False)
    else:
        found = services.feed.changes(clinic_id, unseal(services, identity, since), limit)
    return replace(found, next=seal(services, identity, since, found.next))
