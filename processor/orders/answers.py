"""What an order is answered of a file, from what was found in it."""

from intake.files.model import Finding, Severity
from intake.orders.model import Answer

Answering = tuple[Answer, tuple[str, ...]]
"""An answer, and the codes of the findings that reject the file."""


def answer_of(findings: tuple[Finding, ...]) -> Answering:
    rejecting = rejecting_codes(findings)
    if rejecting:
        return Answer.REJECTED, rejecting
    return (Answer.WARNED if findings else Answer.ACCEPTED), ()


def rejecting_codes(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.code for found in findings if found.severity is Severity.REJECT))
