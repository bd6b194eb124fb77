"""The kept values as text, in their character set, and what is wrong with their form."""

from operator import itemgetter
from typing import NamedTuple

from processor.judge import charsets, positions, tags
from processor.judge.attributes import ABSENT, TEXTS
from processor.judge.findings import Findings
from processor.judge.forms import SEPARATOR, ordinary, violation
from processor.judge.runs import Values

IN_CHARACTER_SET = frozenset({"LO", "PN", "SH"})
"""Value representations that Specific Character Set applies to (PS3.5 6.1.2.3)."""
OWN_RULES = frozenset({*tags.IDENTIFIERS, tags.NUMBER_OF_FRAMES})
"""Attributes whose form has rules of its own."""

_TAGS = [attribute.tag for attribute in TEXTS]
_values_of = itemgetter(*_TAGS)
_SPACE, _NUL = b" " + SEPARATOR, b"\0" + SEPARATOR


class Texts(NamedTuple):
    """A file's texts."""

    of: positions.Texts
    """Characters without padding, in the order of TEXTS: empty for an empty value, None where there is no element."""
    plain: bool
    """Whether every value has its standard form, so that it can be shown as it is."""


def read(values: Values, findings: Findings) -> Texts:
    """Return the texts of TEXTS, and add what is wrong with their form."""
    known = _at_once(values)
    return known or _one_by_one(values, findings)


def _at_once(values: Values) -> Texts | None:
    """Return the texts of a file whose values all have their form, or None."""
    codec = charsets.simple_codec(values[tags.SPECIFIC_CHARACTER_SET])
    joined = SEPARATOR.join(_values_of(values)) + SEPARATOR
    try:
        text = joined.replace(_SPACE, SEPARATOR).replace(_NUL, SEPARATOR).decode(codec)
    except UnicodeDecodeError:
        return None
    match = ordinary(text)
    return Texts(match.groups(), plain=True) if match else None


def _one_by_one(values: Values, findings: Findings) -> Texts:
    stated = values[tags.SPECIFIC_CHARACTER_SET]
    terms = [] if stated is ABSENT else charsets.terms(stated.decode("latin-1").strip("\0 "))
    texts: dict[int, str | None] = dict.fromkeys(_TAGS)
    for attribute in TEXTS:
        value = values[attribute.tag]
        if value is ABSENT:
            continue
        if attribute.vr in IN_CHARACTER_SET:
            text = charsets.decode(value, terms, is_name=attribute.vr == "PN").strip("\0 ")
            _check_characters(attribute.tag, value, text, terms, findings)
        else:
            text = value.decode("latin-1").strip("\0 ")
        # Empty forms at the end of a name (alphabetic=ideographic=phonetic) say nothing.
        texts[attribute.tag] = text.rstrip("=") if attribute.vr == "PN" else text
        code = "" if attribute.tag in OWN_RULES else violation(attribute, text)
        if code:
            findings.add(code, tags.written(attribute.tag))
    return Texts(tuple(texts.values()), plain=False)


def _check_characters(tag: int, value: bytes, text: str, terms: list[str], findings: Findings) -> None:
    if not terms and not (value.isascii() and charsets.ESC not in value):
        findings.add("character-set-missing", tags.written(tag))
    elif "\ufffd" in text:
        findings.add("text-undecodable", tags.written(tag))
