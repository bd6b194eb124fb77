"""How the admins' pages say things: how clinics, people and partners' clients stand."""

from datetime import datetime

from intake.ports import Clinic, Partner
from intake.states import State
from portal.people import Standing
from portal.words import LOOKS, Look

CLINIC_ACTIVE = Look("Active", "check", "ok", "")
CLINIC_INACTIVE = Look("Inactive", "hourglass", "wait", "")
PARTNER_WORKS = Look("Active", "check", "ok", "")
PARTNER_ENDING = Look("Being replaced", "clock", "warn", "")
PARTNER_ENDED = Look("Ended", "cross", "wait", "")
STANDINGS = {
    Standing.INVITED: Look("Invited", "mail", "wait", ""),
    Standing.ACTIVE: Look("Active", "check", "ok", ""),
    Standing.RESET: Look("Must choose a password", "clock", "warn", ""),
    Standing.DISABLED: Look("Disabled", "lock", "bad", ""),
}


def clinic_look(clinic: Clinic) -> Look:
    return CLINIC_ACTIVE if clinic.active else CLINIC_INACTIVE


def partner_look(partner: Partner, now: datetime) -> Look:
    if not partner.works_at(now):
        return PARTNER_ENDED
    return PARTNER_ENDING if partner.ends_at else PARTNER_WORKS


ADMIN_FILTERS = {
    "clinic_look": clinic_look,
    "partner_look": partner_look,
    "standing": STANDINGS.__getitem__,
    "state_look": lambda state: LOOKS[State(state)],
}
"""What templates of the admins' pages say `| name` for, besides the others."""
