"""Identifiers and object keys. A key carries opaque ids only: never a file name, never a patient's value.

What others know too (studies, series, patients, objects that were dropped into S3, addresses) has keyed ids.
docs/adr/0037-cursors-and-keyed-ids.md says which ids need no key, and why.
"""

import hashlib
import hmac
import re
import secrets
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CLINIC = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_UPLOAD = re.compile(rf"[{ALPHABET}]{{26}}")
_ANNOUNCED = re.compile(rf"[{ALPHABET}]{{26}}-[0-9]{{5}}")
_FILE = re.compile(rf"([{ALPHABET}]{{26}})-(?:[0-9]{{5}}|[{ALPHABET}]{{26}})")
_RESERVED_KEY = re.compile(
    rf"(?P<clinic>[^/]+)/\d{{4}}/\d\d/\d\d/(?P<upload>[{ALPHABET}]{{26}})"
    rf"/(?P<file>[{ALPHABET}]{{26}}-(?:[0-9]{{5}}|(?P<child>z)[{ALPHABET}]{{25}}))"
)
_EXTENSION = re.compile(r"[a-z0-9]{1,10}")

UNASSIGNED = "unassigned"
"""The clinic that owns objects which landed outside the prefix of every clinic that takes part."""

UNKNOWN_SENDERS = "Unknown senders"
"""What people read instead of UNASSIGNED."""

MAX_FILES_PER_UPLOAD = 99_999
"""A file's number within its upload has five digits."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Whose file an incoming object is. `reserved` says that its key has the form of a reservation's."""

    clinic_id: str
    upload_id: str
    file_id: str
    reserved: bool
    from_archive: bool = False
    """The reservation is that of an archive's entry."""

    def key(self, day: datetime) -> str:
        """Return the file's key in every bucket, where `day` is its first."""
        return object_key(self.clinic_id, self.upload_id, self.file_id, day)


def is_clinic_id(text: str) -> bool:
    """Say whether `text` is a clinic's slug: 1-40 of a-z, 0-9 and inner hyphens, and not the reserved one."""
    return _CLINIC.fullmatch(text) is not None and text != UNASSIGNED


def is_upload_id(text: str) -> bool:
    return _UPLOAD.fullmatch(text) is not None


def is_file_id(text: str) -> bool:
    return _FILE.fullmatch(text) is not None


def is_announced(file_id: str) -> bool:
    """Say whether a file has its number from an announcement; all other ids are derived."""
    return _ANNOUNCED.fullmatch(file_id) is not None


def new_upload_id() -> str:
    """Return a new id, 26 characters: 48 bits of time (so ids sort by age) and 80 random bits."""
    return base32(int(time.time() * 1000) << 80 | secrets.randbits(80))


def file_id(upload_id: str, number: int) -> str:
    """Return the id of an upload's file by its number, from 0: ids sort in the order of declaration."""
    return f"{upload_id}-{number:05d}"


def find_numbers_beside(identifier: str) -> tuple[str, str] | None:
    """Return the ids that the files announced before and behind one have; None for a file without a number.

    Before the first, and behind the last one, no file has the id.
    """
    if not is_announced(identifier):
        return None
    upload_id, number = upload_of(identifier), int(identifier[-5:])
    return file_id(upload_id, number - 1), file_id(upload_id, number + 1)


def child_id(parent_id: str, index: int) -> str:
    """Return the id of an archive's entry by its index, below 2**30.

    It follows from the archive's own id, which nobody can guess, so that every delivery finds the same one, and needs
    no key. Its second half begins with `z`,
    as no other file's does, so that entries sort behind the announced files, archive by archive and in their order.
    """
    digest = hashlib.sha256(f"archive\0{parent_id}".encode()).digest()
    parent = base32(int.from_bytes(digest[:16], "big"))[:19]
    return f"{upload_of(parent_id)}-z{parent}{base32(index)[-6:]}"


def extension(name: str) -> str:
    """Return a name's extension in lower case, without its dot; nothing where it is none of 1-10 letters and digits.

    The name may be a path, of Windows as well.
    """
    stem, _, last = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return last.lower() if stem and _EXTENSION.fullmatch(last.lower()) else ""


def upload_of(file_id: str) -> str:
    """Return the upload that a file id belongs to; the id carries it, so that no index is needed to find it."""
    return file_id.split("-", 1)[0]


def is_of_file(key: str, file_id: str) -> bool:
    """Say whether a key is a file's own: a duplicate's bytes are its first's, a damaged entry's in its archive."""
    return key.endswith(f"/{file_id}")


def is_study_id(text: str) -> bool:
    return _UPLOAD.fullmatch(text) is not None


def is_label_id(text: str) -> bool:
    return _UPLOAD.fullmatch(text) is not None


def object_key(clinic_id: str, upload_id: str, file_id: str, day: datetime) -> str:
    """Return `{clinic_id}/{yyyy}/{mm}/{dd}/{upload_id}/{file_id}`, the key in every bucket."""
    return f"{clinic_id}/{day:%Y/%m/%d}/{upload_id}/{file_id}"


def reservation(key: str) -> Placement | None:
    """Return whose reservation a key has the form of, or None. The record decides whether it exists."""
    match = _RESERVED_KEY.fullmatch(key)
    if match is None or not is_clinic_id(match["clinic"]) or upload_of(match["file"]) != match["upload"]:
        return None
    from_archive = match["child"] is not None
    return Placement(match["clinic"], match["upload"], match["file"], reserved=True, from_archive=from_archive)


def is_folder_marker(key: str, size: int) -> bool:
    """Say whether an object only has a folder show in S3's console: it holds nothing, and is no file."""
    return size == 0 and key.endswith("/")


def sender(key: str) -> str:
    """Return the clinic whose prefix a key begins with, be there such a clinic or not; UNASSIGNED for no prefix."""
    prefix, slash, _ = key.partition("/")
    return prefix if slash and is_clinic_id(prefix) else UNASSIGNED


def base32(number: int) -> str:
    """Write 128 bits as 26 characters of Crockford's base 32, in lower case."""
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def normalise_patient_id(patient_id: str) -> str:
    """Return a Patient ID as it is compared: without regard to case, width and surrounding or repeated spaces."""
    return " ".join(fold_text(patient_id).split())


def fold_text(text: str) -> str:
    """Write a text without regard to case and width."""
    # What UTF-8 cannot hold, no key may.
    return unicodedata.normalize("NFKC", text).casefold().encode("utf-8", "replace").decode()


_OF_CLINIC = 10
"""Characters at the beginning of a study's id that follow from its clinic alone: 48 bits."""


class KeyedIds:
    """Makes ids with a secret, which is asked for when the first one is made.

    Each is a keyed digest (HMAC with SHA-256, RFC 2104) of facts that others may hold or guess. Without the secret
    nobody can compute one, or try all seven-digit Patient IDs; and all but an address, which its owners share, is keyed
    with its clinic: the same study or patient at two clinics has nothing in common.
    """

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

    def exam(self, clinic_id: str, *facts: str) -> str:
        """Return an id, of 26 characters, that follows from facts of a clinic's exam and tells none of them."""
        return self._text("exam", clinic_id, *facts)

    def label(self, clinic_id: str, text: str) -> str:
        """Return the id, of 26 characters, of a clinic's label: the same for texts that differ in case or width."""
        return self._text("label", clinic_id, fold_text(text))

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
