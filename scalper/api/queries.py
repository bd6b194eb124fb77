"""What is asked page by page: an upload's files, and the change feed."""

from collections.abc import Iterator

from scalper.api.connection import Connection
from scalper.api.model import Change, Changes, File

PAGE = 100


def files_of(connection: Connection, upload_id: str) -> Iterator[File]:
    """Yield an upload's files page by page, in the order of announcement. Raises ApiError, UnreachableError."""
    query: dict[str, str | int] = {"limit": PAGE}
    while True:
        page = connection.ask("GET", f"uploads/{upload_id}", query=query)
        yield from map(File.read, page["files"])
        if "next" not in page:
            return
        query["cursor"] = page["next"]


def read_changes(connection: Connection, since: str | None, limit: int = 500) -> Changes:
    """Read a page of the change feed. Raises GoneError for a cursor that is too old, ApiError, UnreachableError."""
    query: dict[str, str | int] = {"limit": limit, **({"since": since} if since else {})}
    page = connection.ask("GET", "changes", query=query)
    return Changes(tuple(map(Change.read, page["changes"])), page["cursor"], page["poll_after_seconds"])
