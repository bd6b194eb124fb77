"""Who is asking, and for which clinic. Made from verified tokens only, never from a request's own words."""

from dataclasses import dataclass

from intake.files.keys import is_clinic_id
from intake.tenants.model import Partner
from portal.auth.tokens import AccessClaims
from portal.errors import ClinicError, ScopeError

UPLOAD = "scalper/upload"
READ = "scalper/read"
WEBHOOKS = "scalper/webhooks"
STAFF_SCOPES = frozenset({UPLOAD, READ})

ADMIN_GROUP = "admin"
CLINIC_GROUP = "clinic:"
LEAD_GROUP = "lead:"
"""Of those of a clinic's staff who tend its people. It counts for who is in the group of the same clinic, too."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whose token was verified.

    `clinic_id` is None for admins, who see all clinics, and for nobody else.
    """

    subject: str
    """Opaque id of the user or the client; what timelines and logs name."""
    clinic_id: str | None
    is_admin: bool
    scopes: frozenset[str]
    display_name: str
    is_lead: bool = False
    """Whether a person of the clinic tends its people. Machines never do."""

    def __post_init__(self) -> None:
        if (self.clinic_id is None) != self.is_admin:
            raise ValueError("Only admins stand outside the clinics.")
        if self.is_lead and self.is_admin:
            raise ValueError("A lead is of a clinic.")

    def own_clinic(self) -> str:
        """Return the clinic on whose behalf something is written. Raises ClinicError for admins."""
        if self.clinic_id is None:
            raise ClinicError("Admins see all clinics and upload for none.")
        return self.clinic_id

    def require(self, scope: str) -> None:
        """Raises ScopeError when the token does not carry `scope`."""
        if scope not in self.scopes:
            raise ScopeError(scope)


def identify_bearer(claims: AccessClaims) -> Identity:
    """Return the identity behind an access token. It holds no name: a person has none where there is no session."""
    if claims.partner is not None:
        return identify_partner(claims.subject, claims.partner, claims.scopes)
    return identify_staff(claims.subject, claims.groups, "")


def identify_staff(subject: str, groups: frozenset[str], display_name: str) -> Identity:
    """Return the identity of a user by the groups in the access token.

    Admins see everything and upload nothing. A user of no clinic, or of several, is refused with ClinicError: to pick
    one of several would sooner or later file a patient's scan under the wrong clinic.
    """
    if ADMIN_GROUP in groups:
        return Identity(subject, None, True, frozenset({READ}), display_name)
    clinics = [group.removeprefix(CLINIC_GROUP) for group in groups if group.startswith(CLINIC_GROUP)]
    if len(clinics) != 1 or not is_clinic_id(clinics[0]):
        raise ClinicError("Your account must belong to exactly one clinic. Ask your administrator to set this right.")
    is_lead = LEAD_GROUP + clinics[0] in groups
    return Identity(subject, clinics[0], False, STAFF_SCOPES, display_name, is_lead)


def identify_partner(subject: str, partner: Partner, scopes: frozenset[str]) -> Identity:
    """Return a machine's identity: the directory says its clinic, and token and directory together what it may do."""
    return Identity(subject, partner.clinic_id, False, scopes & partner.scopes, partner.name)
