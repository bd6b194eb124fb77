"""One mail of each kind, and of each way that it may go; run as a module, it prints them all to be read."""

from collections.abc import Callable, Iterator
from functools import partial

from intake.files.keys import UNASSIGNED
from intake.files.states import State
from intake.languages import LANGUAGES, speaking
from intake.messaging.model import Alert, AlertKind
from intake.operations.model import Fault
from intake.projections.model import DueAlert
from processor.projection.alert_texts import write_completed
from processor.projection.projector import WRITERS
from tests.records import UPLOAD_ID, an_upload

ORIGIN = "https://portal.test"
FILE_ID = f"{UPLOAD_ID}-00001"
FAULTS = {fault.value: 1 + number for number, fault in enumerate(Fault) if fault is not Fault.LATE}
MONTH = {
    "accepted": 4321,
    "again": 12,
    "rejected": 71,
    "before-accepted": 1,
    "cause-empty-file": 1_240,
    "cause-gone": 2,
}

FACTS: list[tuple[AlertKind, str, int, dict[str, int]]] = [
    (AlertKind.REJECTED, UPLOAD_ID, 1, {"empty-file": 1}),
    (AlertKind.REJECTED, UPLOAD_ID, 1_234, {"empty-file": 1_233, "pixel-data-short": 1, "no-such-rule": 1}),
    (AlertKind.REJECTED, UPLOAD_ID, 2, {}),
    (AlertKind.FAILED, UPLOAD_ID, 1, {}),
    (AlertKind.FAILED, UPLOAD_ID, 1_234, {}),
    (AlertKind.LATE, UPLOAD_ID, 1, {}),
    (AlertKind.LATE, UPLOAD_ID, 3, {}),
    (AlertKind.QUIET, "northside", 1, {}),
    (AlertKind.EXAMS_MISSING, "northside.20261122", 1, {}),
    (AlertKind.EXAMS_MISSING, "northside.20261122", 1_234, {}),
    (AlertKind.SCORECARD, "northside", 1, MONTH),
    (AlertKind.SCORECARD, "northside", 1, {"accepted": 1}),
    (AlertKind.DISAGREEMENT, "northside", 1, FAULTS),
    (AlertKind.REVIEW, "northside", 1, {}),
    (AlertKind.REVIEW, "northside", 1_234, {}),
]

UPLOADS = (
    an_upload(declared=3, counts={State.ACCEPTED: 3}),
    an_upload(declared=1, counts={State.ACCEPTED: 1}, warnings=1, duplicates=1),
    an_upload(
        declared=1_240,
        expected=1_243,
        counts={
            State.ACCEPTED: 1_234, State.REJECTED: 2, State.FAILED: 1, State.EXPIRED: 1, State.DELETED: 2,
        },
        containers={State.REJECTED: 1},
        warnings=12,
        duplicates=7,
    ),
    an_upload(declared=2, expected=3, counts={State.ACCEPTED: 2}, containers={State.REJECTED: 2}),
    an_upload(declared=0, counts={}),
)  # fmt: skip


def list_writers() -> Iterator[tuple[str, Callable[[], Alert]]]:
    """Yield a name for each mail, and what writes it in the language that is spoken."""
    for number, (kind, subject, count, codes) in enumerate(FACTS):
        due = DueAlert(kind, "northside", subject, count, codes, FILE_ID)
        yield f"{kind}-{number}", partial(WRITERS[kind], due, ORIGIN)
    for kind in (AlertKind.REJECTED, AlertKind.FAILED, AlertKind.LATE, AlertKind.DISAGREEMENT):
        due = DueAlert(kind, UNASSIGNED, UPLOAD_ID, 2, {} if kind != AlertKind.DISAGREEMENT else FAULTS, FILE_ID)
        yield f"{kind}-of-nobody", partial(WRITERS[kind], due, ORIGIN)
    for number, upload in enumerate(UPLOADS):
        due = DueAlert(AlertKind.COMPLETED, "northside", UPLOAD_ID, 1, {}, "")
        yield f"{AlertKind.COMPLETED}-{number}", partial(write_completed, due, upload, ORIGIN)


if __name__ == "__main__":
    for name, write in list_writers():
        for language in LANGUAGES:
            with speaking(language):
                mail = write()
            print(f"===== {name}, {language}\nSubject: {mail.subject}\n\n{mail.body}\n")
