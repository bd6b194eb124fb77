"""Instances in the DICOM JSON model (PS3.18 annex F), written from the events of a scanner."""

from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

from intake.dicom.boundaries import PIXELS
from intake.dicom.budget import Budget
from intake.dicom.dictionary import charsets
from intake.dicom.dictionary.vrs import LUT_DESCRIPTOR, LUT_DESCRIPTORS, PIXEL_REPRESENTATION, settle_vr
from intake.dicom.encoding import UNDEFINED_LENGTH
from intake.dicom.errors import TooCostlyError
from intake.dicom.events import Event, Kind
from intake.dicom.scanner import Scanner
from portal.dicomweb.json_model.values import (
    LARGEST_BINARY,
    Context,
    write_attribute,
    write_empty,
    write_lut_descriptor,
)

SPECIFIC_CHARACTER_SET = 0x00080005
LONGEST_VALUE = 1024 * 1024
"""Bytes of a value that is no binary one."""
LONGEST_CHARACTER_SET = 256
"""Bytes of Specific Character Set: it is looked at for every text, and eight of its terms take 144."""
FRAME = len('"00000000":,')
"""Characters around an attribute; each item has as few."""

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


class _Unsettled(NamedTuple):
    """An attribute whose VR depends on what may yet come."""

    vr: str
    value: bytes
    context: Context


class _DataSet:
    """A data set as far as it was read: attributes that are written, and those that are open."""

    __slots__ = ("attributes", "context", "lut_entries", "parent", "place", "signed")

    def __init__(self, context: Context, parent: "_DataSet | None" = None, place: str = "") -> None:
        self.place = place
        """Of an item within its parent: the sequence's tag and the item's number."""
        self.attributes: dict[int, str | _Unsettled | list[_DataSet]] = {}
        self.context = context
        self.parent = parent
        self.signed: bool | None = None
        self.lut_entries: int | None = None

    @property
    def is_signed(self) -> bool:
        """What the nearest Pixel Representation says; where there is none, values are unsigned."""
        node: _DataSet | None = self
        while node is not None and node.signed is None:
            node = node.parent
        return node is not None and bool(node.signed)

    def build_path(self, tag: int) -> str:
        """Return the path that leads to an element from the outermost data set on."""
        places = [f"{tag:08X}"]
        node: _DataSet | None = self
        while node is not None and node.place:
            places.append(node.place)
            node = node.parent
        return ".".join(reversed(places))

    def note(self, tag: int, value: bytes) -> None:
        """Keep what others' encoding depends on."""
        if tag == SPECIFIC_CHARACTER_SET:
            terms = charsets.terms(value[:LONGEST_CHARACTER_SET].decode("latin-1").strip("\0 "))
            self.context = self.context._replace(terms=tuple(terms))
        elif tag == PIXEL_REPRESENTATION:
            self.signed = any(value)
        elif tag == LUT_DESCRIPTOR:
            self.lut_entries = int.from_bytes(value[:2], "big" if self.context.big else "little")


class _Open(NamedTuple):
    """A sequence, an item or an element of fragments that has not ended, and the data set around it."""

    around: _DataSet
    tag: int
    """Of a sequence; 0 for an item."""
    items: list[_DataSet]
    """Of a sequence, or the one item."""
    defined: bool
    """Whether its end is known beforehand."""


