"""What a search asks for, read from its query string (PS3.18 8.3.4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.dicomweb.json_model.attributes import ALWAYS, ATTRIBUTES, BY_NAME, Attribute, Level
from portal.dicomweb.qido.matching import Condition
from portal.errors import DicomWebQueryError

LONGEST_VALUE = 256
"""Characters: no value that we keep is longer."""
MOST_WILD_CARDS = 8
MOST_ROWS = 200
"""Rows of a page: each study and series costs a look at one of its instances."""
ROWS = 100
"""Rows of a page where the search does not say how many it wants."""
FARTHEST = 10_000
"""The last row that a search may begin at."""

LITERAL = "fuzzymatching is not supported: only literal matching has been performed"
SHORTENED = f"limit was lowered to {MOST_ROWS}"


@dataclass(frozen=True, slots=True)
class Search:
    """A search, checked."""

    level: Level
    conditions: tuple[Condition, ...]
    returned: tuple[Attribute, ...]
    limit: int
    offset: int
    warnings: tuple[str, ...] = ()
    """What was asked for and not done, as `Warning: 299` says it."""

    def find_value(self, keyword: str) -> str | None:
        """Return the value that an attribute must have, where the search says one."""
        attribute = BY_NAME[keyword]
        return next((each.value for each in self.conditions if each.attribute is attribute), None)


def parse_search(level: Level, parameters: Iterable[tuple[str, str]], implied: Level = Level.STUDY) -> Search:
    """Read a search's parameters; `implied` is the lowest level that the path does not name already.

    Raises DicomWebQueryError, which never repeats a value: a patient's may be among them.
    """
    conditions: dict[str, Condition] = {}
    included: list[str] = []
    warnings: dict[str, None] = {}
    limit, offset = ROWS, 0
    for name, value in parameters:
        if name == "includefield":
            included += value.split(",")
        elif name == "limit":
            limit = _parse_number(name, value)
        elif name == "offset":
            offset = _parse_number(name, value)
        elif name == "fuzzymatching":
            warnings |= {LITERAL: None} if value == "true" else {}
        else:
            condition = _parse_condition(level, name, value)
            if condition:
                conditions[condition.attribute.tag] = condition
    if offset > FARTHEST:
        raise DicomWebQueryError(f"`offset` is at most {FARTHEST}: narrow the search.")
    warnings |= {SHORTENED: None} if limit > MOST_ROWS else {}
    returned = _choose_returned(level, implied, included, tuple(conditions.values()))
    return Search(level, tuple(conditions.values()), returned, min(limit, MOST_ROWS), offset, tuple(warnings))


def _parse_condition(level: Level, name: str, value: str) -> Condition | None:
    """Return a condition; none for an empty value, which matches everything (PS3.4 C.2.2.2.3)."""
    attribute = BY_NAME.get(name) or BY_NAME.get(name.upper())
    if attribute is None or attribute.level > level or not (attribute.key or attribute.keyword == "ModalitiesInStudy"):
        raise DicomWebQueryError("A parameter names no attribute that this resource can be searched by.")
    if len(value) > LONGEST_VALUE or value.count("*") + value.count("?") > MOST_WILD_CARDS:
        raise DicomWebQueryError(f"The value of {attribute.keyword} is too long, or has too many wild cards.")
    return Condition(attribute, value) if value.strip("* ") else None


def _choose_returned(
    level: Level, implied: Level, included: list[str], conditions: tuple[Condition, ...]
) -> tuple[Attribute, ...]:
    """Return the attributes of each result: the level's own, those above that the path leaves open, the asked."""
    everything = "all" in included
    asked = {BY_NAME[name].tag for name in included if name in BY_NAME} | {each.attribute.tag for each in conditions}
    return tuple(
        attribute
        for attribute in sorted(ATTRIBUTES, key=lambda attribute: attribute.tag)
        if attribute.level <= level
        and (attribute.tag in asked | ALWAYS or (attribute.level >= implied and (everything or not attribute.extra)))
    )


def _parse_number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise DicomWebQueryError(f"`{name}` must be a whole number.")
    return int(value)
