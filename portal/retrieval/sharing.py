"""Links by which a referring doctor takes out one study: making, listing and closing them, and coming in by one.

Whoever comes in has the link's token and, told separately, its code. Every refusal is the same NotFoundError: of a link
that there never was, is closed, lapsed or used up, and of a wrong code (docs/adr/0049-links-for-referring-doctors.md).
"""

import hmac
import json
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from intake.errors import NotFoundError
from intake.files.keys import is_study_id
from intake.sharing.model import LISTED, StudyLink, digest_code, digest_token
from intake.studies.model import Study
from portal.audit import note
from portal.auth.identity import Identity
from portal.auth.rate_limit import count_link
from portal.crypto.sealing import Sealer
from portal.cursors import Cursor
from portal.errors import FieldsError
from portal.presentation.languages import gettext
from portal.retrieval.contents import GOOD_FOR, open_study
from portal.retrieval.requests import ContentQuery
from portal.retrieval.responses import ContentPage
from portal.services import Services

DAYS = (1, 3, 7, 14)
"""How long a link may live, as the form offers it."""

MOST_OPEN = 10
"""Open links of one study."""

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of codes: no character that is taken for another, on paper or by telephone."""
_CODE_LENGTH = 8
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_PURPOSE = "link to a study"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was just made. Token and code are shown once, and neither kept nor logged."""

    link: StudyLink
    token: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody who came in by a link may see and do."""

    study: Study
    link: StudyLink
    pass_: str = field(repr=False)
    """Sealed; what their page takes files out with."""


def create_link(services: Services, identity: Identity, study_id: str, days: str) -> NewLink:
    """Make a link to a study. Raises NotFoundError, ClinicError, FieldsError, TooManyRequestsError."""
    study = find_shared(services, identity, study_id)
    if days not in {str(number) for number in DAYS}:
        raise FieldsError({"days": gettext("Choose for how long the link works.")})
    at = services.clock()
    standing = services.study_links.list_of_study(study.clinic_id, study_id)
    if sum(link.is_open_at(at) for link in standing) >= MOST_OPEN:
        told = gettext("{count} links to this exam are open. Close one first.")
        raise FieldsError({"days": told.format(count=MOST_OPEN)})
    if len(standing) >= LISTED:
        told = gettext("{count} links to this exam were made already. Make another one later.")
        raise FieldsError({"days": told.format(count=LISTED)})
    count_link(services, study.clinic_id)
    token, code = secrets.token_urlsafe(32), "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    link = StudyLink(
        link_id=digest_token(token),
        clinic_id=study.clinic_id,
        study_id=study_id,
        code_digest=digest_code(token, code),
        created_at=at,
        created_by=identity.subject,
        created_by_name=identity.display_name,
        expires_at=at + timedelta(days=int(days)),
    )
    _note(services, identity, "study.share", link, days=days)
    services.study_links.create(link)
    return NewLink(link, token, f"{code[:4]}-{code[4:]}")


def find_shared(services: Services, identity: Identity, study_id: str) -> Study:
    """Return a study of the clinic's own with accepted images. Raises NotFoundError, ClinicError for admins."""
    clinic_id = identity.own_clinic()
    if not is_study_id(study_id):
        raise NotFoundError("There is no such study.")
    return services.studies.study(clinic_id, study_id)


def list_links(services: Services, identity: Identity, study_id: str) -> tuple[StudyLink, ...]:
    """Return the clinic's links to a study, the newest first. Raises ClinicError for admins."""
    return services.study_links.list_of_study(identity.own_clinic(), study_id)


def revoke_link(services: Services, identity: Identity, study_id: str, link_id: str) -> None:
    """Close a link, for good; one that is closed already is no error. Raises NotFoundError, ClinicError."""
    link = next((one for one in list_links(services, identity, study_id) if one.link_id == link_id), None)
    if link is None:
        raise NotFoundError("There is no such link.")
    if link.revoked_at is None:
        _note(services, identity, "study.unshare", link)
        services.study_links.revoke(link.clinic_id, link_id, services.clock())


def open_link(services: Services, token: str, code: str) -> Opened:
    """Let in whoever has a link and its code. Raises NotFoundError, always the same."""
    at = services.clock()
    # A refusal takes one call, whatever it is for; a token in another form was made by nobody here.
    link = services.study_links.begin_try(digest_token(token), at) if _TOKEN.fullmatch(token) else None
    told = digest_code(token, read_code(code))
    if link is None or not hmac.compare_digest(told, link.code_digest):
        raise NotFoundError("There is no such link, or that is not its code.")
    guest = _identify_guest(link)
    study = services.studies.study(link.clinic_id, link.study_id)
    _note(services, guest, "study.open-shared", link)
    services.study_links.count_opening(link)
    sealed = _sealer(services).seal(json.dumps({"link": link.link_id, "at": services.now()}).encode())
    return Opened(study, link, sealed)


def list_shared(services: Services, sealed: str, cursor: Cursor) -> ContentPage:
    """Return a page of the study that a pass is for. Raises NotFoundError, always the same, and InvalidCursorError."""
    link = _read_pass(services, sealed)
    if not cursor and not services.study_links.count_taking(link):
        raise NotFoundError("The link is used up.")
    # A cursor of another link would take out this one's study uncounted.
    own = replace(cursor, address=f"{cursor.address}/{link.link_id}")
    return open_study(services, _identify_guest(link), link.study_id, ContentQuery(), own)


def read_code(text: str) -> str:
    """Read a code as people write it: in small letters, with or without its hyphen."""
    return "".join(text.upper().split()).replace("-", "")[: 2 * _CODE_LENGTH]


def _read_pass(services: Services, sealed: str) -> StudyLink:
    opened = _sealer(services).unseal(sealed)
    facts: dict[str, Any] = json.loads(opened) if opened else {}
    fresh = facts and services.now() - facts["at"] <= GOOD_FOR.total_seconds()
    link = services.study_links.find_open(facts["link"], services.clock()) if fresh else None
    if link is None:
        raise NotFoundError("The link is closed, or the pass too old.")
    return link


def _sealer(services: Services) -> Sealer:
    return Sealer(services.deployment_key, _PURPOSE)


def _identify_guest(link: StudyLink) -> Identity:
    """Return who comes by a link: somebody of no account, who may read this clinic's one study and no more."""
    return Identity(f"link:{link.link_id[:16]}", link.clinic_id, False, frozenset(), "Somebody with a link")


def _note(services: Services, identity: Identity, action: str, link: StudyLink, **detail: str) -> None:
    note(
        services,
        identity,
        action,
        clinic_id=link.clinic_id,
        subject=link.study_id,
        link=link.link_id[:16],
        **detail,
    )
