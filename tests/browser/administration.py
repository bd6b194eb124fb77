"""People, partners and an audit log for the admins' pages to be looked at."""

from dataclasses import replace
from datetime import timedelta

from intake.files.model import Source, now
from intake.files.states import State
from intake.operations.model import AuditEntry
from intake.tenants.model import Clinic, Partner
from portal.accounts.user_pool import Standing
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC, STAFF

BOTH = frozenset({"scalper/upload", "scalper/read"})
CLIENT = "4kq2v7mdu1s9c8t0pn5bhx3w6e"
OLD_CLIENT = "1b7zt0c5h8q3k2m9x4v6n1r5da"

PAGES = {
    "clinics": "/admin/clinics",
    "clinic": f"/admin/clinics/{CLINIC}",
    "clinic-done": f"/admin/clinics/{CLINIC}?done=profile",
    "clinic-empty": "/admin/clinics/harbour",
    "clinic-new": "/admin/clinics/new",
    "clinic-edit": f"/admin/clinics/{CLINIC}/edit",
    "profile": f"/admin/clinics/{CLINIC}/profile",
    "profile-history": f"/admin/clinics/{CLINIC}/profile/history",
    "invite": f"/admin/clinics/{CLINIC}/invite",
    "admins": "/admin/admins",
    "admins-invite": "/admin/admins/invite",
    "person": "/admin/people/u-1?done=remind",
    "person-disabled": "/admin/people/u-3",
    "person-myself": "/admin/people/u-5",
    "partner": f"/admin/clinics/{CLINIC}/partners/{CLIENT}",
    "partner-ending": f"/admin/clinics/{CLINIC}/partners/{OLD_CLIENT}",
    "partner-new": f"/admin/clinics/{CLINIC}/partners/new",
    "audit": "/admin/audit",
    "audit-none": "/admin/audit?clinic=harbour&action=partner.",
}
"""What admins look at → its address."""


def administer(portal: PortalServer) -> None:
    at = now()
    directory, people = portal.directory, portal.people
    contact = "Dr Ines Ostrow, +49 30 5550 117"
    standing = directory.clinics_by_id[CLINIC]
    directory.save_clinic(replace(standing, contact=contact, created_at=at - timedelta(days=200)))
    directory.save_clinic(Clinic("harbour", "Harbour Street Surgery", active=False, created_at=at))
    directory.save_profile(
        CLINIC,
        {
            "kinds": ["dicom", "pdf", "zip"],
            "max_bytes": {"dicom": 4_000_000_000, "pdf": 50_000_000},
            "rules": {"pdf-encrypted": "warn", "preamble-missing": "reject", "private-creator-missing": "off"},
        },
    )
    for name, state in (
        ("Ada Quinn", Standing.INVITED), ("Ben Okafor", Standing.ACTIVE),
        ("Chloe Marsh", Standing.DISABLED), ("Dmitri Levin", Standing.RESET),
    ):  # fmt: skip
        people.add(name, f"clinic:{CLINIC}", state)
    people.add("Robin Vale", "admin", subject=STAFF)
    people.add("Sam Ferreira", "admin")
    directory.save_partner(Partner(CLIENT, CLINIC, "Northside PACS", BOTH, at - timedelta(days=2)))
    ends_at = at + timedelta(days=5)
    directory.save_partner(Partner(OLD_CLIENT, CLINIC, "Northside PACS", BOTH, at - timedelta(days=90), ends_at))
    old = Partner("9x0d", CLINIC, "Night upload script", frozenset({"scalper/upload"}), at - timedelta(days=300), at)
    directory.save_partner(old)
    _send(portal)
    portal.audit.written += [
        _entry(at, 300, "session.begin", subject=STAFF),
        _entry(at, 250, "clinic.profile", clinic_id=CLINIC, subject=CLINIC,
               detail={"rule pdf-encrypted": "reject → warn", "largest pdf": "no limit → 50 MB"}),
        _entry(at, 200, "partner.rotate", clinic_id=CLINIC, subject=CLIENT, detail={"replaces": OLD_CLIENT}),
        _entry(at, 90, "person.disable", clinic_id=CLINIC, subject="sub-u-3"),
        _entry(at, 30, "file.accept", clinic_id=CLINIC, subject="01kanqzzzz0000000000000000-00016",
               reason="The vendor confirmed that the trailing bytes are padding."),
        _entry(at, 5, "audit.export", detail={"filter": "clinic=northside"}),
    ]  # fmt: skip


def _send(portal: PortalServer) -> None:
    """Have the partner send something, so that its page has figures to show."""
    sample = portal.sample()
    upload = sample.upload("Night run", minutes_ago=500, source=Source.API)
    portal.table.uploads[upload.upload_id] = replace(upload, created_by=CLIENT)
    for number in range(7):
        state, codes = (State.ACCEPTED, ()) if number else (State.REJECTED, ("truncated",))
        sample.file(upload, f"night/IM{number:04d}.dcm", state, codes=codes)


def _entry(at, minutes_ago, action, **fields) -> AuditEntry:
    moment = at - timedelta(minutes=minutes_ago)
    return AuditEntry(at=moment, actor=STAFF, actor_name="Robin Vale", action=action, **fields)
