"""What the client raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


class ClientError(Exception):
    """Raised when the client cannot do what it was asked; the root of the tree. Its text is for people."""


class CredentialsError(ClientError):
    """Raised when the credentials are missing, unsafe, or refused by the token endpoint."""


class SignInError(CredentialsError):
    """Raised when nobody signed in: in time, or at all."""


class SessionEndedError(CredentialsError):
    """Raised when a person's sign-in is good no longer."""


class NotAdminError(ClientError):
    """Raised when whoever signed in is no admin."""


class StillRunningError(ClientError):
    """Raised when a job goes on at the portal while nobody follows it any more."""


class UnreachableError(ClientError):
    """Raised when there was no answer, or only temporary refusals, however often we asked. Try again later."""


class TransferError(ClientError):
    """Raised when S3 refuses a file's bytes for good."""


class FileChangedError(ClientError):
    """Raised when a file is no longer what it was when it was announced."""


class DamagedError(ClientError):
    """Raised when a download's bytes are not those that were accepted. Nothing of it is kept."""


class DirectoryError(ClientError):
    """Raised when no DICOMDIR can be written: pydicom is missing, or somebody else's is there."""


class JournalError(ClientError):
    """Raised when the journal cannot be used: another run holds it, or it is none of ours."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document (RFC 9457)."""

    status: int
    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    request_id: str = ""
    errors: tuple[Mapping[str, Any], ...] = ()
    """With `invalid-request`: what to correct, each with `pointer` or `parameter`, `code` and `message`."""

    @property
    def slug(self) -> str:
        """The last segment of `type`, as `not-found`: stable."""
        return self.type.rpartition("/")[2]

    def describe(self) -> str:
        """Say it in a sentence or two."""
        faults = "".join(
            f" {fault.get('pointer') or fault.get('parameter')}: {fault.get('message')}." for fault in self.errors
        )
        request = f" (request {self.request_id})" if self.request_id else ""
        return (
            f"{self.title or 'The API answered with an error'} ({self.status}). {self.detail}{faults}{request}".strip()
        )

    @classmethod
    def read(cls, status: int, document: Mapping[str, Any]) -> Self:
        texts = {name: str(document.get(name, "")) for name in ("title", "detail", "request_id")}
        return cls(
            status, str(document.get("type", "about:blank")), errors=tuple(document.get("errors") or ()), **texts
        )


class ApiError(ClientError):
    """Raised when the API answers with a problem document (RFC 9457)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.describe())
        self.problem = problem


class NotFoundError(ApiError):
    """Raised when there is no such thing, or it is another clinic's."""


class NotPermittedError(ApiError):
    """Raised when the token is not taken, or lacks a scope."""


class ConflictError(ApiError):
    """Raised when the state of a file or an upload does not allow what was asked."""


class GoneError(ApiError):
    """Raised when a cursor of the change feed is too old."""


_BY_STATUS = {
    401: NotPermittedError,
    403: NotPermittedError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}


def error_for(problem: Problem) -> ApiError:
    """Return the error for a problem."""
    return _BY_STATUS.get(problem.status, ApiError)(problem)