class JsonWriter:
    """Writes instances, one after the other, within one budget and one number of characters."""

    def __init__(self, budget: Budget, characters: int) -> None:
        self._budget = budget
        self._left = characters
        self._address = ""

    def write(self, scanner: Scanner, address: str = "") -> str:
        """Return an instance's attributes up to its pixel data as a JSON object.

        `address` begins those of its bulk data; without one, none are told, and no pixel data. Raises TooCostlyError
        (also where the characters do not suffice: `characters`), and what the scanner raises.
        """
        self._address = address
        root = node = _DataSet(Context((), big=False, budget=self._budget, room=self.take))
        path: list[_Open] = []
        for event in scanner.events():
            if event.kind is Kind.ELEMENT:
                if node is root and event.tag in PIXELS:
                    self._refer_pixels(root, event)
                    break
                if event.tag not in node.attributes:
                    # Of an element that stands twice the first value counts, as for the judge.
                    self._add(node, event, scanner)
            elif event.kind is Kind.FRAGMENTS and node is root and event.tag in PIXELS:
                self._refer_pixels(root, event)
                break
            else:
                node = self._step(event, node, path)
        return "".join(_write_data_set(root))

    def take(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise TooCostlyError("characters")

    def _step(self, event: Event, node: _DataSet, path: list[_Open]) -> _DataSet:
        """Follow an event into or out of a sequence, and return the data set that what follows belongs to."""
        if event.kind is Kind.SEQUENCE:
            self.take(FRAME + len('{"vr":"SQ","Value":[]}'))
            items: list[_DataSet] = []
            node.attributes[event.tag] = items
            path.append(_Open(node, event.tag, items, event.length != UNDEFINED_LENGTH))
        elif event.kind is Kind.ITEM:
            self.take(FRAME)
            items = path[-1].items
            item = _DataSet(node.context, node, f"{path[-1].tag:08X}.{len(items) + 1}")
            items.append(item)
            path.append(_Open(node, 0, [item], event.length != UNDEFINED_LENGTH))
            node = item
        elif event.kind is Kind.FRAGMENTS:
            self._keep(node, event.tag, write_empty(event.vr if event.vr in _BINARY else "OB"))
            path.append(_Open(node, 0, [], defined=False))
        elif event.kind is Kind.END:
            node = path.pop().around
        elif event.kind is Kind.DAMAGED:
            node = self._leave_damaged(path)
        return node

    def _leave_damaged(self, path: list[_Open]) -> _DataSet:
        """Tell of a damaged sequence or item that it is there, and nothing of what it holds: some may be missing."""
        depth = next(depth for depth, each in enumerate(path) if each.defined)
        around, tag, items, _ = path[depth]
        del path[depth:]
        if tag:
            self._keep(around, tag, write_empty("SQ"))
        else:
            items[0].attributes.clear()
        return around

    def _add(self, node: _DataSet, event: Event, scanner: Scanner) -> None:
        tag, vr, length = event.tag, event.vr, event.length
        if is_group_length(tag):
            return
        if not length:
            self._keep(node, tag, write_empty("OW" if "OW" in vr else vr if " " not in vr else "US"))
            return
        if length > LARGEST_BINARY and (vr in _BINARY or "OW" in vr):
            self._refer(node, tag, vr)
            return
        if length > LONGEST_VALUE:
            raise TooCostlyError("length")
        value = scanner.value(event)
        if event.encoding.big != node.context.big:
            node.context = node.context._replace(big=event.encoding.big)
        node.note(tag, value)
        if " " in vr:
            self.take(FRAME + 2 * length)
            node.attributes[tag] = _Unsettled(vr, value, node.context)
        else:
            self._keep(node, tag, _write_attribute(tag, vr, value, node.context))

    def _refer_pixels(self, root: _DataSet, event: Event) -> None:
        if self._address:
            self._refer(root, event.tag, "OB" if event.kind is Kind.FRAGMENTS else event.vr)

    def _refer(self, node: _DataSet, tag: int, vr: str) -> None:
        """Tell where a value is fetched that is too large to be told, where there is such a place."""
        vr = "OW" if "OW" in vr else vr if vr in _BINARY else "UN"
        if self._address:
            self._keep(node, tag, f'{{"vr":"{vr}","BulkDataURI":{quoted(self._address + node.build_path(tag))}}}')
        else:
            self._keep(node, tag, write_empty(vr))

    def _keep(self, node: _DataSet, tag: int, written: str) -> None:
        self.take(FRAME + len(written))
        node.attributes[tag] = written


def is_group_length(tag: int) -> bool:
    """Say whether an element is one that has no place in JSON (F.2.2)."""
    return not tag & 0xFFFF


def _write_attribute(tag: int, vr: str, value: bytes, context: Context) -> str:
    if vr == "SS" and tag in LUT_DESCRIPTORS and len(value) > 2 and len(value) % 2 == 0:
        return write_lut_descriptor(value, context)
    return write_attribute(vr, value, context)


def _write_data_set(node: _DataSet) -> list[str]:
    """Return a data set's text in parts, its attributes in ascending order, as F.2.2 wants them."""
    parts = ["{"]
    for tag, found in sorted(node.attributes.items()):
        if is_group_length(tag):
            continue
        parts.append(f'{"," if len(parts) > 1 else ""}"{tag:08X}":')
        if isinstance(found, str):
            parts.append(found)
        elif isinstance(found, _Unsettled):
            vr = settle_vr(found.vr, tag, signed=node.is_signed, lut_entries=node.lut_entries)
            parts.append(_write_attribute(tag, vr, found.value, found.context))
        else:
            items = ",".join(["".join(_write_data_set(item)) for item in found])
            parts.append(f'{{"vr":"SQ","Value":[{items}]}}' if found else write_empty("SQ"))
    return [*parts, "}"]
