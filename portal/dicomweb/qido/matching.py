"""How a search's value matches an attribute's (PS3.4 C.2.2.2): whole, by wild card, range, or list of UIDs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from intake.files.model import Metadata
from portal.dicomweb.json_model.attributes import Attribute

RANGED = frozenset({"DA", "TM", "DT"})
WITHOUT_CASE = frozenset({"PN"})
WITHOUT_WILD_CARDS = frozenset({"DA", "TM", "DT", "UI", "IS", "DS", "US", "UL", "UR"})

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute that is matched, and the value that was asked for."""

    attribute: Attribute
    value: str

    def holds(self, values: Sequence[str]) -> bool:
        """Say whether one of an attribute's values is asked for. What has no value matches no condition."""
        test = _build_test(self.attribute, self.value)
        return any(test(value) for value in values)


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


def _build_test(attribute: Attribute, wanted: str) -> Test:
    if attribute.vr == "UI":
        uids = frozenset(uid.strip() for uid in wanted.replace("\\", ",").split(","))
        return lambda value: value in uids
    if attribute.vr in RANGED and "-" in wanted:
        first, last = parse_range(wanted)
        # Times may be written shorter than they are asked for: `1030` lies within `103000-1045`.
        return lambda value: (not first or value >= first[: len(value)]) and (not last or value[: len(last)] <= last)
    if attribute.vr not in WITHOUT_WILD_CARDS and ("*" in wanted or "?" in wanted):
        return compile_pattern(wanted, ignoring_case=attribute.vr in WITHOUT_CASE)
    if attribute.vr in WITHOUT_CASE:
        return lambda value: value.casefold() == wanted.casefold()
    return lambda value: value == wanted.strip()


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
