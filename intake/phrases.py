"""English words that know what they were put together from: a page may say them in another language."""

from collections.abc import Mapping
from typing import Self


class Phrase(str):
    """English words, and what they were put together from, so that a page can say them in another language.

    `Phrase("line {number}", number="3")` is the text `line 3`. What fills a hole is a text, or a number that is written
    with its thousands apart, or a phrase itself.
    """

    __slots__ = ("holes", "pattern")

    pattern: str
    holes: Mapping[str, object]

    def __new__(cls, pattern: str, **holes: object) -> Self:
        written = {name: f"{value:,}" if isinstance(value, int) else value for name, value in holes.items()}
        made = super().__new__(cls, pattern.format(**written))
        made.pattern, made.holes = pattern, holes
        return made
