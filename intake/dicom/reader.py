"""Opening a file: preamble, file meta information, transfer syntax, and then its data set (PS3.10 7.1, PS3.5 A)."""

from typing import NamedTuple

from intake.dicom import encoding
from intake.dicom.boundaries import end_of_commands
from intake.dicom.budget import Budget
from intake.dicom.encoding import EXPLICIT, UNDEFINED_LENGTH, Encoding, header
from intake.dicom.errors import UnreadableDataSetError
from intake.dicom.scanner import Scanner
from intake.dicom.streams import ByteSource, InflatedStream, RangedStream, Stream, take_bytes

PREAMBLE = 128
MAGIC = b"DICM"
TRANSFER_SYNTAX_UID = 0x00020010
LONGEST_UID = 64


def scan(source: ByteSource, budget: Budget, first: bytes | None = None) -> Scanner:
    """Open a file, and return the scanner of its data set. As `open_file`."""
    return open_file(source, budget, first)[0]


def open_file(
    source: ByteSource, budget: Budget, first: bytes | None = None, *, guessing: bool = False
) -> tuple[Scanner, str]:
    """Open a file, and return the scanner of its data set, and its transfer syntax, which may be empty.

    The file meta information does not belong to the data set. `guessing` is the scanner's. `first` are the first bytes,
    where they were read already: `streams.FIRST_READ`, or all of a smaller file. Raises UnreadableDataSetError,
    TooCostlyError, ObjectChangedError, and what the source raises.
    """
    opened = open_stream(RangedStream(source, budget, first), budget)
    return Scanner(opened.stream, opened.start, opened.encoding, budget, guessing=guessing), opened.transfer_syntax


class Opened(NamedTuple):
    """A file whose data set is yet to be read."""

    stream: Stream
    """Of the data set: the object's bytes, or what they are inflated to."""
    start: int
    """Offset of the data set within the stream."""
    encoding: Encoding
    transfer_syntax: str
    """May be empty."""


def open_stream(window: RangedStream, budget: Budget) -> Opened:
    """Open a file whose bytes a stream shows. Raises as `open_file`."""
    position, transfer_syntax = _pass_meta(window, budget)
    stream: Stream = window
    if transfer_syntax in encoding.DEFLATED:
        stream, position = InflatedStream(window, position, budget), 0
    start = end_of_commands(stream, position)
    return Opened(stream, start, _settle_encoding(stream, start, transfer_syntax), transfer_syntax)


def _pass_meta(window: RangedStream, budget: Budget) -> tuple[int, str]:
    """Pass over the elements of group 0002, and return where they end and the transfer syntax that they state first."""
    transfer_syntax = ""
    position = next((at + 4 for at in (PREAMBLE, 0) if window.buffer[at : at + 4] == MAGIC), 0)
    while len(shown := take_bytes(window, position, 12)) >= 8 and shown[:2] == b"\2\0":
        head = header(shown, 0, len(shown), EXPLICIT)
        if head is None:
            raise UnreadableDataSetError(f"the file meta information is cut off at byte {position}")
        budget.step()
        start = position + head.size
        position = start + head.length
        if head.length == UNDEFINED_LENGTH or not window.holds(position):
            raise UnreadableDataSetError(f"the file meta information is cut off at byte {start}")
        if head.tag == TRANSFER_SYNTAX_UID and head.length <= LONGEST_UID and not transfer_syntax:
            transfer_syntax = take_bytes(window, start, head.length).decode("latin-1").strip("\0 ")
    return position, transfer_syntax


def _settle_encoding(stream: Stream, position: int, transfer_syntax: str) -> Encoding:
    """Settle what the file says against what it shows: a wrong VR encoding is read as it is, as the judge does."""
    shown = encoding.detect(take_bytes(stream, position, 8))
    declared = encoding.look_up(transfer_syntax) if transfer_syntax else shown
    if declared is None:
        raise UnreadableDataSetError(f"there is no data set at byte {position}")
    if shown is None or shown == declared:
        return declared
    if shown.big != declared.big:
        raise UnreadableDataSetError("the transfer syntax contradicts the data set")
    return shown
