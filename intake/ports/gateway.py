"""The API's front door, which turns away tokens of clients that it was not told of."""

from collections.abc import Collection
from typing import Protocol

MOST_CLIENTS = 50
"""Clients that the gateway can be told of, the portal's own among them (Amazon API Gateway quotas, "HTTP API")."""


class Gateway(Protocol):
    """The gateway's list of clients."""

    def admit(self, client_ids: Collection[str]) -> bool:
        """Have tokens of exactly these clients let in, within seconds. Say whether that changed anything."""
        ...
