"""How compressed images start, by transfer syntax: enough to tell that no decoder can read one (PS3.5 8.2, A.4)."""

import struct
from collections.abc import Callable

LOOK = 64
"""Bytes of the first fragment that are looked at, where they are at hand: the whole of an RLE header."""

MISMATCH, DAMAGED = "compressed-stream-mismatch", "compressed-stream-damaged"

JPEG = b"\xff\xd8"
JPEG_2000, JP2 = b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "
_SIZ = struct.Struct(">2H8IH")
_RLE = struct.Struct("<16I")
RLE_HEADER = 64
MAX_SEGMENTS = 15


def find_fault(first: bytes, transfer_syntax: str) -> str:
    """Return the code of what is wrong with a stream that starts with `first`, or nothing."""
    if not first:
        return ""
    check = next((check for prefix, check in CHECKS if transfer_syntax.startswith(prefix)), None)
    return check(first) if check else ""


def _check_jpeg(first: bytes) -> str:
    """JPEG and JPEG-LS: the start of image, and a marker right behind it (T.81 B.2.1, T.87 C.1)."""
    if not first.startswith(JPEG):
        return MISMATCH
    return DAMAGED if len(first) > 2 and first[2] != 0xFF else ""


def _check_jpeg_2000(first: bytes) -> str:
    """JPEG 2000: the start of the codestream, and the size of image and tiles behind it (T.800 A.5.1)."""
    if first.startswith(JP2):
        return ""
    if not first.startswith(JPEG_2000):
        return MISMATCH
    if len(first) < 4 + _SIZ.size:
        return ""
    length, _, x, y, x_offset, y_offset, x_tile, y_tile, x_tiles, y_tiles, components = _SIZ.unpack_from(first, 4)
    sound = components and length == 38 + 3 * components
    return "" if sound and _lies(x, x_offset, x_tile, x_tiles) and _lies(y, y_offset, y_tile, y_tiles) else DAMAGED


def _lies(size: int, offset: int, tile: int, tiles: int) -> bool:
    """Say whether the image lies on its grid along one axis, and its first tile holds some of it (T.800 B.3)."""
    return offset < size and tiles <= offset < tiles + tile


def _check_rle(first: bytes) -> str:
    """RLE: the number of segments, and where each one starts, the first right behind the header (PS3.5 G.5)."""
    if len(first) < RLE_HEADER:
        return ""
    count, *starts = _RLE.unpack_from(first)
    used = starts[:count]
    sound = 1 <= count <= MAX_SEGMENTS and used[0] == RLE_HEADER and used == sorted(used)
    return "" if sound else MISMATCH


CHECKS: tuple[tuple[str, Callable[[bytes], str]], ...] = (
    ("1.2.840.10008.1.2.4.9", _check_jpeg_2000),
    ("1.2.840.10008.1.2.4.20", _check_jpeg_2000),
    ("1.2.840.10008.1.2.4.5", _check_jpeg),
    ("1.2.840.10008.1.2.4.6", _check_jpeg),
    ("1.2.840.10008.1.2.4.70", _check_jpeg),
    ("1.2.840.10008.1.2.4.80", _check_jpeg),
    ("1.2.840.10008.1.2.4.81", _check_jpeg),
    ("1.2.840.10008.1.2.5", _check_rle),
)
"""By the transfer syntax's prefix: those of one family share the start."""
