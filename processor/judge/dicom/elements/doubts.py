"""Elements that state no value representation of the standard: what they are, how long, and what is told of them."""

from intake.dicom.encoding import ITEM_TAGS, LONG_HEADER, UNKNOWN, Encoding, Header, settle_length
from intake.dicom.streams import take_bytes
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.elements.levels import Level
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream

MOST_DOUBTS = 1_000
"""Elements whose length is found out; further ones are read as they look."""


def is_sequence(head: Header, stream: Stream, start: int, encoding: Encoding) -> bool:
    """Say whether a value that starts at `start` is a sequence. Without a VR, it is one that starts with an item.

    Under UN its length says all that is needed.
    """
    if head.vr == b"SQ":
        return True
    if head.vr or head.length < 8 or head.tag in tags.PIXELS:
        return False
    return take_bytes(stream, start, 4) == ITEM_TAGS[encoding.big]


class Doubts:
    """The elements of one file whose headers leave open how long they are."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._settled = 0

    def settle(self, stream: Stream, position: int, head: Header, level: Level) -> Header:
        """Return the header at `position` with the length that is meant, and tell where that is not the one it states.

        A VR that the standard may have added since has the long form, and is taken as it is.
        """
        if self._settled >= MOST_DOUBTS:
            return head
        self._settled += 1
        settled = settle_length(stream, position, head, level.limit, level.encoding)
        if not settled.vr or settled.size == head.size == LONG_HEADER:
            return settled
        self._findings.add("vr-invalid", tags.format_tag(head.tag))
        # Only of a value whose length takes four bytes is it open whether it is a sequence.
        return settled._replace(vr=b"" if settled.size == LONG_HEADER else UNKNOWN)
