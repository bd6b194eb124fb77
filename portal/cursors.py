"""Cursors: a page's position, sealed for the list and the reader that it was given to.

What is sealed can neither be read nor made up, and opens nowhere but in its own list: its address, its filters, and the
clinic that asks, or the admins. Everything else is InvalidCursorError, whatever is wrong with it.

AES-SIV (RFC 5297) under a subkey of the deployment's key. It needs no nonce: the same page is told in the same words,
so that its entity tag stays what it is. Partners keep cursors of the change feed for weeks; the key before the current
one opens them too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from intake.errors import InvalidCursorError
from intake.files.outcomes import Page
from intake.table.queries import LONGEST_POSITION
from portal.auth.identity import Identity
from portal.crypto.deployment_secrets import DeploymentKey
from portal.crypto.sealing import decode_base64url, encode_base64url
from portal.services import Services

Row = TypeVar("Row")
SomePage = TypeVar("SomePage", bound=Page[Any])

LONGEST = 4 * (LONGEST_POSITION + 16 + 2) // 3
"""Characters of a cursor: of the longest position, its tag, and base64. A longer text is not even decoded."""

_PURPOSE = "cursors"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a request wants a page to begin."""

    address: str
    """Path of the list."""
    text: str | None = None
    """As it was given; None for the list's beginning."""

    def __bool__(self) -> bool:
        return self.text is not None


def seal_page(
    services: Services, identity: Identity, cursor: Cursor, read: Callable[[str | None], SomePage], **filters: object
) -> SomePage:
    """Return the page that begins behind a cursor; `read` is given its position, or None. Raises InvalidCursorError.

    `filters` are what the list is narrowed by: with others, it is another list.
    """
    found = read(unseal(services, identity, cursor, **filters))
    return replace(found, next=found.next and seal(services, identity, cursor, found.next, **filters))


def read_rows(read: Callable[[str | None], Page[Row]]) -> Iterator[Row]:
    """Yield the rows of one page after the other; `read` is given a position, or None for the beginning."""
    after: str | None = None
    while True:
        found = read(after)
        yield from found.rows
        after = found.next
        if after is None:
            return


def seal(services: Services, identity: Identity, cursor: Cursor, position: str, **filters: object) -> str:
    """Return the cursor of a position in the list that `cursor` belongs to."""
    current, *_ = services.deployment_key.derive(_PURPOSE)
    return encode_base64url(AESSIV(current).encrypt(position.encode(), _encode_binding(identity, cursor, filters)))


def unseal(services: Services, identity: Identity, cursor: Cursor, **filters: object) -> str | None:
    """Return the position that a cursor holds, None for none. Raises InvalidCursorError."""
    if cursor.text is None:
        return None
    if not cursor.text or len(cursor.text) > LONGEST:
        raise InvalidCursorError("the cursor is not one that is given")
    try:
        sealed = decode_base64url(cursor.text)
    except ValueError as error:
        raise InvalidCursorError("the cursor is not one that is given") from error
    key, bound_to = services.deployment_key, _encode_binding(identity, cursor, filters)
    position = _decrypt(key, sealed, bound_to)
    if position is None and key.look_again():
        position = _decrypt(key, sealed, bound_to)
    if position is None:
        raise InvalidCursorError("the cursor was not given for this list")
    return position


def _decrypt(key: DeploymentKey, sealed: bytes, bound_to: list[bytes]) -> str | None:
    for one in key.derive(_PURPOSE):
        try:
            return AESSIV(one).decrypt(sealed, bound_to).decode()
        except InvalidTag:
            continue
    return None


def _encode_binding(identity: Identity, cursor: Cursor, filters: dict[str, object]) -> list[bytes]:
    """Return what a cursor belongs to. AES-SIV takes a list, so that no two of its texts run into each other."""
    # No clinic's id is empty.
    given = [f"{name}={value}" for name, value in sorted(filters.items()) if value not in {None, ""}]
    return [part.encode("utf-8", "surrogatepass") for part in (cursor.address, identity.clinic_id or "", *given)]
