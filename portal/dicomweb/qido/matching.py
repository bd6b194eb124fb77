"""How a search's value matches an attribute's (PS3.4 C.2.2.2): whole, by wild card, range, or list of UIDs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from intake.files.model import Metadata
from portal.dicomweb.json_model.attributes import Attribute
from portal.dicomweb.qido.wildcards import compile_pattern

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
        return _within(*parse_range(wanted))
    if attribute.vr not in WITHOUT_WILD_CARDS and ("*" in wanted or "?" in wanted):
        return compile_pattern(wanted, ignoring_case=attribute.vr in WITHOUT_CASE)
    if attribute.vr in WITHOUT_CASE:
        return lambda value: value.casefold() == wanted.casefold()
    return lambda value: value == wanted.strip()


def _within(first: str, last: str) -> Test:
    """Times may be written shorter than they are asked for: `1030` lies within `103000-1045`."""
    return lambda value: (not first or value >= first[: len(value)]) and (not last or value[: len(last)] <= last)
