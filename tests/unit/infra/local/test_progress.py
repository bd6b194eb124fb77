"""What people are told and asked, also when nobody is there any longer."""

import errno
import io
import sys

import pytest
from rich.console import Console

from infra.local.progress import Outlasting, Silent, Steps


class Terminal(io.StringIO):
    """Somebody's, who types an answer."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "agreed"), [("y\n", True), ("Yes\n", True), ("n\n", False), ("\n", False), ("yet\n", False)]
)
def test_a_person_is_asked_and_agrees_by_yes_only(monkeypatch, typed, agreed):
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    said = io.StringIO()
    assert Steps(Console(file=said)).confirm("Go on from [the last]?") is agreed
    assert said.getvalue() == "? Go on from [the last]? [y/N] "


def test_a_script_is_not_asked_and_agrees_to_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    said = io.StringIO()
    assert not Steps(Console(file=said)).confirm("Go on?")
    assert not Silent().confirm("Go on?")
    assert said.getvalue() == ""


def test_who_agreed_before_is_not_asked(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert Steps(Console(file=io.StringIO()), agrees=True).confirm("Go on?")


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, _text):
        raise OSError(errno.EIO, "Input/output error")

    def flush(self):
        raise BrokenPipeError


def test_a_terminal_that_was_closed_stops_nobody():
    steps = Steps(Console(file=Outlasting(Gone())))
    with steps.step("Stop the emulator"):
        steps.tell("It is still writing.")
