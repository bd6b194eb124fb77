"""Objects as large as scanners and planning systems make them, written piece by piece as they are read."""

from tests.dicom_files import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    ct_elements,
    data_set,
    element,
    item,
    part10,
    uid,
    undefined_length_item,
)

ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
FRAMES = 65_535
XA30 = {"sequences": 35, "elements": 230}
"""What Siemens' XA30 writes for each frame."""
SIDE = 8
SOP = uid("large object")


class RepeatedSource:
    """A head, a unit again and again, and a tail."""

    def __init__(self, head: bytes, unit: bytes, count: int, tail: bytes) -> None:
        self._head, self._unit, self._tail = head, unit, tail
        self._middle = len(unit) * count
        self.size = len(head) + self._middle + len(tail)
        self.reads: list[tuple[int, int]] = []

    def read(self, start: int, length: int) -> bytes:
        self.reads.append((start, length))
        end = min(start + length, self.size)
        parts = [self._head[start:end]]
        first, last = max(start - len(self._head), 0), min(end - len(self._head), self._middle)
        if first < last:
            skip = first % len(self._unit)
            parts.append((self._unit * ((last - first + skip) // len(self._unit) + 1))[skip : skip + last - first])
        behind = len(self._head) + self._middle
        if end > behind:
            parts.append(self._tail[max(start - behind, 0) : end - behind])
        return b"".join(parts)


def sequence(tag: int, content: bytes, *, implicit: bool, defined: bool) -> bytes:
    """A sequence of one item, both of known or both of unknown length."""
    inside = item(content) if defined else undefined_length_item(content)
    if defined:
        return element(tag, "SQ", inside, implicit=implicit)
    return element(tag, "SQ", inside + SEQUENCE_END, length=UNDEFINED_LENGTH, implicit=implicit)


def frame_item(sequences: int, elements: int, *, implicit: bool, defined: bool) -> bytes:
    """The functional groups of one frame: `sequences` with `elements` in all."""
    each = -(-elements // sequences)
    inner = b"".join(
        element(0x00189000 + number, "DS", b"-12.50" if number % 2 else b"7.125 ", implicit=implicit)
        for number in range(each)
    )
    content = b"".join(
        sequence(0x00209000 + number, inner, implicit=implicit, defined=defined) for number in range(sequences)
    )
    return item(content) if defined else undefined_length_item(content)


def enhanced(
    frames: int = FRAMES, *, sequences: int = 5, elements: int = 20, implicit: bool = False, defined: bool = False,
    pixels: bytes | None = None,
) -> RepeatedSource:  # fmt: skip
    """An enhanced multi-frame object whose per-frame functional groups are as many."""
    described = ct_elements(study=uid("study"), series=uid("series"), sop=SOP, rows=SIDE, columns=SIDE)
    described |= {
        0x00080016: ("UI", ENHANCED_MR.encode() + b"\0"),
        0x00080060: ("CS", b"MR"),
        0x00280008: ("IS", f"{frames:<6}".encode()),
        0x00280301: ("CS", b"NO"),
    }
    unit = frame_item(sequences, elements, implicit=implicit, defined=defined)
    length = frames * len(unit) if defined else UNDEFINED_LENGTH
    groups = element(0x52009230, "SQ", b"", length=length, implicit=implicit)
    image = frames * SIDE * SIDE * 2
    tail = b"" if defined else SEQUENCE_END
    tail += element(PIXEL_DATA, "OW", bytes(image) if pixels is None else pixels, length=image, implicit=implicit)
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    body = data_set(described, implicit=implicit) + groups
    return RepeatedSource(part10(body, sop=SOP, sop_class=ENHANCED_MR, transfer_syntax=syntax), unit, frames, tail)


def contour(points: int, *, implicit: bool, defined: bool) -> bytes:
    reference = element(0x00081150, "UI", b"1.2.3\0", implicit=implicit)
    reference += element(0x00081155, "UI", b"1.2.826.0.1.3680043.10.999.4.11\0", implicit=implicit)
    content = sequence(0x30060016, reference, implicit=implicit, defined=defined)
    content += element(0x30060042, "CS", b"CLOSED_PLANAR ", implicit=implicit)
    content += element(0x30060046, "IS", f"{points:<4}".encode(), implicit=implicit)
    content += element(
        0x30060050, "DS", b"-120.5\\33.25\\-7.5 \\" * (points - 1) + b"-120.5\\33.25\\-7.5  ", implicit=implicit
    )
    return item(content) if defined else undefined_length_item(content)


def structure_set(
    megabytes: int = 81, *, points: int = 12, implicit: bool = False, defined: bool = False
) -> RepeatedSource:
    """A structure set of that size: one region of interest with a contour on each of very many slices."""
    described = ct_elements(study=uid("study"), series=uid("series"), sop=SOP)
    described = {tag: held for tag, held in described.items() if tag < 0x00180000 or 0x0020000D <= tag <= 0x00200011}
    described |= {0x00080016: ("UI", STRUCTURE_SET.encode() + b"\0"), 0x00080060: ("CS", b"RTSTRUCT")}
    unit = contour(points, implicit=implicit, defined=defined)
    count = megabytes * 1_000_000 // len(unit)
    length = count * len(unit) if defined else UNDEFINED_LENGTH
    opening = element(0x30060040, "SQ", b"", length=length, implicit=implicit)
    inside = length + len(opening) if defined else UNDEFINED_LENGTH
    regions = element(
        0x30060039, "SQ", item(b"", length=inside), length=inside + 8 if defined else inside, implicit=implicit
    )
    closing = b"" if defined else SEQUENCE_END + element(0xFFFEE00D, "", b"") + SEQUENCE_END
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    body = data_set(described, implicit=implicit) + regions + opening
    head = part10(body, sop=SOP, sop_class=STRUCTURE_SET, transfer_syntax=syntax)
    return RepeatedSource(head, unit, count, closing + element(0x300E0002, "CS", b"UNAPPROVED", implicit=implicit))
