"""The header's values as the parent hands them on: the bytes of each, whose meaning is made out here, in the child."""

from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[Any]


class Elements:
    """Elements of a data set, by tag. What cannot be read as what it should be is as good as not there."""

    def __init__(self, values: dict[str, Any], *, big: bool, signed: bool) -> None:
        """`signed` says how words are meant whose VR is `US or SS`."""
        self._values, self._big, self._signed = values, big, signed

    def data(self, tag: int) -> bytes:
        value = self._values.get(f"{tag:08x}", "")
        return value.encode("latin-1") if isinstance(value, str) else b""

    def text(self, tag: int) -> str:
        """Return the first value of a text, in capitals."""
        return self.data(tag).decode("latin-1").split("\\")[0].strip(" \0").upper()

    def numbers(self, tag: int) -> list[float]:
        """Return the finite numbers of a decimal or integer string, up to the first that is none."""
        found: list[float] = []
        for part in self.data(tag).decode("latin-1").split("\\"):
            try:
                number = float(part.strip(" \0"))
            except ValueError:
                break
            if not abs(number) < 1e30:
                break
            found.append(number)
        return found

    def number(self, tag: int) -> float | None:
        numbers = self.numbers(tag)
        return numbers[0] if numbers else None

    def words(self, tag: int, *, signed: bool = False) -> Words:
        """Return a value as words of 16 bits; what is left over behind the last is left out."""
        data = self.data(tag)
        kind = "i2" if signed else "u2"
        return np.frombuffer(data[: len(data) // 2 * 2], (">" if self._big else "<") + kind).astype(kind)

    def sample(self, tag: int) -> int | None:
        """Return a word that is meant as the image's samples are."""
        words = self.words(tag, signed=self._signed)
        return int(words[0]) if len(words) else None

    def item(self, *tags: int) -> "Elements | None":
        """Return the item that leads through sequences of one item each, where there is one."""
        values: Any = self._values
        for tag in tags:
            values = values.get(f"{tag:08x}") if isinstance(values, dict) else None
        return Elements(values, big=self._big, signed=self._signed) if isinstance(values, dict) else None

    def table(self, descriptor: int, data: int) -> "Table | None":
        """Return a lookup table by its descriptor (PS3.3 C.11.1.1), or None for one that is none."""
        unsigned = self.words(descriptor)
        if len(unsigned) < 3:
            return None
        count, bits = int(unsigned[0]) or 0x10000, int(unsigned[2])
        first = int(self.words(descriptor, signed=self._signed)[1])
        raw = self.data(data)
        # Eight bits an entry may be packed two into a word, or take a word each.
        packed = bits <= 8 and len(raw) in {count, count + count % 2}
        entries = np.frombuffer(raw, np.uint8) if packed else self.words(data)
        return Table(first, bits, entries[:count]) if len(entries) and bits <= 16 else None


class Table:
    """A lookup table: what lies before its first value or behind its last stands for these."""

    def __init__(self, first: int, bits: int, entries: Words) -> None:
        self.first, self.bits, self.entries = first, bits, entries

    @property
    def most(self) -> int:
        """The largest entry that there may be; some writers state fewer bits than they use."""
        return max((1 << max(self.bits, 1)) - 1, int(self.entries.max()))

    def look_up(self, values: npt.NDArray[Any]) -> Words:
        # As numbers that may be less than nothing: values without a sign would begin anew at their largest.
        at = np.clip(np.floor(values.astype(np.float64)) - self.first, 0, len(self.entries) - 1)
        found: Words = self.entries[at.astype(np.int64)]
        return found
