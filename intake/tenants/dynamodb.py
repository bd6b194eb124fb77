"""Clinics, partners, how often they ask, and access that was ended: in the table, behind the ports of tenants."""

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from intake.errors import ConflictError, NotFoundError, RevocationsUnknownError
from intake.files.item_keys import CLINICS
from intake.files.model import timestamp
from intake.languages import ENGLISH
from intake.table.expressions import SYSTEM, Write, addition, clinic, creation, replacement, update
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.throttling import unavailable_as
from intake.tenants.model import Clinic, Partner, ProfileChange, Revoked

_PARTNERS = "PARTNERS"
_CHANGE = "CHANGE#"
_CHANGE_ID = re.compile(r"[0-9TZ:.-]{1,40}\.[0-9a-f]{8}")


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

    def mail_language(self, clinic_id: str) -> str:
        known = self.clinic(clinic_id)
        return known.language if known else ENGLISH

    def choose_mail_language(self, clinic_id: str, language: str) -> None:
        key = {"pk": CLINICS, "sk": clinic_id}
        known = "attribute_exists(pk)"
        self._put(update(key, clinic(clinic_id), sets={"language": language}, condition=known, new=True))

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        row = self._table.get(_profile_key(clinic_id))
        return row["profile"] if row else None

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None:
        item = {**_profile_key(clinic_id), "profile": profile}
        self._put(replacement(item, clinic(clinic_id)))

    def change_profile(self, clinic_id: str, change: ProfileChange) -> None:
        item = {**_profile_key(clinic_id), "profile": change.after}
        owner = clinic(clinic_id)
        if change.before is None:
            written = creation(item, owner)
        else:
            unchanged, values = "profile = :before", {":before": change.before}
            written = replacement(item, owner, condition=unchanged, values=values, new=False)
        if self._table.transact([written, creation(_change_item(clinic_id, change), owner)]):
            raise ConflictError("somebody else was there before")

    def profile_changes(self, clinic_id: str, limit: int) -> tuple[ProfileChange, ...]:
        query = Query(_profile_key(clinic_id)["pk"], above=_CHANGE, newest_first=True, limit=limit)
        return tuple(map(_change, self._table.query(query).rows))

    def profile_change(self, clinic_id: str, change_id: str) -> ProfileChange:
        key = {**_profile_key(clinic_id), "sk": f"{_CHANGE}{change_id}"}
        row = self._table.get(key, owner=clinic(clinic_id)) if _CHANGE_ID.fullmatch(change_id) else None
        if row is None:
            raise NotFoundError("there is no such change")
        return _change(row)

    def partner(self, client_id: str) -> Partner | None:
        row = self._table.get({"pk": _PARTNERS, "sk": client_id})
        return _partner(row) if row else None

    def partners(self) -> tuple[Partner, ...]:
        return tuple(map(_partner, self._table.items(Query(_PARTNERS, consistent=True))))

    def save_partner(self, partner: Partner) -> None:
        item = {
            "pk": _PARTNERS,
            "sk": partner.client_id,
            "clinic_id": partner.clinic_id,
            "name": partner.name,
            "scopes": sorted(partner.scopes),
            "at": _write_moment(partner.created_at),
            "ends_at": _write_moment(partner.ends_at),
            "request_key": partner.request_key,
        }
        self._put(replacement(item, clinic(partner.clinic_id)))

    def _put(self, write: Write) -> None:
        if not self._table.write_if(write):
            raise ConflictError("somebody else was there before")


def _profile_key(clinic_id: str) -> Item:
    return {"pk": f"PROFILE#{clinic_id}", "sk": "#PROFILE"}


def _change_item(clinic_id: str, change: ProfileChange) -> Item:
    return {
        "pk": _profile_key(clinic_id)["pk"],
        "sk": f"{_CHANGE}{change.change_id}",
        "at": timestamp(change.at),
        "by": change.by,
        "by_name": change.by_name,
        "before": change.before,
        "after": change.after,
    }


def _change(row: Item) -> ProfileChange:
    return ProfileChange(
        change_id=row["sk"].removeprefix(_CHANGE),
        at=moment(row["at"]),
        by=row["by"],
        by_name=row["by_name"],
        before=row.get("before"),
        after=row["after"],
    )


def _clinic_item(clinic: Clinic) -> Item:
    return {
        "pk": CLINICS,
        "sk": clinic.clinic_id,
        "name": clinic.name,
        "contact": clinic.contact,
        "active": clinic.active,
        "at": _write_moment(clinic.created_at),
        "shows_names": clinic.shows_names,
        "language": clinic.language,
    }


def _clinic(row: Item) -> Clinic:
    return Clinic(
        row["sk"],
        row["name"],
        row.get("contact", ""),
        row.get("active", True),
        _read_moment(row.get("at")),
        row.get("shows_names", True),
        row.get("language", ENGLISH),
    )


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


class DynamoRequestCounts:
    """One item per client and minute, or per name and day; it goes by TTL. No two callers get the same number."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, client_id: str, at: datetime) -> int:
        return self._add(f"{client_id}#{at:%Y-%m-%dT%H:%M}", at + timedelta(hours=1))

    def add_today(self, name: str, at: datetime) -> int:
        return self._add(f"{name}#{at:%Y-%m-%d}", at + timedelta(days=2))

    def _add(self, counted: str, until: datetime) -> int:
        key = {"pk": f"REQUESTS#{counted}", "sk": "#REQUESTS"}
        expires = {"expires": int(until.timestamp())}
        item = self._table.update_and_get(addition(key, Counter(requests=1), SYSTEM, sets=expires))
        return int(item["requests"])


REVOCATIONS_KEPT = timedelta(hours=24)
"""Twice as long as any session lasts, so that no token that outlives its item is good for anything."""


class DynamoRevocations:
    """Read by key and consistently: whoever asks after an item was written sees it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def revoke_session(self, session_id: str, at: datetime) -> None:
        with unavailable_as(RevocationsUnknownError):
            self._table.put(_revocation("SESSION", session_id, at), SYSTEM)

    def revoke_sign_ins(self, subject: str, at: datetime) -> None:
        # Two admins' clocks may differ, and a repetition may come late: the later moment stays.
        item = _revocation("SUBJECT", subject, at)
        earlier, values = "ended_at < :at", {":at": item["ended_at"]}
        with unavailable_as(RevocationsUnknownError):
            self._table.write_if(replacement(item, SYSTEM, condition=earlier, values=values))

    def find(self, session_id: str, subject: str) -> Revoked:
        keys = [_revocation_key("SESSION", session_id), _revocation_key("SUBJECT", subject)]
        with unavailable_as(RevocationsUnknownError):
            session, person = self._table.batch_get(keys)
        return Revoked(session is not None, int(person["ended_at"]) if person else Revoked().sign_ins_until)


def _revocation_key(of: str, name: str) -> Item:
    return {"pk": f"REVOKED#{of}#{name}", "sk": "#REVOKED"}


def _revocation(of: str, name: str, at: datetime) -> Item:
    expires = int((at + REVOCATIONS_KEPT).timestamp())
    return {**_revocation_key(of, name), "ended_at": int(at.timestamp()), "expires": expires}
