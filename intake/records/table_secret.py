"""The table's secret, which the ids of outside facts are keyed with (`intake/files/keyed_ids.py`)."""

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
                self._secret = bytes.fromhex(item["secret"] if item else self._make())
            return self._secret

    def _make(self) -> str:
        secret = secrets.token_hex(32)
        try:
            self._table.write(creation({**_KEY, "secret": secret}, SYSTEM))
        except ConditionFailedError as refused:
            return str(refused.standing["secret"])
        return secret
