"""AES-128 in CBC mode, encryption only: what the password check of newer PDFs is made of (FIPS 197).

The judge has nothing but the standard library, which has no cipher. Nothing secret passes through this one: it only
computes what a document says of itself.
"""

import struct
from functools import cache
from typing import NamedTuple

BLOCK = 16
ROUNDS = 10
_WORDS = struct.Struct(">4I")

Words = tuple[int, int, int, int]
"""A block or a round's key, as numbers of 32 bits."""


class _Tables(NamedTuple):
    """The S-box, and for each byte what it adds to a column from each of the four rows."""

    box: bytes
    rows: tuple[tuple[int, ...], ...]


def encrypt_cbc(key: bytes, vector: bytes, text: bytes) -> bytes:
    """Encrypt whole blocks with a key and an initialization vector of 16 bytes; nothing is padded."""
    keys, tables = _expand_key(key), _build_tables()
    out = bytearray()
    state = _WORDS.unpack(vector)
    for block in _WORDS.iter_unpack(text):
        a, b, c, d = (old ^ new for old, new in zip(state, block, strict=True))
        state = _encrypt_block((a, b, c, d), keys, tables)
        out += _WORDS.pack(*state)
    return bytes(out)


def _encrypt_block(block: Words, keys: list[Words], tables: _Tables) -> Words:
    box, (row_0, row_1, row_2, row_3) = tables
    a, b, c, d = (word ^ key for word, key in zip(block, keys[0], strict=True))
    for k_0, k_1, k_2, k_3 in keys[1:-1]:
        a, b, c, d = (
            row_0[a >> 24] ^ row_1[b >> 16 & 255] ^ row_2[c >> 8 & 255] ^ row_3[d & 255] ^ k_0,
            row_0[b >> 24] ^ row_1[c >> 16 & 255] ^ row_2[d >> 8 & 255] ^ row_3[a & 255] ^ k_1,
            row_0[c >> 24] ^ row_1[d >> 16 & 255] ^ row_2[a >> 8 & 255] ^ row_3[b & 255] ^ k_2,
            row_0[d >> 24] ^ row_1[a >> 16 & 255] ^ row_2[b >> 8 & 255] ^ row_3[c & 255] ^ k_3,
        )
    # The last round mixes no columns.
    k_0, k_1, k_2, k_3 = keys[-1]
    return (
        (box[a >> 24] << 24 | box[b >> 16 & 255] << 16 | box[c >> 8 & 255] << 8 | box[d & 255]) ^ k_0,
        (box[b >> 24] << 24 | box[c >> 16 & 255] << 16 | box[d >> 8 & 255] << 8 | box[a & 255]) ^ k_1,
        (box[c >> 24] << 24 | box[d >> 16 & 255] << 16 | box[a >> 8 & 255] << 8 | box[b & 255]) ^ k_2,
        (box[d >> 24] << 24 | box[a >> 16 & 255] << 16 | box[b >> 8 & 255] << 8 | box[c & 255]) ^ k_3,
    )


def _expand_key(key: bytes) -> list[Words]:
    """Return the keys of the rounds (FIPS 197, 5.2)."""
    box = _build_tables().box
    keys, constant = [_WORDS.unpack(key)], 1
    for _ in range(ROUNDS):
        a, b, c, d = keys[-1]
        turned = (d << 8 | d >> 24) & 0xFFFFFFFF
        a ^= int.from_bytes(turned.to_bytes(4, "big").translate(box), "big") ^ constant << 24
        b ^= a
        c ^= b
        keys.append((a, b, c, d ^ c))
        constant = _double(constant)
    return keys


def _double(byte: int) -> int:
    """Multiply by x in the field of 256 elements (4.2.1)."""
    return byte << 1 ^ (0x11B if byte & 0x80 else 0)


@cache
def _build_tables() -> _Tables:
    box = _build_box()
    columns = [(_double(byte) << 24 | byte << 16 | byte << 8 | _double(byte) ^ byte) for byte in box]
    rows = tuple(
        tuple((column >> shift | column << 32 - shift) & 0xFFFFFFFF for column in columns) for shift in (0, 8, 16, 24)
    )
    return _Tables(box, rows)


def _build_box() -> bytes:
    """Return the S-box: each byte's inverse, and its bits mixed (5.1.1). 3 generates all that have an inverse."""
    powers = [1]
    while len(powers) < 255:
        powers.append(_double(powers[-1]) ^ powers[-1])
    inverses = {powers[at]: powers[-at % 255] for at in range(255)}
    box = bytearray()
    for at in range(256):
        byte = inverses.get(at, 0)
        turned = byte ^ byte << 1 ^ byte << 2 ^ byte << 3 ^ byte << 4
        box.append((turned ^ turned >> 8) & 0xFF ^ 0x63)
    return bytes(box)
