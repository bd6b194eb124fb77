"""Clinics and partners in the table, behind the `Directory` port."""

from typing import TYPE_CHECKING, Any

from intake.items import Item, plain, wire
from intake.ports import Clinic, Partner

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_CLINICS = "CLINICS"


class DynamoDirectory:
    """Reads and writes tenants and their machine clients."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def clinics(self) -> tuple[Clinic, ...]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :clinics",
            ExpressionAttributeValues=wire({":clinics": _CLINICS}),
        )
        rows = [plain(item) for page in pages for item in page["Items"]]
        return tuple(Clinic(row["sk"], row["name"]) for row in rows)

    def partner(self, client_id: str) -> Partner | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_partner_key(client_id)))
        if "Item" not in answer:
            return None
        row = plain(answer["Item"])
        return Partner(client_id, row["clinic_id"], row["name"], frozenset(row["scopes"]))

    def profile(self, clinic_id: str) -> dict[str, Any] | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_profile_key(clinic_id)))
        return plain(answer["Item"])["profile"] if "Item" in answer else None

    def save_profile(self, clinic_id: str, profile: dict[str, Any]) -> None:
        self._put({**_profile_key(clinic_id), "profile": profile})

    def save_clinic(self, clinic: Clinic) -> None:
        self._put({"pk": _CLINICS, "sk": clinic.clinic_id, "name": clinic.name})

    def save_partner(self, partner: Partner) -> None:
        self._put(
            {
                **_partner_key(partner.client_id),
                "clinic_id": partner.clinic_id,
                "name": partner.name,
                "scopes": sorted(partner.scopes),
            }
        )

    def _put(self, item: Item) -> None:
        self._dynamodb.put_item(TableName=self._table, Item=wire(item))


def _profile_key(clinic_id: str) -> Item:
    return {"pk": f"PROFILE#{clinic_id}", "sk": "#PROFILE"}


def _partner_key(client_id: str) -> Item:
    return {"pk": f"PARTNER#{client_id}", "sk": "#PARTNER"}
