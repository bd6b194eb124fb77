"""Wild cards (PS3.4 C.2.2.2.4): `*` stands for any number of characters, also for none, and `?` for one.

Whatever is searched for, a value is read once, from its beginning to its end: all places of the pattern that it may
have led to are kept at once, as the bits of one number (Baeza-Yates and Gonnet, "A new approach to text searching").
"""

from collections import defaultdict
from collections.abc import Callable


def compile_pattern(pattern: str, *, ignoring_case: bool = False) -> Callable[[str], bool]:
    """Return a test of whole values. It takes one step for each character, of as many bits as the pattern is long."""
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
