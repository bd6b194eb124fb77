"""Opening a file: preamble, file meta information, transfer syntax, and then its data set (PS3.10 7.1, PS3.5 A)."""

from intake.dicom import encoding
from intake.dicom.budget import Budget
from intake.dicom.command_elements import end_of_commands
from intake.dicom.elements import UNDEFINED_LENGTH, Header, header
from intake.dicom.encoding import EXPLICIT, Encoding
from intake.dicom.errors import UnreadableFileError
from intake.dicom.scanner import Scanner
from intake.dicom.streams import ByteSource, InflatedStream, RangedStream, Stream

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
    where they were read already: `streams.FIRST_READ`, or all of a smaller file. Raises UnreadableFileError,
    BudgetSpentError, ObjectChangedError, and what the source raises.
    """
    window = RangedStream(source, budget, first)
    position, transfer_syntax = _pass_meta(window, budget)
    stream: Stream = window
    if transfer_syntax in encoding.DEFLATED:
        stream, position = InflatedStream(window, position, budget), 0
    start = end_of_commands(stream, position)
    encoded = _settle_encoding(stream, start, transfer_syntax)
    return Scanner(stream, start, encoded, budget, guessing=guessing), transfer_syntax


def _pass_meta(window: RangedStream, budget: Budget) -> tuple[int, str]:
    """Pass over the elements of group 0002, and return where they end and the transfer syntax that they state first."""
    transfer_syntax = ""
    position = next((at + 4 for at in (PREAMBLE, 0) if window.buffer[at : at + 4] == MAGIC), 0)
    while (head := _read_meta_header(window, position)) is not None:
        budget.step()
        start = position + head.size
        position = start + head.length
        if head.length == UNDEFINED_LENGTH or not window.holds(position):
            raise UnreadableFileError(f"the file meta information is cut off at byte {start}")
        if head.tag == TRANSFER_SYNTAX_UID and head.length <= LONGEST_UID and not transfer_syntax:
            window.show(start, head.length)
            at = start - window.origin
            transfer_syntax = window.buffer[at : at + head.length].decode("latin-1").strip("\0 ")
    return position, transfer_syntax


def _read_meta_header(window: RangedStream, position: int) -> Header | None:
    there = window.show(position, 12)
    at = position - window.origin
    if there < 8 or window.buffer[at : at + 2] != b"\2\0":
        return None
    head = header(window.buffer, at, at + there, EXPLICIT)
    if head is None:
        raise UnreadableFileError(f"the file meta information is cut off at byte {position}")
    return head


def _settle_encoding(stream: Stream, position: int, transfer_syntax: str) -> Encoding:
    """Settle what the file says against what it shows: a wrong VR encoding is read as it is, as the judge does."""
    there = min(stream.show(position, 8), 8)
    at = position - stream.origin
    shown = encoding.detect(stream.buffer[at : at + there])
    declared = encoding.look_up(transfer_syntax) if transfer_syntax else shown
    if declared is None:
        raise UnreadableFileError(f"there is no data set at byte {position}")
    if shown is None or shown == declared:
        return declared
    if shown.big != declared.big:
        raise UnreadableFileError("the transfer syntax contradicts the data set")
    return shown
