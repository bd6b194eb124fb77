"""A table that is read and never written to: what would be written is counted, and answered as if it had been."""

from collections.abc import Sequence
from datetime import datetime

from intake.projections.model import OTHER, OTHER_LABEL, Device
from intake.projections.time_buckets import DEVICES, DeviceRegister, device_register_key, read_labels
from intake.table.expressions import Write, foresee
from intake.table.items import Item, WireItem
from intake.table.table import Table, serialize


class DryTable(Table):
    """Reads like the table that it was made of."""

    writes = 0
    """How many items would have been written."""

    def transact(self, writes: Sequence[Write]) -> dict[int, Item]:
        self.writes += len(writes)
        return {}

    def _send(self, write: Write, **options: str) -> WireItem:
        if write.action == "Put":
            self.writes += 1
            return {}
        standing = self.get(write.request["Key"]) or {}
        foreseen = foresee(write, standing)
        self.writes += foreseen != standing
        return serialize(foreseen) if options else {}


class DryRegister(DeviceRegister):
    """Registers of devices that nobody writes to: what would find room in one is taken for registered."""

    def admit(self, clinic_id: str, at: datetime, device: Device) -> Device:
        month = f"{at:%Y-%m}"
        if (month, clinic_id) not in self._known:
            item = self._table.get(device_register_key(at, clinic_id)) or {}
            self._known[month, clinic_id] = {*read_labels(item)}
        known = self._known[month, clinic_id]
        return device if device.key in known or len(known) < DEVICES else Device(OTHER, OTHER_LABEL)
