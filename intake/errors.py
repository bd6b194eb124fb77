"""The tree of errors that this system raises on purpose.

Expected AWS errors are translated into these at the adapters, by code. Anything else propagates and is retried.
"""


class ScalperError(Exception):
    """Raised when something that this system foresaw goes wrong; the root of the tree."""


class SettingsError(ScalperError):
    """Raised when a process starts without the settings it needs."""


class NotFoundError(ScalperError):
    """Raised when an upload or a file does not exist, or belongs to another clinic (the two look the same)."""


class ConflictError(ScalperError):
    """Raised when the state of a record does not allow what was asked."""


class ObjectMissingError(ScalperError):
    """Raised when an object version that an event names cannot be found in its bucket."""


class ObjectChangedError(ScalperError):
    """Raised when an object is no longer the one that was judged."""


class ScanUnfinishedError(ScalperError):
    """Raised when an object has no result of its malware scan to go by: none yet, or none that says anything of it."""


class LateThreatError(ScalperError):
    """Raised when a scan finds malware in a file whose verdict knows nothing of it: a person has to look."""


class ObjectTakenError(ScalperError):
    """Raised when the copy of another object stands where ours was to go."""


class ContentionError(ScalperError):
    """Raised when others kept writing the same records and our write must be tried again later."""


class ThrottledError(ContentionError):
    """Raised when the table served no more for some seconds: nothing was done, and it can be tried again later."""


class RevocationsUnknownError(ScalperError):
    """Raised when nobody can say whose access was ended."""


class InvalidCursorError(ScalperError):
    """Raised for a cursor or a position that was not given for this list, and for this reader."""


class ChangesGoneError(ScalperError):
    """Raised when changes behind a cursor of the feed are no longer kept."""


class LimitError(ScalperError):
    """Raised when a service takes no more of something."""
