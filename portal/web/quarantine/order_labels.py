"""How the work lists say things: tasks, and what became of the files they were for."""

from intake.files.states import State
from intake.orders.model import Answer, Order, Task
from portal.presentation.formatting import format_count
from portal.presentation.labels import STATE_BADGES, WARNED, Badge

TITLES = {
    Task.REPROCESS: "Checking files again",
    Task.TRY: "Dry run with today's rules",
    Task.ACCEPT: "Accepting after review",
    Task.DELETE: "Deleting from quarantine",
}

EXPLANATIONS = {
    Task.REPROCESS: "Each file is judged with today's rules and its clinic's profile, and filed by the new verdict.",
    Task.TRY: "Each file is judged with today's rules and its clinic's profile. Nothing is moved and nobody is told.",
    Task.ACCEPT: "Two administrators have decided. Each file is judged once more, and accepted with its findings as "
    "warnings if it is still as it was reviewed.",
    Task.DELETE: "The content leaves quarantine. The record of each file, its findings and its timeline stay.",
}

ANSWERS: dict[Answer, Badge] = {
    Answer.ACCEPTED: STATE_BADGES[State.ACCEPTED],
    Answer.WARNED: WARNED,
    Answer.REJECTED: Badge("Still rejected", "cross", "bad", ""),
    Answer.DELETED: STATE_BADGES[State.DELETED],
    Answer.ENQUEUED: Badge("Being unpacked again", "clock", "wait", ""),
    Answer.GONE: Badge("Content no longer kept", "hourglass", "wait", ""),
    Answer.UNSCANNED: Badge("Not scanned for malware", "alert", "fault", ""),
    Answer.CLOSED: Badge("Left alone: not in such a state", "file", "wait", ""),
    Answer.REFUSED: Badge("Review does not hold", "alert", "fault", ""),
}

TRIED: dict[Answer, Badge] = {
    **ANSWERS,
    Answer.ACCEPTED: Badge("Would be accepted", "check", "ok", ""),
    Answer.WARNED: Badge("Would be accepted, with warnings", "warning", "warn", ""),
    Answer.REJECTED: Badge("Would be rejected", "cross", "bad", ""),
}

RETRIED: dict[Answer, Badge] = {**ANSWERS, Answer.REJECTED: STATE_BADGES[State.REJECTED]}


def choose_answer_badges(order: Order) -> dict[Answer, Badge]:
    """Return how the answers to an order are called."""
    if order.task is Task.TRY:
        return TRIED
    return ANSWERS if order.selection.state is State.REJECTED else RETRIED


def write_progress_line(order: Order) -> str:
    """Return how far an order has come, as one sentence."""
    if not order.listed and not order.total:
        return "The files are being looked for."
    if order.complete:
        return f"Done: {format_count(order.total, 'file')}." if order.total else "No file matched."
    more = "" if order.listed else ", and more are being looked for"
    return f"{order.answered:,} of {format_count(order.total, 'file')} done{more}."
