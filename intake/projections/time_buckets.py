"""How stretches of time lie in the table: an item per clinic and stretch, partitioned so that a span is few Queries.

Which devices of a clinic are counted apart in them stands in a register for each clinic and month. Its bound is what
bounds the buckets' items: whoever sends files of ever new devices fills the register, and all further ones of that
month are counted together.

Five minutes: `MINUTES#{yyyy-mm-dd}T{HH}`. Hours: `HOURS#{yyyy-mm-dd}`. Days: `DAYS#{yyyy-mm}`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from intake.files.model import timestamp
from intake.files.states import State
from intake.projections.model import OTHER, OTHER_LABEL, Bucket, Device, DeviceTally, Grain
from intake.table.expressions import clinic, update
from intake.table.items import Item, collect_sums, moment
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table

_LAYOUTS = {
    Grain.FIVE_MINUTES: ("MINUTES#%Y-%m-%dT%H", "%M", timedelta(hours=1)),
    Grain.HOUR: ("HOURS#%Y-%m-%d", "%H", timedelta(days=1)),
    Grain.DAY: ("DAYS#%Y-%m", "%d", timedelta(days=28)),
}
"""The partition of a moment and its place there, as `strftime` writes them, and how long a partition is at least."""
_STATES = frozenset(state.value for state in State)
FLEETING = Grain.FIVE_MINUTES
"""The grain whose buckets the table forgets after a week; the others are its history."""


def bucket_key(grain: Grain, start: datetime, clinic_id: str) -> Item:
    partition, place, _ = _LAYOUTS[grain]
    return {"pk": f"{start:{partition}}", "sk": f"{start:{place}}#{clinic_id}"}


def bucket_facts(start: datetime, clinic_id: str) -> Item:
    return {"clinic_id": clinic_id, "start": timestamp(start)}


def bucket_queries(grain: Grain, since: datetime, until: datetime) -> Iterator[Query]:
    """Yield each Query of a span, which begins and ends with the buckets of its two ends."""
    first, last = grain.start(since), grain.start(until)
    partition, place, step = _LAYOUTS[grain]
    moments = [*(first + number * step for number in range((last - first) // step + 1)), last]
    for value in dict.fromkeys(f"{at:{partition}}" for at in moments):
        low = f"{first:{place}}" if f"{first:{partition}}" == value else "00"
        high = f"{last:{place}}" if f"{last:{partition}}" == value else "99"
        yield Query(value, between=(low, f"{high}~"))


def bucket(row: Item) -> Bucket:
    return Bucket(
        clinic_id=row["clinic_id"],
        start=moment(row["start"]),
        counts={State(name): amount for name, amount in collect_sums(row, "n_").items()},
        bytes=row.get("bytes", 0),
        accepted_again=row.get("accepted_again", 0),
        latency={int(bound): amount for bound, amount in collect_sums(row, "ms_").items()},
        codes=collect_sums(row, "code_"),
        shadow=collect_sums(row, "shadow_"),
        devices=_read_devices(collect_sums(row, "dev_")),
    )


def _read_devices(sums: dict[str, int]) -> dict[str, DeviceTally]:
    """Read `{key}_{what}`, where what is a state or a finding's code."""
    by_key: dict[str, dict[str, int]] = {}
    for name, amount in sums.items():
        key, _, what = name.partition("_")
        by_key.setdefault(key, {})[what] = amount
    return {
        key: DeviceTally(
            accepted=amounts.get(State.ACCEPTED, 0),
            rejected=amounts.get(State.REJECTED, 0),
            codes={what: amount for what, amount in amounts.items() if what not in _STATES},
        )
        for key, amounts in by_key.items()
    }


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
        if device.key in known:
            return device
        if len(known) < DEVICES:
            registered = update(
                device_register_key(at, clinic_id),
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
                known |= read_labels(refused.standing).keys()
            else:
                known.add(device.key)
        return device if device.key in known else Device(OTHER, OTHER_LABEL)

    def labels(self, months: list[str]) -> dict[str, str]:
        labels = {OTHER: OTHER_LABEL}
        for month in months:
            for row in self._table.items(Query(f"DEVICES#{month}")):
                labels |= read_labels(row)
        return labels


def device_register_key(at: datetime, clinic_id: str) -> Item:
    """Return the key of a clinic's devices of the month."""
    return {"pk": f"DEVICES#{at:%Y-%m}", "sk": clinic_id}


def read_labels(row: Item) -> dict[str, str]:
    return {name.removeprefix(_LABEL): str(text) for name, text in row.items() if name.startswith(_LABEL)}
