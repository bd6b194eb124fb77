"""Partners' machine clients, as the user pool keeps them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client that was just made. The secret is shown once, and neither kept nor logged."""

    client_id: str
    secret: str = field(repr=False)


class Machines(Protocol):
    """The user pool's machine clients. Everything may raise UserPoolUnavailableError."""

    def create(self, name: str, scopes: Collection[str]) -> Credentials: ...

    def delete(self, client_id: str) -> None:
        """A client that is gone already is no error."""
        ...
