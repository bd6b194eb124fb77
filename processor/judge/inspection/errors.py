"""How the reader's parts tell the judge that a file cannot be read any further."""


class UnreadableFileError(Exception):
    """Raised when nothing more can be read; `code` is the finding's. It never leaves the judge."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.where = where


class OtherKindError(Exception):
    """Raised when a file turns out to be of another kind than its first bytes told; it never leaves the judge."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class DamagedSequenceError(UnreadableFileError):
    """Raised when the structure is damaged at one place: within a sequence of known length, reading can go on."""


class BudgetSpentError(UnreadableFileError):
    """Raised when reading on would cost more than a file is worth. What was not reached may be in order."""
