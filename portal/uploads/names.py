"""Which names a file may have. They are shown to the sender's clinic; no key ever holds one."""

import unicodedata

MAX_SEGMENT = 255

_FORBIDDEN = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of control characters and of line and paragraph separators."""

_CHARACTER = r"[^/\u0000-\u001f\u007f-\u009f\u2028\u2029]"
NAME_PATTERN = f"^{_CHARACTER}{{1,{MAX_SEGMENT}}}(/{_CHARACTER}{{1,{MAX_SEGMENT}}})*$"
"""What `check_name` allows, as a regular expression for the API's description."""


def check_name(name: str) -> str:
    """Return `name`, a file's name or its relative path in a dropped folder. Raises ValueError."""
    if any(unicodedata.category(character) in _FORBIDDEN for character in name):
        raise ValueError("must not hold control characters or line breaks")
    if any(not segment or len(segment) > MAX_SEGMENT for segment in name.split("/")):
        raise ValueError("each part of the path must have 1 to 255 characters")
    return name
