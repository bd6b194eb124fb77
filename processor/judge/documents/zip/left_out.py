"""Which entries of an archive are left out: a CD's viewer, what computers leave in folders (docs/adr/0044).

The judge looks at each that is named like one, once, and its record says which they are: whoever unpacks goes by that.
"""

from collections.abc import Iterable

from intake.files.model import Metadata
from processor.judge.documents.zip.directory import Directory, Listed
from processor.judge.documents.zip.entries import AtHand, read_content
from processor.judge.inspection.carriers import LOOK, is_carrier_name, is_left_out
from processor.judge.inspection.errors import UnreadableFileError
from processor.judge.inspection.window import Window

COUNT, STRETCHES = "left_out", "left_out_entries"
"""Keys of the metadata: how many, and their places in the directory, as first and last of each stretch."""

MOST_STRETCHES = 1_000
"""An item of the table holds 400 KB. Beyond this many, entries are files like all others."""


def find_left_out(window: Window, directory: Directory) -> frozenset[int]:
    """Return the places of the entries that are left out; what cannot be looked at is not."""
    named = [
        (index, listed)
        for index, listed in enumerate(directory.listed)
        if not listed.is_directory and is_carrier_name(listed.name)
    ]
    if named:
        window.stream()
    found = [index for index, listed in sorted(named, key=_place) if _is_left_out(window, listed)]
    return read_places({STRETCHES: write_stretches(sorted(found))})


def describe_left_out(places: frozenset[int]) -> Metadata:
    """Return what an archive's metadata says of them: nothing where there are none."""
    return {COUNT: len(places), STRETCHES: write_stretches(sorted(places))} if places else {}


def read_places(metadata: Metadata) -> frozenset[int]:
    """Return their places as an archive's metadata says them."""
    return frozenset(place for first, last in metadata.get(STRETCHES, ()) for place in range(first, last + 1))


def _place(named: tuple[int, Listed]) -> int:
    return named[1].header_offset


def _is_left_out(window: Window, listed: Listed) -> bool:
    if not window.affords(LOOK):
        return False
    try:
        head = next(read_content(AtHand(window), listed, LOOK), b"")
    except UnreadableFileError:
        return False
    return is_left_out(listed.name, head, listed.size)


def write_stretches(places: Iterable[int]) -> list[list[int]]:
    """Write places that ascend as stretches, MOST_STRETCHES of them."""
    stretches: list[list[int]] = []
    for place in places:
        if stretches and stretches[-1][1] == place - 1:
            stretches[-1][1] = place
        else:
            stretches.append([place, place])
    return stretches[:MOST_STRETCHES]
