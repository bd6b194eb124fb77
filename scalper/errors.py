"""What the client raises."""

from scalper.shapes import Problem


class ClientError(Exception):
    """Raised when the client cannot do what it was asked; the root of the tree. Its text is for people."""


class CredentialsError(ClientError):
    """Raised when the credentials are missing, unsafe, or refused by the token endpoint."""


class UnreachableError(ClientError):
    """Raised when there was no answer, or only temporary refusals, however often we asked. Try again later."""


class TransferError(ClientError):
    """Raised when S3 refuses a file's bytes for good."""


class FileChangedError(ClientError):
    """Raised when a file is no longer what it was when it was announced."""


class DamagedError(ClientError):
    """Raised when a download's bytes are not those that were accepted. Nothing of it is kept."""


class JournalError(ClientError):
    """Raised when the journal cannot be used: another run holds it, or it is none of ours."""


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
