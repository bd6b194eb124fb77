"""Elements that state no value representation of the standard: how long they are, and what is told of them."""

from intake.dicom import lengths
from intake.dicom.elements import LONG_HEADER, Header
from processor.judge.dicom.dictionary import tags
from processor.judge.dicom.elements.data_set import Level
from processor.judge.inspection.findings import Findings
from processor.judge.inspection.window import Stream

MOST_DOUBTS = 1_000
"""Elements whose length is found out; further ones are read as they look."""


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
        settled = lengths.settle(stream, position, head, level.limit, level.encoding)
        if not settled.vr or settled.size == head.size == LONG_HEADER:
            return settled
        self._findings.add("vr-invalid", tags.format_tag(head.tag))
        # Only of a value whose length takes four bytes is it open whether it is a sequence.
        return settled._replace(vr=b"" if settled.size == LONG_HEADER else lengths.UNKNOWN)
