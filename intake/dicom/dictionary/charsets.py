"""Text by Specific Character Set (0008,0005), with and without code extensions (PS3.3 C.12.1.1.2, PS3.5 6.1)."""

import re

ESC = b"\x1b"
DEFAULT = "latin-1"
"""The default repertoire is ASCII; what goes beyond it without saying so is Latin 1 more often than anything else."""

# By the number in the defined term, as `ISO_IR 100`, `ISO 2022 IR 100` and their usual misspellings have it.
BY_NUMBER = {
    "6": DEFAULT,
    "13": "shift_jis",
    "58": "gb2312",
    "87": "iso2022_jp",
    "100": "latin-1",
    "101": "iso8859-2",
    "109": "iso8859-3",
    "110": "iso8859-4",
    "126": "iso8859-7",
    "127": "iso8859-6",
    "138": "iso8859-8",
    "144": "iso8859-5",
    "148": "iso8859-9",
    "149": "euc_kr",
    "159": "iso2022_jp_2",
    "166": "iso8859-11",
    "192": "utf-8",
    "203": "iso8859-15",
}
BY_NAME = {"GB18030": "gb18030", "GBK": "gbk", "ISO 2022 GBK": "gbk", "ISO 2022 58": "gb2312"}
DEFINED = (
    frozenset({"", "GB18030", "GBK", "ISO_IR 192", "ISO_IR 13", "ISO_IR 6"})
    | {
        f"{standard} {number}"
        for number in BY_NUMBER.keys() - {"6", "13", "58", "87", "149", "159", "192"}
        for standard in ("ISO_IR", "ISO 2022 IR")
    }
    | {f"ISO 2022 IR {number}" for number in ("6", "13", "58", "87", "149", "159")}
)
"""The standard's defined terms (PS3.3 C.12.1.1.2), and ISO_IR 6: the default repertoire, by a name that many write."""
TERM = re.compile(r"ISO.?(?:2022.)?IR.?(\d+)")
MISSPELT = tuple(
    (re.compile(pattern), found)
    for pattern, found in (
        (r"(?:ISO.?IR.?)?UTF.?8|UNICODE(?:.1.1)?.UTF.8", "utf-8"),
        (r"GB.?18030", "gb18030"),
        (r"(?:ISO.?IR.?)?GB.?2312|EUC.?CN", "gb2312"),
        (r"SHIFT.?JIS|SJIS|JIS.?X.?0201", "shift_jis"),
        (r"EUC.?KR|KS.?C.?5601|KS.?X.?1001", "euc_kr"),
    )
)
"""Names that writers give a character set instead of its defined term, and Python's codec for it."""
BY_PART = re.compile(r"ISO.?8859.?(\d{1,2})|LATIN.?(1)")

BY_ESCAPE = {
    b"(B": DEFAULT,
    b"(J": "shift_jis",
    b")I": "shift_jis",
    b"-A": "latin-1",
    b"-B": "iso8859-2",
    b"-C": "iso8859-3",
    b"-D": "iso8859-4",
    b"-F": "iso8859-7",
    b"-G": "iso8859-6",
    b"-H": "iso8859-8",
    b"-L": "iso8859-5",
    b"-M": "iso8859-9",
    b"-T": "iso8859-11",
    b"-b": "iso8859-15",
    b"$)A": "gb2312",
    b"$)C": "euc_kr",
    b"$B": "iso2022_jp",
    b"$(D": "iso2022_jp_2",
}
"""Escape sequence without its ESC → Python's codec (PS3.3 tables C.12-3 and C.12-4)."""
ESCAPE_READ_BY_CODEC = frozenset({"iso2022_jp", "iso2022_jp_2"})

# Each of these ends what an escape sequence switched on (PS3.5 6.1.2.5.3).
ENDS = {False: re.compile(rb"[\\\r\n\t\f]"), True: re.compile(rb"[\\\r\n\t\f^=]")}


def codec(term: str) -> str:
    """Return Python's codec for a defined term; what is not known is read as the default."""
    if term in BY_NAME:
        return BY_NAME[term]
    term = term.upper()
    if match := TERM.match(term):
        return BY_NUMBER.get(match[1], DEFAULT)
    if part := BY_PART.fullmatch(term):
        named = f"iso8859-{part[1] or part[2]}"
        return named if named in BY_NUMBER.values() else DEFAULT
    return next((found for pattern, found in MISSPELT if pattern.fullmatch(term)), DEFAULT)


def decode(value: bytes, terms: list[str], *, is_name: bool = False) -> str:
    """Return the text of a value; bytes that mean nothing become U+FFFD."""
    first = codec(terms[0]) if terms else DEFAULT
    if ESC not in value:
        return value.decode(first, "replace")
    before, *extended = value.split(ESC)
    return before.decode(first, "replace") + "".join(_decode_extended(part, first, ENDS[is_name]) for part in extended)


def _decode_extended(part: bytes, first: str, ends: re.Pattern[bytes]) -> str:
    """Decode what follows one ESC, up to the next one."""
    escape = part[:3] if part[:2] in {b"$(", b"$)"} else part[:2]
    chosen = BY_ESCAPE.get(escape)
    if chosen is None:
        return part.decode(first, "replace")
    if chosen in ESCAPE_READ_BY_CODEC:
        return (ESC + part).decode(chosen, "replace")
    text = part[len(escape) :]
    end = ends.search(text)
    stop = end.start() if end else len(text)
    return text[:stop].decode(chosen, "replace") + text[stop:].decode(first, "replace")


MOST_TERMS = 8


def terms(text: str) -> list[str]:
    """Return the defined terms of a Specific Character Set, the first of which may be empty."""
    found = [term.strip() for term in text.split("\\", MOST_TERMS)[:MOST_TERMS]]
    return found if any(found) else []


# Of one byte or self-synchronising, so that separators between values stay what they are.
SIMPLE = {b"": "ascii"} | {
    term.encode() + pad: BY_NUMBER[number]
    for number in BY_NUMBER.keys() - {"6", "13", "58", "87", "149", "159"}
    for term in [f"ISO_IR {number}"]
    for pad in ([b"", b" "] if len(term) % 2 else [b""])
}
"""Specific Character Set as encoded → the codec of the whole file."""


def simple_codec(stated: bytes) -> str:
    """Return the codec that all of a file's values can be decoded by at once; ASCII where there is none such."""
    return SIMPLE.get(stated, "ascii")
