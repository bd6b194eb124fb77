"""Ids of what others know too: studies, series, patients, objects that were dropped into S3, addresses.

Each is a keyed digest (HMAC with SHA-256, RFC 2104) of facts that others may hold or guess. Without the table's secret
nobody can compute one, or try all seven-digit Patient IDs; and all but an address, which its owners share, is keyed
with its clinic: the same study or patient at two clinics has nothing in common. docs/adr/0037-cursors-and-keyed-ids.md
says which ids need no key, and why.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from intake.files.index_keys import normalise_patient_id
from intake.files.keys import UNASSIGNED, Placement, base32, is_study_id, sender

_OF_CLINIC = 10
"""Characters at the beginning of a study's id that follow from its clinic alone: 48 bits."""


class KeyedIds:
    """Makes ids with a secret, which is asked for when the first one is made."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def study(self, clinic_id: str, study_uid: str) -> str:
        """Return the id under which a clinic's study is kept and shown: its UID stands in no key and in no address.

        Its beginning says whose it is, to whoever holds the key: see `is_study_of`.
        """
        return self._clinic(clinic_id) + self._text("study", clinic_id, study_uid)[:-_OF_CLINIC]

    def is_study_of(self, clinic_id: str, study_id: str) -> bool:
        """Say, without reading anything, whether an id can be that of a study of the clinic."""
        return is_study_id(study_id) and hmac.compare_digest(study_id[:_OF_CLINIC], self._clinic(clinic_id))

    def series(self, clinic_id: str, series_uid: str) -> str:
        return self._text("series", clinic_id, series_uid)

    def patient(self, clinic_id: str, patient_id: str) -> str:
        """Return `{clinic}#{digest}` of a Patient ID, under which the clinic finds the patient; nothing for none."""
        normal = normalise_patient_id(patient_id)
        if not normal:
            return ""
        said = f"{clinic_id}\0{normal}".encode()
        return f"{clinic_id}#{hmac.digest(self._secret(), said, hashlib.sha256)[:20].hex()}"

    def address(self, protocol: str, endpoint: str) -> str:
        """Return 24 hexadecimal digits that name an address without telling it, the same for all of its owners."""
        return self._digest("address", protocol, endpoint).hex()[:24]

    def place_direct(self, bucket: str, key: str, version_id: str | None, arrived: datetime) -> Placement:
        """Return the placement of an object that was dropped into S3 without a reservation.

        Its ids are derived, so that a redelivered event finds the same record. All that a clinic drops in one UTC day
        shares one upload, which is its receipt.
        """
        return self._place(sender(key), bucket, key, version_id, arrived)

    def place_unassigned(self, bucket: str, key: str, version_id: str | None, arrived: datetime) -> Placement:
        """Return the placement of an object whose prefix is that of no active clinic; else as `place_direct`."""
        return self._place(UNASSIGNED, bucket, key, version_id, arrived)

    def _place(self, clinic_id: str, bucket: str, key: str, version_id: str | None, arrived: datetime) -> Placement:
        upload_id = self._text("direct", clinic_id, f"{arrived:%Y-%m-%d}")
        file_id = f"{upload_id}-{self._text('object', bucket, key, version_id or 'null')}"
        return Placement(clinic_id, upload_id, file_id, reserved=False)

    def _clinic(self, clinic_id: str) -> str:
        return self._text("clinic", clinic_id)[:_OF_CLINIC]

    def _text(self, kind: str, *facts: str) -> str:
        return base32(int.from_bytes(self._digest(kind, *facts)[:16], "big"))

    def _digest(self, kind: str, *facts: str) -> bytes:
        # Each kind has a key of its own, so that no two kinds' facts can be taken for each other.
        key = hmac.digest(self._secret(), kind.encode(), hashlib.sha256)
        return hmac.digest(key, "\0".join(facts).encode("utf-8", "surrogatepass"), hashlib.sha256)
