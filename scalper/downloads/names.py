"""What fetched files are called on this machine: as they were sent, as far as that is safe, and no two alike.

The server is not trusted with paths. `assets/js/retrieval/names.js` does the same for the browser; both are held to
`tests/data/safe_names.json`.
"""

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from itertools import count

_LONGEST = 200
"""Bytes of a segment: systems take 255, and a mark may follow."""
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, marks of direction, lone surrogates, and separators of lines."""
_FORBIDDEN = frozenset('<>:"|?*')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
"""Devices of Windows (Microsoft, "Naming Files, Paths, and Namespaces")."""
_EXTENSION = re.compile(r"(.+?)(\.[^.]{1,10})", re.DOTALL)


@dataclass(slots=True)
class _Place:
    path: str
    folder: bool


@dataclass(slots=True)
class Names:
    """Gives files their paths below one folder, with `/` between segments."""

    _taken: dict[str, _Place] = field(default_factory=dict)
    """By the path in lower case, since some systems take `A` and `a` for the same."""
    _marks: dict[str, int] = field(default_factory=dict)
    """The last number that a path was marked with: a thousand files of one name are no thousand times a thousand."""

    def claim(self, name: str, fallback: str) -> str:
        """Return a path of its own for a file that was sent under `name`; `fallback` where nothing of that is fit."""
        *folders, last = _clean(name) or [fallback]
        parent = ""
        for folder in folders:
            parent = self._place(parent, folder, folder=True)
        return self._place(parent, last, folder=False)

    def _place(self, parent: str, segment: str, *, folder: bool) -> str:
        plain = _join(parent, segment)
        for number in count(self._marks.get(plain.lower(), 1)):
            path = plain if number == 1 else _join(parent, _mark(segment, number))
            held = self._taken.get(path.lower())
            if held and held.folder and folder:
                return held.path
            if held is None:
                self._taken[path.lower()] = _Place(path, folder)
                self._marks[plain.lower()] = number
                return path
        raise AssertionError("numbers do not end")


class MediaNames:
    """Gives files the names that DICOM media allow: up to eight of A to Z, 0 to 9 and `_` (PS3.10 8.2, PS3.12).

    They follow from a file's id, so that a file has the same name in every run, whatever else there is by then.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def claim(self, name: str, fallback: str) -> str:  # noqa: ARG002 - one may be as long as it likes.
        """Return a path of its own for the file of the id `fallback`."""
        for number in count():
            said = f"{fallback}#{number}" if number else fallback
            told = base64.b32encode(hashlib.sha256(said.encode()).digest()).decode()
            path = f"DICOM/{told[0]}/{told[1:9]}"
            if path not in self._taken:
                self._taken.add(path)
                return path
        raise AssertionError("numbers do not end")


def _clean(name: str) -> list[str]:
    segments = unicodedata.normalize("NFC", name).replace("\\", "/").split("/")
    return [segment for segment in map(_clean_segment, segments) if segment]


def _clean_segment(segment: str) -> str:
    fit = "".join("_" if one in _FORBIDDEN or unicodedata.category(one) in _UNFIT else one for one in segment)
    fit = fit.lstrip(" ").rstrip(". ")
    if _RESERVED.fullmatch(fit.partition(".")[0].rstrip()):
        fit = f"_{fit}"
    stem, extension = _split(fit)
    return stem.encode()[: _LONGEST - len(extension.encode())].decode(errors="ignore") + extension


def _mark(segment: str, number: int) -> str:
    stem, extension = _split(segment)
    return f"{stem} ({number}){extension}"


def _split(segment: str) -> tuple[str, str]:
    found = _EXTENSION.fullmatch(segment)
    return (found[1], found[2]) if found else (segment, "")


def _join(parent: str, segment: str) -> str:
    return f"{parent}/{segment}" if parent else segment
