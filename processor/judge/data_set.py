"""What a walk over a data set learns, and the bounds within which it walks."""

from dataclasses import dataclass, field
from typing import NamedTuple

from processor.judge.elements import Values
from processor.judge.encoding import Encoding

MAX_DEPTH = 64
"""Sequences within sequences; the standard's deepest templates reach about 20 in practice."""
MAX_ELEMENTS = 400_000
MAX_ITEMS = 250_000

UNBOUNDED = 1 << 63


class Level(NamedTuple):
    """One level of nesting: a data set (the whole, or an item), or the items of a sequence."""

    items: bool
    """Whether items stand at this level, or data elements."""
    limit: int
    """Where it must end at the latest; where it ends, when `defined`."""
    defined: bool
    encoding: Encoding


class Pixels(NamedTuple):
    """The pixel data of the whole data set."""

    tag: int
    length: int
    """In bytes, or UNDEFINED_LENGTH for encapsulated pixel data."""
    first: bytes = b""
    """The first bytes of the first fragment, where they were at hand."""


@dataclass(slots=True)
class DataSet:
    """What was learnt from a walk, as far as it came."""

    encoding: Encoding
    values: Values = field(default_factory=dict)
    pixels: Pixels | None = None
    elements: int = 0
    items: int = 0
