"""What the REST API answers where content is asked for: what is to be had where, and what is not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from scalper.api.model import Json, read_time


@dataclass(slots=True)
class Content:
    """An accepted file, and where its bytes are had."""

    file_id: str
    name: str
    """As it was sent: not to be trusted as a path."""
    size: int
    sha256: str | None
    url: str
    expires_at: datetime
    page: str
    """The cursor that asks for new addresses of the page that it stands on."""

    @classmethod
    def read(cls, row: Json, page: str) -> Self:
        plain = {name: row[name] for name in ("file_id", "name", "size", "sha256", "url")}
        return cls(**plain, expires_at=read_time(row["expires_at"]), page=page)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of a study or an upload that is not to be had, or not by itself."""

    file_id: str
    name: str
    reason: str
    """`duplicate`, `superseded`, `unpacked`, or its state where it was not accepted."""

    @classmethod
    def read(cls, row: Json) -> Self:
        return cls(row["file_id"], row["name"], row["reason"])
