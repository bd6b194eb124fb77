"""The console command, and the Python client of the REST API: `scalper.Client`.

Names are imported when they are asked for, so that the console command starts without the client's libraries.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scalper.client import Client
    from scalper.errors import ApiError, ClientError, CredentialsError, DamagedError, NotFoundError, UnreachableError

__all__ = [
    "ApiError",
    "Client",
    "ClientError",
    "CredentialsError",
    "DamagedError",
    "NotFoundError",
    "UnreachableError",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - Whatever the module holds.
    if name not in __all__:
        raise AttributeError(f"module 'scalper' has no attribute {name!r}")
    return getattr(import_module("scalper.client" if name == "Client" else "scalper.errors"), name)
