"""What admins do to partners' machine clients: create, rotate, revoke, and see how they are used.

A client's end is written into the directory first of all: from then on the portal refuses it, whatever becomes of the
gateway's list and of the client in the user pool. Those follow, and are repeated until they have.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from intake.errors import ConflictError, NotFoundError
from intake.files.states import State
from intake.tenants.gateway import sync_audience
from intake.tenants.model import MOST_CLIENTS, OWN_CLIENTS, Partner
from portal import audit
from portal.accounts.user_pool import Credentials
from portal.admin.clinics import find_clinic
from portal.auth.identity import READ, UPLOAD, WEBHOOKS, Identity
from portal.cursors import read_rows
from portal.errors import FieldsError, GatewayFullError
from portal.presentation.languages import gettext
from portal.services import Services

SCOPES: Mapping[str, str] = {"upload": UPLOAD, "read": READ, "webhooks": WEBHOOKS}
"""A form's fields → the scopes they stand for."""

GRACE = timedelta(days=7)
"""For how long a rotated client goes on working beside its successor."""

USAGE = timedelta(days=30)
LOOKED_AT = 1000
"""Uploads of the clinic that usage is counted among."""

MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Made:
    """A client that was made just now, or by an earlier sending of the same form: then its secret was shown then."""

    partner: Partner
    credentials: Credentials | None


@dataclass(slots=True)
class Usage:
    """What a client did in the last 30 days."""

    uploads: int = 0
    files: int = 0
    counts: Counter[State] = field(default_factory=Counter)
    """Files by state; together they are all of them."""
    last_upload: datetime | None = None


def list_partners(services: Services, clinic_id: str) -> tuple[Partner, ...]:
    """Return a clinic's clients: those that work first, the newest first among them."""
    at = services.clock()
    mine = [partner for partner in services.directory.partners() if partner.clinic_id == clinic_id]
    newest = sorted(mine, key=lambda partner: partner.created_at.timestamp() if partner.created_at else 0, reverse=True)
    return tuple(sorted(newest, key=lambda partner: not partner.works_at(at)))


def find_partner(services: Services, clinic_id: str, client_id: str) -> Partner:
    """Raises NotFoundError."""
    found = services.directory.partner(client_id)
    if found is None or found.clinic_id != clinic_id:
        raise NotFoundError("There is no such client.")
    return found


def create(services: Services, identity: Identity, clinic_id: str, fields: Mapping[str, str]) -> Made:
    """Make a client. Raises NotFoundError, FieldsError, GatewayFullError."""
    find_clinic(services, clinic_id)
    name = " ".join(fields.get("name", "").split())
    scopes = frozenset(scope for field, scope in SCOPES.items() if field in fields)
    _check_fields(name, scopes)
    asked = Partner("", clinic_id, name, scopes, request_key=fields.get("request_key", ""))
    return _create_client(services, identity, "partner.create", asked)


def rotate(services: Services, identity: Identity, clinic_id: str, client_id: str, request_key: str) -> Made:
    """Make a client's successor, and let the old one work for a while longer. Raises NotFoundError, GatewayFullError.

    Raises ConflictError for a client that has ended.
    """
    old = find_partner(services, clinic_id, client_id)
    at = services.clock()
    if not old.works_at(at):
        raise ConflictError("The client does not work any more.")
    ends_at = at + GRACE
    asked = replace(old, request_key=request_key, ends_at=None)
    made = _create_client(services, identity, "partner.rotate", asked, replaces=client_id)
    if old.ends_at is None or old.ends_at > ends_at:
        services.directory.save_partner(replace(old, ends_at=ends_at))
    return made


def revoke(services: Services, identity: Identity, clinic_id: str, client_id: str) -> None:
    """Refuse a client from now on. Repeating it finishes what was left half done. Raises NotFoundError."""
    found = find_partner(services, clinic_id, client_id)
    at = services.clock()
    if found.works_at(at):
        audit.note(services, identity, "partner.revoke", clinic_id=clinic_id, subject=client_id)
        services.directory.save_partner(replace(found, ends_at=at))
    _sync_audience(services)
    services.machines.delete(client_id)


def count_usage(services: Services, clinic_id: str) -> tuple[dict[str, Usage], bool]:
    """Return each sender's usage by its id, and whether older uploads were left out."""
    since = services.clock() - USAGE
    found: dict[str, Usage] = {}
    looked_at = 0
    newest_first = read_rows(partial(services.records.uploads, clinic_id, limit=100))
    for upload in islice(newest_first, LOOKED_AT):
        if upload.created_at < since:
            break
        used = found.setdefault(upload.created_by, Usage())
        used.uploads += 1
        used.files += upload.declared
        judged = {state: number for state, number in upload.counts.items() if state is not State.AWAITING_UPLOAD}
        used.counts.update(judged)
        used.counts[State.AWAITING_UPLOAD] += upload.declared - sum(judged.values())
        used.last_upload = max(used.last_upload or upload.created_at, upload.created_at)
        looked_at += 1
    return found, looked_at == LOOKED_AT


def _create_client(services: Services, identity: Identity, action: str, asked: Partner, **detail: str) -> Made:
    at = services.clock()
    known = services.directory.partners()
    earlier = [one for one in known if asked.request_key and one.request_key == asked.request_key]
    if earlier:
        return Made(earlier[0], None)
    if sum(one.works_at(at) for one in known) + OWN_CLIENTS >= MOST_CLIENTS:
        raise GatewayFullError("The gateway takes no more clients.")
    scopes = " ".join(sorted(asked.scopes))
    credentials = services.machines.create(f"{asked.clinic_id} {asked.name}", asked.scopes)
    # Nobody lets the client in before the directory knows it, so this is still before the deed.
    client_id = credentials.client_id
    audit.note(services, identity, action, clinic_id=asked.clinic_id, subject=client_id, scopes=scopes, **detail)
    partner = replace(asked, client_id=client_id, created_at=at)
    services.directory.save_partner(partner)
    _sync_audience(services)
    # The user pool has room for 1000 only: those go whose grace is over, and who are refused already.
    for one in known:
        if one.ends_at is not None and at - 10 * GRACE < one.ends_at <= at:
            services.machines.delete(one.client_id)
    return Made(partner, credentials)


def _sync_audience(services: Services) -> None:
    sync_audience(services.gateway, services.directory, services.settings.own_clients, services.clock())


def _check_fields(name: str, scopes: frozenset[str]) -> None:
    faults = {}
    if not name:
        faults["name"] = gettext("Enter a name, such as the partner's system.")
    elif len(name) > MAX_NAME or not name.isprintable():
        faults["name"] = gettext("The name must be {most} characters or fewer, without control characters.").format(
            most=MAX_NAME
        )
    if not scopes:
        faults["upload"] = gettext("Choose at least one thing that the client may do.")
    if faults:
        raise FieldsError(faults)
