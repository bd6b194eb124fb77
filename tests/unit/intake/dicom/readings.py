"""What the tests read data sets from and with."""

from dataclasses import dataclass, field

from intake.dicom.budget import Budget
from intake.dicom.events import Kind
from intake.dicom.reader import scan

PLENTY = 1 << 40


@dataclass
class Source:
    """An object's bytes, whose reads are counted."""

    data: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self):
        return len(self.data)

    def read(self, start, length):
        self.reads.append((start, length))
        return self.data[start : start + length]


def plenty(**limits):
    return Budget(**{"steps": PLENTY, "fetched": PLENTY, "inflated": PLENTY, "taken": PLENTY} | limits)


def outline(data, budget=None):
    """Return a data set's events: kind, and for elements tag, VR and value."""
    scanner = scan(Source(data), budget or plenty())
    return [
        (event.kind.name, f"{event.tag:08X}", event.vr, scanner.value(event))
        if event.kind in {Kind.ELEMENT, Kind.FRAGMENT}
        else event.kind.name
        for event in scanner.events()
    ]


def tags(data):
    """Return the tags of all elements that have a value, at any level."""
    return [row[1] for row in outline(data) if isinstance(row, tuple)]
