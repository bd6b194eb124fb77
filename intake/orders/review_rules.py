"""What two admins may decide together, and what nobody may: the findings that no review overrides, as data."""

import re
from collections.abc import Iterable

IDENTITY = "The file cannot be told apart from others, so it could be filed under the wrong study."
ATTACK = "The file is built as an attack would be; no decision makes it safe to hand on."
NO_CONTENT = "There is nothing to accept: the file has no content of its own."
NOBODYS = "No clinic that takes part has sent this file. Let the clinic take part first, and check the file again."
REFUSED = "The clinic wants files refused that contradict an earlier one. Have its profile hold them for review first."
UNSCANNED = "The malware scan could not look into the file, and only what it finds clean is accepted."
PACKED = "What an archive holds is taken out and judged; an archive that breaks the rules cannot be taken apart safely."

BINDING: dict[str, str] = {
    "sop-instance-refused": REFUSED,
    "clinic-unknown": NOBODYS,
    "empty-file": NO_CONTENT,
    "all-zero": NO_CONTENT,
    "second-file-appended": IDENTITY,
    "scan-unsupported": UNSCANNED,
    "deflate-bomb": ATTACK,
    "gzip-bomb": ATTACK,
    "image-too-many-pixels": ATTACK,
    "image-too-many-parts": ATTACK,
    "foreign-content-appended": ATTACK,
    "png-text-bomb": ATTACK,
    "tiff-directory-loop": ATTACK,
    "pdf-launches-program": ATTACK,
    "pdf-stream-bomb": ATTACK,
    "pdf-object-bomb": ATTACK,
    "json-too-deep": ATTACK,
    "xml-entities": ATTACK,
    "xml-too-deep": ATTACK,
    "xml-too-many-elements": ATTACK,
    "csv-formula-runs": ATTACK,
}
"""Code → why a review cannot override it."""

_FAMILIES = (
    (re.compile(r"(sop-class|sop-instance|study-instance|series-instance)-uid-(missing|invalid)"), IDENTITY),
    (re.compile(r"(polyglot|malware)-.+"), ATTACK),
    (re.compile(r"archive-.+"), PACKED),
)
"""Codes that share a beginning → why."""


REPLACEABLE = frozenset({"sop-instance-conflict", "sop-instance-uncompared"})
"""Codes of files that two people may let take the place of the file that they clash with."""


def find_obstacle(code: str) -> str | None:
    """Return why a review cannot override a finding, or None where it can."""
    family = next((why for pattern, why in _FAMILIES if pattern.fullmatch(code)), None)
    return BINDING.get(code, family)


def obstacles(codes: Iterable[str]) -> dict[str, str]:
    """Return the codes that no review overrides, each with the reason."""
    return {code: why for code in codes if (why := find_obstacle(code))}
