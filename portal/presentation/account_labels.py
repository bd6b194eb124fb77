"""How the admins' pages say things: how clinics, people and partners' clients stand."""

from datetime import datetime

from intake.files.states import State
from intake.tenants.model import Clinic, Partner
from portal.accounts.users import Standing
from portal.presentation.labels import STATE_BADGES, Badge

CLINIC_ACTIVE = Badge("Active", "check", "ok", "")
CLINIC_INACTIVE = Badge("Inactive", "hourglass", "wait", "")
PARTNER_WORKS = Badge("Active", "check", "ok", "")
PARTNER_ENDING = Badge("Being replaced", "clock", "warn", "")
PARTNER_ENDED = Badge("Ended", "cross", "wait", "")
STANDINGS = {
    Standing.INVITED: Badge("Invited", "mail", "wait", ""),
    Standing.ACTIVE: Badge("Active", "check", "ok", ""),
    Standing.RESET: Badge("Must choose a password", "clock", "warn", ""),
    Standing.DISABLED: Badge("Disabled", "lock", "bad", ""),
}


def choose_clinic_badge(clinic: Clinic) -> Badge:
    return CLINIC_ACTIVE if clinic.active else CLINIC_INACTIVE


def choose_partner_badge(partner: Partner, now: datetime) -> Badge:
    if not partner.works_at(now):
        return PARTNER_ENDED
    return PARTNER_ENDING if partner.ends_at else PARTNER_WORKS


ADMIN_FILTERS = {
    "clinic_badge": choose_clinic_badge,
    "partner_badge": choose_partner_badge,
    "standing": STANDINGS.__getitem__,
    "state_badge": lambda state: STATE_BADGES[State(state)],
}
"""What templates of the admins' pages say `| name` for, besides the others."""
