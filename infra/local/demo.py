"""Demo data: two clinics, a member of staff each, a lead, an admin and a partner. The same ones after every start."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.errors import RunnerError
from infra.local.clients import Clients
from intake.files.model import now
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.gateway import JwtAuthorizer, sync_audience
from intake.tenants.model import Clinic, Partner
from portal.accounts.cognito import CognitoClients

CLINICS = (Clinic("northside", "Northside Imaging"), Clinic("lakeview", "Lakeview Clinic"))
PARTNER_CLINIC = "northside"
PARTNER = "Northside PACS"
SCOPES = frozenset({"scalper/upload", "scalper/read", "scalper/webhooks"})
ADMIN = "admin"
LEAD = "northside-lead"
LEAD_CLINIC = "northside"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs in by managed login. `clinic_id` is None for an admin."""

    username: str
    password: str
    clinic_id: str | None
    is_lead: bool = False

    @property
    def group(self) -> str:
        return f"clinic:{self.clinic_id}" if self.clinic_id else "admin"

    @property
    def told(self) -> str:
        """Where they work, as the welcome says it."""
        place = self.clinic_id or "all clinics, dashboard"
        return f"{place}, lead" if self.is_lead else place

    @property
    def groups(self) -> tuple[str, ...]:
        return (self.group, f"lead:{self.clinic_id}") if self.is_lead else (self.group,)


@dataclass(frozen=True, slots=True)
class PartnerCredentials:
    """A machine client's, for the client-credentials grant."""

    client_id: str
    client_secret: str
    clinic_id: str


@dataclass(frozen=True, slots=True)
class Demo:
    """Who may come in."""

    staff: tuple[Person, ...]
    lead: Person
    admin: Person
    partner: PartnerCredentials


def create_demo(clients: Clients, outputs: dict[str, str], passwords_file: Path) -> Demo:
    """Create what is missing. Passwords are drawn once and kept in `passwords_file`, readable by its owner only."""
    passwords = _load_passwords(passwords_file)
    staff = tuple(_describe_person(f"{clinic.clinic_id}-staff", clinic.clinic_id, passwords) for clinic in CLINICS)
    admin = _describe_person(ADMIN, None, passwords)
    lead = replace(_describe_person(LEAD, LEAD_CLINIC, passwords), is_lead=True)
    pool = outputs["UserPoolId"]
    present = {user["Username"] for user in clients.cognito.list_users(UserPoolId=pool)["Users"]}
    for person in (*staff, lead, admin):
        if person.username not in present:
            _create_person(clients, pool, person)
    directory = DynamoDirectory(Table(clients.dynamodb, outputs["Table"]))
    known = {clinic.clinic_id for clinic in directory.clinics()}
    for clinic in CLINICS:
        if clinic.clinic_id not in known:
            directory.save_clinic(replace(clinic, created_at=now()))
    partner = _ensure_partner(clients, pool, directory)
    gateway = JwtAuthorizer(clients.gateway, api_id(outputs["ApiUrl"]), outputs["AuthorizerId"])
    sync_audience(gateway, directory, {outputs["WebClientId"], outputs["CliClientId"]}, now())
    return Demo(staff, lead, admin, partner)


def _load_passwords(file: Path) -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(file.read_bytes()) if file.exists() else {}
    except ValueError as error:
        raise RunnerError(f"{file} is damaged: remove it, and new demo passwords are drawn.") from error
    names = [*(f"{clinic.clinic_id}-staff" for clinic in CLINICS), LEAD, ADMIN]
    passwords = {name: kept.get(name) or _draw_password() for name in names}
    if passwords != kept:
        write_private(file, passwords)
    return passwords


def write_private(file: Path, content: object) -> None:
    """Write JSON that only its owner can read, at no moment otherwise, and whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content, indent=2) + "\n")
    fresh.replace(file)


def _draw_password() -> str:
    """Return one that satisfies the pool's policy: every class of character stands in the ends."""
    return f"Sc{secrets.randbelow(90) + 10}-{secrets.token_hex(5)}-{secrets.token_hex(3)}!"


def _describe_person(username: str, clinic_id: str | None, passwords: dict[str, str]) -> Person:
    return Person(username, passwords[username], clinic_id)


def _create_person(clients: Clients, pool: str, person: Person) -> None:
    cognito = clients.cognito
    groups = {group["GroupName"] for group in cognito.list_groups(UserPoolId=pool)["Groups"]}
    for group in person.groups:
        if group not in groups:
            cognito.create_group(UserPoolId=pool, GroupName=group)
    address = f"{person.username}@{person.clinic_id or 'scalper'}.example"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=person.username,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=person.username, Password=person.password, Permanent=True)
    for group in person.groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=person.username, GroupName=group)


def _ensure_partner(clients: Clients, pool: str, directory: DynamoDirectory) -> PartnerCredentials:
    """Return the demo's partner, made the way that admins make partners."""
    working = [partner for partner in directory.partners() if partner.name == PARTNER and partner.works_at(now())]
    known = {
        client["ClientId"] for client in clients.cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    }
    for partner in working:
        if partner.client_id in known:
            answer = clients.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=partner.client_id)
            return PartnerCredentials(partner.client_id, answer["UserPoolClient"]["ClientSecret"], partner.clinic_id)
    made = CognitoClients(clients.cognito, pool).create(PARTNER, SCOPES)
    directory.save_partner(Partner(made.client_id, PARTNER_CLINIC, PARTNER, SCOPES, created_at=now()))
    return PartnerCredentials(made.client_id, made.secret, PARTNER_CLINIC)


def api_id(api_url: str) -> str:
    """Return an HTTP API's id, of its own address."""
    return (urlsplit(api_url).hostname or "").split(".", 1)[0]


def as_json(demo: Demo) -> dict[str, Any]:
    """Return the credentials as `.scalper/local.json` holds them."""
    return {
        "partner": asdict(demo.partner),
        "staff": [asdict(person) for person in demo.staff],
        "lead": {"username": demo.lead.username, "password": demo.lead.password},
        "admin": {"username": demo.admin.username, "password": demo.admin.password},
    }
