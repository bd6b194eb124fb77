"""How a data set is encoded: what its transfer syntax says, and what its first bytes show (PS3.5 7 and A)."""

from functools import lru_cache
from typing import NamedTuple

from intake.dicom.dictionary.transfer_syntaxes import TRANSFER_SYNTAXES

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
NATIVE = frozenset({
    IMPLICIT_LITTLE,
    EXPLICIT_LITTLE,
    EXPLICIT_BIG,
    "1.2.840.10008.1.2.1.99",
    "1.2.840.113619.5.2",
    "1.2.840.10008.1.20",
})  # fmt: skip
"""Transfer syntaxes whose pixel data is not encapsulated."""
IMPLICIT = frozenset({IMPLICIT_LITTLE, "1.2.840.113619.5.2", "1.2.840.10008.1.20"})
DEFLATED = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
"""Transfer syntaxes whose whole data set is deflated."""

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
"""Value representations with a length of two bytes (PS3.5 table 7.1-2)."""
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Value representations with two reserved bytes and a length of four (PS3.5 table 7.1-1)."""
PLAIN_LONG_VRS = LONG_VRS - {b"SQ"}


class Encoding(NamedTuple):
    """The encoding of one data set, or of a sequence's items within it."""

    explicit: bool
    big: bool = False

    @property
    def order(self) -> str:
        """The byte order as `struct` writes it."""
        return ">" if self.big else "<"


EXPLICIT = Encoding(explicit=True)
"""Explicit VR little endian, as the file meta information is and most data sets are."""
ITEM_TAGS = {False: b"\xfe\xff\x00\xe0", True: b"\xff\xfe\xe0\x00"}
"""The tag of an item as little and as big endian files have it."""
IMPLICIT_ITEMS = Encoding(explicit=False)
"""Of a sequence that stands under UN: implicit VR little endian whatever surrounds it (PS3.5 6.2.2)."""


@lru_cache(64)
def look_up(transfer_syntax: str) -> Encoding:
    """Return what a transfer syntax says; all young ones are explicit VR little endian."""
    return Encoding(explicit=transfer_syntax not in IMPLICIT, big=transfer_syntax == EXPLICIT_BIG)


@lru_cache(64)
def detect(head: bytes) -> Encoding | None:
    """Return the encoding that a data set's first 8 bytes show, or None where they are no data element."""
    if len(head) < 8:
        return None
    little = int.from_bytes(head[:2], "little")
    big = int.from_bytes(head[:2], "big")
    explicit = head[4:6] in SHORT_VRS or head[4:6] in LONG_VRS
    # A data set starts with a low group (0002 to 0008 in nearly all): read the wrong way round, it is a high one.
    return Encoding(explicit=explicit, big=big < little) if 0 < min(little, big) < 0x100 else None


def is_known(transfer_syntax: str) -> bool:
    return transfer_syntax in TRANSFER_SYNTAXES


def is_retired(transfer_syntax: str) -> bool:
    return is_known(transfer_syntax) and TRANSFER_SYNTAXES[transfer_syntax][1]


def name(transfer_syntax: str) -> str:
    """Return the standard's name, or nothing for an unknown transfer syntax."""
    return TRANSFER_SYNTAXES[transfer_syntax][0] if is_known(transfer_syntax) else ""
