"""Clinics and partners in the table, behind the `Directory` port.

Each kind stands in a partition of its own, since both are few and their lists are read whole.
"""

from datetime import datetime
from typing import Any

from intake.errors import ConflictError
from intake.files.item_keys import CLINICS
from intake.files.model import timestamp
from intake.table.expressions import Write, clinic, creation, replacement
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table
from intake.tenants.model import Clinic, Partner

_PARTNERS = "PARTNERS"


class DynamoDirectory:
    """Reads and writes tenants and their machine clients."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def clinics(self) -> tuple[Clinic, ...]:
        return tuple(map(_clinic, self._table.items(Query(CLINICS, consistent=True))))

    def clinic(self, clinic_id: str) -> Clinic | None:
        row = self._table.get({"pk": CLINICS, "sk": clinic_id})
        return _clinic(row) if row else None

    def create_clinic(self, made: Clinic) -> None:
        self._put(creation(_clinic_item(made), clinic(made.clinic_id)))

    def save_clinic(self, changed: Clinic) -> None:
        self._put(replacement(_clinic_item(changed), clinic(changed.clinic_id)))

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        row = self._table.get(_profile_key(clinic_id))
        return row["profile"] if row else None

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None:
        item = {**_profile_key(clinic_id), "profile": profile}
        self._put(replacement(item, clinic(clinic_id)))

    def replace_profile(self, clinic_id: str, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        item = {**_profile_key(clinic_id), "profile": after}
        owner = clinic(clinic_id)
        if before is None:
            self._put(creation(item, owner))
        else:
            unchanged, values = "profile = :before", {":before": before}
            self._put(replacement(item, owner, condition=unchanged, values=values, new=False))

    def partner(self, client_id: str) -> Partner | None:
        row = self._table.get({"pk": _PARTNERS, "sk": client_id})
        return _partner(row) if row else None

    def partners(self) -> tuple[Partner, ...]:
        return tuple(map(_partner, self._table.items(Query(_PARTNERS, consistent=True))))

    def save_partner(self, partner: Partner) -> None:
        self._put(replacement(_partner_item(partner), clinic(partner.clinic_id)))

    def _put(self, write: Write) -> None:
        if not self._table.write_if(write):
            raise ConflictError("somebody else was there before")


def _profile_key(clinic_id: str) -> Item:
    return {"pk": f"PROFILE#{clinic_id}", "sk": "#PROFILE"}


def _clinic_item(clinic: Clinic) -> Item:
    return {
        "pk": CLINICS,
        "sk": clinic.clinic_id,
        "name": clinic.name,
        "contact": clinic.contact,
        "active": clinic.active,
        "at": _write_moment(clinic.created_at),
    }


def _clinic(row: Item) -> Clinic:
    return Clinic(row["sk"], row["name"], row.get("contact", ""), row.get("active", True), _read_moment(row.get("at")))


def _partner_item(partner: Partner) -> Item:
    return {
        "pk": _PARTNERS,
        "sk": partner.client_id,
        "clinic_id": partner.clinic_id,
        "name": partner.name,
        "scopes": sorted(partner.scopes),
        "at": _write_moment(partner.created_at),
        "ends_at": _write_moment(partner.ends_at),
        "request_key": partner.request_key,
    }


def _partner(row: Item) -> Partner:
    return Partner(
        client_id=row["sk"],
        clinic_id=row["clinic_id"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        created_at=_read_moment(row.get("at")),
        ends_at=_read_moment(row.get("ends_at")),
        request_key=row.get("request_key", ""),
    )


def _write_moment(at: datetime | None) -> str | None:
    return timestamp(at) if at else None


def _read_moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
