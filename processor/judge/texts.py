"""The kept values as text."""

from processor.judge import tags
from processor.judge.elements import Values

Texts = dict[int, str]
"""Tag → characters, one per byte (Latin 1), without padding; text in other character sets is decoded when shown."""


def plain(*values: Values) -> Texts:
    """Return the texts of a file's parts. Values are padded by NUL or space, whichever the writer took (PS3.5 6.2)."""
    return {
        tag: value.decode("latin-1").strip("\0 ")
        for part in values
        for tag, value in part.items()
        if tag not in tags.BINARY
    }
