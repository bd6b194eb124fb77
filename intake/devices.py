"""Which devices of a clinic are counted apart, in the table: a bounded register for each clinic and month.

Its bound is what bounds the buckets' items: whoever sends files of ever new devices fills the register, and all
further ones of that month are counted together.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.device import OTHER, OTHER_LABEL, Device
from intake.expressions import update
from intake.items import Item, plain, wire
from intake.ownership import clinic

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

DEVICES = 50
"""How many devices of a clinic are told apart in a month."""

_LABEL = "dev_"


class DeviceRegister:
    """Remembers what it has read, so that only a device's first file of a month costs a call."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table
        self._known: dict[tuple[str, str], set[str]] = {}

    def admitted(self, clinic_id: str, at: datetime, device: Device) -> Device:
        """Return the device, or the one that stands for all others where the month's register is full."""
        month = f"{at:%Y-%m}"
        known = self._known.setdefault((month, clinic_id), set())
        if device.key not in known and (len(known) >= DEVICES or not self._register(month, clinic_id, device, known)):
            return Device(OTHER, OTHER_LABEL)
        return device

    def labels(self, months: list[str]) -> dict[str, str]:
        labels = {OTHER: OTHER_LABEL}
        for month in months:
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :month",
                ExpressionAttributeValues=wire({":month": f"DEVICES#{month}"}),
            )
            for page in pages:
                for item in page["Items"]:
                    labels |= _labels(plain(item))
        return labels

    def _register(self, month: str, clinic_id: str, device: Device, known: set[str]) -> bool:
        registered = update(
            self._table,
            {"pk": f"DEVICES#{month}", "sk": clinic_id},
            clinic(clinic_id),
            sets={f"{_LABEL}{device.key}": device.label},
            sums={"devices": 1},
            condition="attribute_not_exists(#device) AND (attribute_not_exists(devices) OR devices < :most)",
            values={":most": DEVICES},
            names={"#device": f"{_LABEL}{device.key}"},
            new=True,
        )
        try:
            self._dynamodb.update_item(**registered)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            refused = cast("dict[str, Any]", error.response)
            known |= _labels(plain(refused.get("Item", {}))).keys()
        else:
            known.add(device.key)
        return device.key in known


def _labels(row: Item) -> dict[str, str]:
    return {name.removeprefix(_LABEL): str(text) for name, text in row.items() if name.startswith(_LABEL)}
