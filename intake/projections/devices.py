"""Which devices of a clinic are counted apart, in the table: a bounded register for each clinic and month.

Its bound is what bounds the buckets' items: whoever sends files of ever new devices fills the register, and all
further ones of that month are counted together.
"""

from datetime import datetime

from intake.files.metadata import OTHER, OTHER_LABEL, Device
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table

DEVICES = 50
"""How many devices of a clinic are told apart in a month."""

_LABEL = "dev_"


class DeviceRegister:
    """Remembers what it has read, so that only a device's first file of a month costs a call."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: dict[tuple[str, str], set[str]] = {}

    def admit(self, clinic_id: str, at: datetime, device: Device) -> Device:
        """Return the device, or the one that stands for all others where the month's register is full."""
        month = f"{at:%Y-%m}"
        known = self._known.setdefault((month, clinic_id), set())
        if device.key not in known and (len(known) >= DEVICES or not self._register(month, clinic_id, device, known)):
            return Device(OTHER, OTHER_LABEL)
        return device

    def labels(self, months: list[str]) -> dict[str, str]:
        labels = {OTHER: OTHER_LABEL}
        for month in months:
            for row in self._table.items(Query(f"DEVICES#{month}")):
                labels |= _labels(row)
        return labels

    def _register(self, month: str, clinic_id: str, device: Device, known: set[str]) -> bool:
        registered = update(
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
            self._table.write(registered)
        except ConditionFailedError as refused:
            known |= _labels(refused.standing).keys()
        else:
            known.add(device.key)
        return device.key in known


def _labels(row: Item) -> dict[str, str]:
    return {name.removeprefix(_LABEL): str(text) for name, text in row.items() if name.startswith(_LABEL)}
