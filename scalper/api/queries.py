"""What is asked page by page: lists, an upload's files among them, and the change feed."""

from collections.abc import Iterator

from scalper.api.connection import Connection
from scalper.api.model import Change, Changes, File, Json

PAGE = 100


def list_rows(connection: Connection, path: str, member: str, **query: str) -> Iterator[Json]:
    """Yield what stands in `member` of each page of a list. Raises ApiError, UnreachableError."""
    asked: dict[str, str | int] = {**query, "limit": PAGE}
    while True:
        page = connection.ask("GET", path, query=asked)
        yield from page[member]
        if "next" not in page:
            return
        asked["cursor"] = page["next"]


def list_files(connection: Connection, upload_id: str) -> Iterator[File]:
    """Yield an upload's files page by page, in the order of announcement. Raises ApiError, UnreachableError."""
    yield from map(File.read, list_rows(connection, f"uploads/{upload_id}", "files"))


def read_changes(connection: Connection, since: str | None, limit: int = 500) -> Changes:
    """Read a page of the change feed. Raises GoneError for a cursor that is too old, ApiError, UnreachableError."""
    query: dict[str, str | int] = {"limit": limit, **({"since": since} if since else {})}
    page = connection.ask("GET", "changes", query=query)
    return Changes(tuple(map(Change.read, page["changes"])), page["cursor"], page["poll_after_seconds"])
