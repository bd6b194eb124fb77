"""What a scanner tells of a data set, step by step."""

from enum import Enum
from typing import NamedTuple

from intake.dicom.encoding import EXPLICIT, Encoding


class Kind(Enum):
    """What an event tells."""

    ELEMENT = "element"
    """A data element with a value."""
    SEQUENCE = "sequence"
    """A data element of items, until the END that belongs to it."""
    ITEM = "item"
    """A data set within a sequence, until its END."""
    FRAGMENTS = "fragments"
    """A data element of fragments (PS3.5 A.4), until its END."""
    FRAGMENT = "fragment"
    """A fragment, or the offset table before the first: its value can be asked for."""
    END = "end"
    """The end of the innermost sequence, item or element of fragments that is open."""
    DAMAGED = "damaged"
    """The end of the outermost sequence or item of known length that is open, and of all within: it is damaged."""


class Event(NamedTuple):
    """One step through a data set."""

    kind: Kind
    tag: int = 0
    vr: str = ""
    """As stated or, without a VR or under UN, as the dictionary has it, which may be ambiguous: `US or SS`."""
    start: int = 0
    """Offset of the value."""
    length: int = 0
    """Of the value in bytes; UNDEFINED_LENGTH for a sequence, an item or fragments that a delimiter ends."""
    encoding: Encoding = EXPLICIT
    """Of the data set in which the element stands."""
