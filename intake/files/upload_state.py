"""The one state of an upload, and how many of the expected files are missing (docs/adr/0042).

Lists, receipts, bars, mails, the API, webhooks and tables all show what is computed here, and nothing of their own.
"""

from collections.abc import Callable
from enum import StrEnum

from intake.files.model import Upload
from intake.files.states import State


class UploadState(StrEnum):
    """How an upload stands. The value is what the API answers."""

    IN_PROGRESS = "in_progress"
    MISSING = "missing"
    NEEDS_ATTENTION = "needs_attention"
    COMPLETE = "complete"


TROUBLES = (State.REJECTED, State.FAILED)
"""States of files that came, and that somebody should look at."""


def find_upload_state(upload: Upload) -> UploadState:
    return next(state for state, holds in _RULES if holds(upload))


def count_missing(upload: Upload) -> int:
    """Return how many files never came: of those that were announced, or of those that somebody expects.

    Who expects more than there is misses what was announced in vain too, so the larger of the numbers holds both.
    """
    return 0 if upload.closed else max(count_lost(upload), *_list_shortages(upload))


def _list_shortages(upload: Upload) -> tuple[int, int]:
    """Return how many files, and how many images, there are fewer than were expected; below 0 where there are more.

    Images are counted once however often they come. Who counts files counts equal ones too: they are repetitions only
    where more came than was said.
    """
    came = upload.declared - count_lost(upload) - upload.replaced
    once = came - upload.repeats
    files = (upload.expected or 0) - (once if came > (upload.expected or 0) else came)
    images = (upload.expected_images or 0) - (once - upload.documents)
    return files if upload.expected else 0, images if upload.expected_images else 0


def count_lost(upload: Upload) -> int:
    """Return how many files were announced, never came, and were neither replaced nor dealt with."""
    return max(0, upload.counts.get(State.EXPIRED, 0) - upload.handled.get(State.EXPIRED, 0))


def count_missing_so_far(upload: Upload) -> int:
    """Return how many files are known to be missing: while some are checked, more of the expected may be announced."""
    return count_missing(upload) if upload.settled else count_lost(upload)


def count_troubled(upload: Upload) -> int:
    """Return how many files and containers came, were not accepted, and wait for somebody to do something about it."""
    return sum(count_open(upload, state) for state in TROUBLES)


def count_open(upload: Upload, state: State) -> int:
    """Return how many files and containers are in a state of trouble and were neither replaced nor dealt with."""
    return max(0, upload.counts.get(state, 0) + upload.containers.get(state, 0) - upload.handled.get(state, 0))


_RULES: tuple[tuple[UploadState, Callable[[Upload], object]], ...] = (
    (UploadState.IN_PROGRESS, lambda upload: not upload.settled),
    (UploadState.MISSING, count_missing),
    (UploadState.NEEDS_ATTENTION, count_troubled),
    (UploadState.COMPLETE, lambda _: True),
)
"""States and when they hold; the first one that holds counts."""
