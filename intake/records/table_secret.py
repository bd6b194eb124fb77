"""The table's secret, which the ids of outside facts are keyed with (`intake/files/keys.py`)."""

import secrets
from threading import Lock

from intake.table.expressions import SYSTEM, creation
from intake.table.table import ConditionFailedError, Table

_KEY = {"pk": "SECRET#PATIENTS", "sk": "#SECRET"}
"""Named after what it was first made for."""


class TableSecret:
    """Read once per process, when it is first needed; the first of all to need it makes it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._secret: bytes | None = None
        self._lock = Lock()

    def read(self) -> bytes:
        with self._lock:
            if self._secret is None:
                item = self._table.get(_KEY)
                if item is None:
                    item = {**_KEY, "secret": secrets.token_hex(32)}
                    try:
                        self._table.write(creation(item, SYSTEM))
                    except ConditionFailedError as refused:
                        item = refused.standing
                self._secret = bytes.fromhex(item["secret"])
            return self._secret
