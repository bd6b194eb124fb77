"""What a search asks for, read from its query string (PS3.18 8.3.4), and what matches it (PS3.4 C.2.2.2).

A value matches whole, by wild card, by range, or by a list of UIDs.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from intake.files.model import Metadata
from portal.dicomweb.json_model.attributes import ALWAYS, ATTRIBUTES, BY_NAME, Attribute, Level
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

RANGED = frozenset({"DA", "TM", "DT"})
WITHOUT_CASE = frozenset({"PN"})
LISTED = frozenset({"ModalitiesInStudy", "Modality"})
"""Keywords that may be asked for by several values, of which one is enough."""
WITHOUT_WILD_CARDS = frozenset({"DA", "TM", "DT", "UI", "IS", "DS", "US", "UL", "UR"})

LITERAL = "fuzzymatching is not supported: only literal matching has been performed"
NOT_KEPT = "{} is not kept: nothing was matched by it"
SHORTENED = f"limit was lowered to {MOST_ROWS}"

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute that is matched, and the value that was asked for."""

    attribute: Attribute
    value: str

    def holds(self, values: Sequence[str]) -> bool:
        """Say whether one of an attribute's values is asked for. What has no value matches no condition."""
        return any(map(self.build_test(), values))

    def list_values(self) -> list[str]:
        """Return the values that a list holds."""
        return list(dict.fromkeys(filter(None, map(str.strip, self.value.replace("\\", ",").split(",")))))

    def build_test(self) -> Test:
        """Return what says of one value whether it is asked for."""
        vr, wanted = self.attribute.vr, self.value
        if self.attribute.keyword in LISTED and len(self.list_values()) > 1:
            tests = [Condition(self.attribute, one).build_test() for one in self.list_values()]
            return lambda value: any(test(value) for test in tests)
        if vr == "UI":
            uids = frozenset(uid.strip() for uid in wanted.replace("\\", ",").split(","))
            return lambda value: value in uids
        if vr in RANGED and "-" in wanted:
            first, last = parse_range(wanted)
            # Times may be written shorter than they are asked for: `1030` lies within `103000-1045`.
            return lambda value: (
                (not first or value >= first[: len(value)]) and (not last or value[: len(last)] <= last)
            )
        if vr not in WITHOUT_WILD_CARDS and ("*" in wanted or "?" in wanted):
            return compile_pattern(wanted, ignoring_case=vr in WITHOUT_CASE)
        if vr in WITHOUT_CASE:
            return lambda value: value.casefold() == wanted.casefold()
        return lambda value: value == wanted.strip()


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
            if condition and not condition.attribute.kept:
                warnings |= {NOT_KEPT.format(condition.attribute.keyword): None}
            elif condition:
                conditions[condition.attribute.tag] = _join(conditions.get(condition.attribute.tag), condition)
    if offset > FARTHEST:
        raise DicomWebQueryError(f"`offset` is at most {FARTHEST}: narrow the search.")
    warnings |= {SHORTENED: None} if limit > MOST_ROWS else {}
    returned = _choose_returned(level, implied, included, tuple(conditions.values()))
    return Search(level, tuple(conditions.values()), returned, min(limit, MOST_ROWS), offset, tuple(warnings))


def _parse_condition(level: Level, name: str, value: str) -> Condition | None:
    """Return a condition; none for an empty value, which matches everything (PS3.4 C.2.2.2.3)."""
    attribute = BY_NAME.get(name) or BY_NAME.get(name.upper())
    if attribute is None or attribute.level > level or not attribute.is_searched:
        raise DicomWebQueryError("A parameter names no attribute that this resource can be searched by.")
    _check_value(attribute, value)
    return Condition(attribute, value) if value.strip("* ") else None


def _join(earlier: Condition | None, condition: Condition) -> Condition:
    """Return a condition that a parameter states once more: the last one holds, but where lists may be asked for."""
    if earlier is None or condition.attribute.keyword not in LISTED:
        return condition
    _check_value(condition.attribute, joined := f"{earlier.value},{condition.value}")
    return Condition(condition.attribute, joined)


def _check_value(attribute: Attribute, value: str) -> None:
    if len(value) > LONGEST_VALUE or value.count("*") + value.count("?") > MOST_WILD_CARDS:
        raise DicomWebQueryError(f"The value of {attribute.keyword} is too long, or has too many wild cards.")


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


def read_values(attribute: Attribute, metadata: Metadata) -> tuple[str, ...]:
    """Return an attribute's values in a file's metadata, as text; none where it has none."""
    found: object = metadata
    for step in attribute.key.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if found is None or found == "":
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else (str(found),)


def parse_range(value: str) -> tuple[str, str]:
    """Return the ends of `first-last`; an open end is empty, and a single value is both."""
    first, dash, last = value.partition("-")
    return (first.strip(), last.strip()) if dash else (value.strip(), value.strip())


def compile_pattern(pattern: str, *, ignoring_case: bool = False) -> Callable[[str], bool]:
    """Return a test of whole values by a pattern (PS3.4 C.2.2.2.4): `*` stands for any characters, `?` for one.

    A value is read once, from its beginning to its end, one step for each character: all places of the pattern that it
    may have led to are kept at once, as the bits of one number (Baeza-Yates and Gonnet, "A new approach to text
    searching").
    """
    fold = _fold_case if ignoring_case else str
    taken_by: defaultdict[str, int] = defaultdict(int)
    anything, staying, place = 0, 0, 1
    for character in fold(pattern):
        if character == "*":
            staying |= place
            continue
        if character == "?":
            anything |= place
        else:
            taken_by[character] |= place
        place <<= 1
    takes = {character: places | anything for character, places in taken_by.items()}

    def test(value: str) -> bool:
        reached = 1
        for character in fold(value):
            reached = (reached & takes.get(character, anything)) << 1 | reached & staying
            if not reached:
                return False
        return bool(reached & place)

    return test


def _fold_case(text: str) -> str:
    """Forget upper and lower case, and keep each character one: `?` is to stand for a whole one, also for `ß`."""
    return "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    return next((one for one in (character.casefold(), character.lower()) if len(one) == 1), character)
