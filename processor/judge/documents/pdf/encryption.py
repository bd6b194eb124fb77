"""Whether an encrypted PDF opens without a password: many only forbid printing or copying (ISO 32000-1, 7.6.3;
ISO 32000-2, 7.6.4).

The standard's own ciphers are told here only to compare what a document says of itself; nothing is decrypted.
"""

import hashlib
import re
import struct
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from processor.judge.documents.pdf.scripts import HEXADECIMAL, unescape

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
"""Stands for a password that is none."""
LONGEST = 4096
IDENTIFIER = re.compile(rb"/ID\s*\[\s*")
INDIRECT = re.compile(rb"/Encrypt\s*(\d{1,10})\s+\d{1,5}\s+R")
OCTAL = re.compile(rb"\\([0-7]{1,3})")
LEAST_STEPS, MOST_STEPS = 64, 287
"""Of the hash of revision 6: it ends where a byte that it makes is not above the number of steps so far less 32."""
_HASHES = ("sha256", "sha384", "sha512")


class _Standard(NamedTuple):
    """The entries of the standard security handler."""

    revision: int
    length: int
    """Of the key, in bytes."""
    owner: bytes
    user: bytes
    permissions: int
    identifier: bytes
    plain_metadata: bool


def opens_without_password(data: bytes, at: int) -> bool:
    """Say whether the document whose `/Encrypt` stands at `at` opens for everybody.

    False where that cannot be told: for handlers of other makers.
    """
    found = _parse_standard(data, at)
    check = _CHECKS.get(found.revision) if found else None
    return found is not None and check is not None and check(found)


def _parse_standard(data: bytes, at: int) -> _Standard | None:
    text = _find_dictionary(data, at)
    if b"/Standard" not in text:
        return None
    numbers = {name: re.search(rb"/" + name + rb"\s+(-?\d{1,10})\b", text) for name in (b"R", b"P", b"Length")}
    revision, permissions, bits = (int(found[1]) if found else 0 for found in numbers.values())
    owner, user = (_find_string(text, re.compile(rb"/" + name + rb"\s*(?=[(<])")) for name in (b"O", b"U"))
    if not (revision and owner and user):
        return None
    length = 5 if revision == 2 else 16 if revision == 4 else max(min(bits or 40, 128), 40) // 8
    plain = re.search(rb"/EncryptMetadata\s+false\b", text) is not None
    identifier = _find_string(data, IDENTIFIER)
    return _Standard(revision, length, owner[:32], user, permissions & 0xFFFFFFFF, identifier, plain)


def _find_dictionary(data: bytes, at: int) -> bytes:
    indirect = INDIRECT.match(data, at)
    if indirect is None:
        return data[at : at + LONGEST]
    place = re.search(rb"(?<!\d)" + indirect[1] + rb"\s+\d{1,5}\s+obj\b", data)
    if place is None:
        return b""
    end = data.find(b"endobj", place.end(), place.end() + LONGEST)
    return data[place.end() : end if end >= 0 else place.end() + LONGEST]


def _find_string(text: bytes, before: re.Pattern[bytes]) -> bytes:
    """Return the string behind `before`, or nothing. Its bytes may be anything, unbalanced parentheses escaped."""
    found = before.search(text)
    if found is None:
        return b""
    if hexadecimal := HEXADECIMAL.match(text, found.end()):
        digits = b"".join(hexadecimal[1].split())
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    return _parse_literal(text[found.end() : found.end() + LONGEST])


def _parse_literal(text: bytes) -> bytes:
    depth = position = 0
    while position < len(text):
        byte = text[position : position + 1]
        if byte == b"\\":
            position += 1
        depth += (byte == b"(") - (byte == b")")
        position += 1
        if depth == 0:
            break
    return OCTAL.sub(lambda found: bytes([int(found[1], 8) & 255]), unescape(text[1 : position - 1]))


def _derive_key(found: _Standard) -> bytes:
    """Return the key that no password makes (algorithm 2)."""
    said = PADDING + found.owner + found.permissions.to_bytes(4, "little") + found.identifier
    if found.revision >= 4 and found.plain_metadata:
        said += b"\xff\xff\xff\xff"
    digest = _hash_md5(said)
    for _ in range(50 if found.revision >= 3 else 0):
        digest = _hash_md5(digest[: found.length])
    return digest[: found.length]


def _check_2(found: _Standard) -> bool:
    return _apply_rc4(_derive_key(found), PADDING) == found.user[:32]


def _check_3(found: _Standard) -> bool:
    key, answer = _derive_key(found), _hash_md5(PADDING + found.identifier)
    for step in range(20):
        answer = _apply_rc4(bytes(byte ^ step for byte in key), answer)
    return answer == found.user[:16]


def _check_5(found: _Standard) -> bool:
    return hashlib.sha256(found.user[32:40]).digest() == found.user[:32]


def _check_6(found: _Standard) -> bool:
    """Compare the hash of no password (ISO 32000-2, algorithms 2.B and 11)."""
    digest = hashlib.sha256(found.user[32:40]).digest()
    for steps in range(1, MOST_STEPS + 1):
        encrypted = encrypt_cbc(digest[:16], digest[16:32], digest * 64)
        digest = hashlib.new(_HASHES[sum(encrypted[:16]) % 3], encrypted).digest()
        # As the readers count (PDFium, MuPDF, qpdf): the standard's "round number" has been taken for one less.
        if steps >= LEAST_STEPS and encrypted[-1] <= steps - 32:
            break
    return digest[:32] == found.user[:32]


_CHECKS: dict[int, Callable[[_Standard], bool]] = {2: _check_2, 3: _check_3, 4: _check_3, 5: _check_5, 6: _check_6}


def _hash_md5(said: bytes) -> bytes:
    return hashlib.md5(said, usedforsecurity=False).digest()


def _apply_rc4(key: bytes, text: bytes) -> bytes:
    state, at = list(range(256)), 0
    for index in range(256):
        at = (at + state[index] + key[index % len(key)]) & 255
        state[index], state[at] = state[at], state[index]
    first = second = 0
    out = bytearray()
    for byte in text:
        first = (first + 1) & 255
        second = (second + state[first]) & 255
        state[first], state[second] = state[second], state[first]
        out.append(byte ^ state[(state[first] + state[second]) & 255])
    return bytes(out)


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
    """Return the S-box, each byte's inverse and its bits mixed (5.1.1), and what it makes of columns (5.1.3)."""
    # 3 generates all bytes that have an inverse.
    powers = [1]
    while len(powers) < 255:
        powers.append(_double(powers[-1]) ^ powers[-1])
    inverses = {powers[at]: powers[-at % 255] for at in range(255)}
    box = bytearray()
    for at in range(256):
        byte = inverses.get(at, 0)
        turned = byte ^ byte << 1 ^ byte << 2 ^ byte << 3 ^ byte << 4
        box.append((turned ^ turned >> 8) & 0xFF ^ 0x63)
    columns = [(_double(byte) << 24 | byte << 16 | byte << 8 | _double(byte) ^ byte) for byte in box]
    rows = tuple(
        tuple((column >> shift | column << 32 - shift) & 0xFFFFFFFF for column in columns) for shift in (0, 8, 16, 24)
    )
    return _Tables(bytes(box), rows)
