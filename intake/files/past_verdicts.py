"""What a verdict counted that people had judged again: days are recounted from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVerdict:
    """What a verdict counted that another one took the place of: the record itself tells of the last one only."""

    revision: int
    """Of the record when it was judged again."""
    codes: tuple[str, ...] = ()
    shadow: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    """Key and label of the device; nothing where the file named none."""
