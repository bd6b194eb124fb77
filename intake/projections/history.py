"""One clinic's days, read by their keys: that costs the same beside ten clinics and beside a thousand."""

from datetime import datetime, timedelta

from intake.projections.model import OTHER, OTHER_LABEL, Grain, History
from intake.projections.time_buckets import bucket, bucket_key, device_register_key, read_labels
from intake.table.table import Table

MOST_DAYS = 95
"""With the registers of the four months that they touch, what one BatchGetItem takes is not exceeded."""


class DynamoClinicHistory:
    """Reads what the projection has added up."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, clinic_id: str, since: datetime, until: datetime) -> History:
        first, last = Grain.DAY.start(since), Grain.DAY.start(until)
        starts = [first + timedelta(days=number) for number in range((last - first).days + 1)][-MOST_DAYS:]
        months = list({f"{start:%Y-%m}": start for start in starts}.values())
        keys = [bucket_key(Grain.DAY, start, clinic_id) for start in starts]
        rows = self._table.batch_get([*keys, *(device_register_key(month, clinic_id) for month in months)])
        days, registers = rows[: len(keys)], rows[len(keys) :]
        labels = {OTHER: OTHER_LABEL}
        for register in registers:
            labels |= read_labels(register or {})
        return History(tuple(bucket(row) for row in days if row), labels)
