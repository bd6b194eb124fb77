"""How far the runner has come, for people."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.markup import escape


class Progress(Protocol):
    """Told of each step as it starts and ends."""

    def step(self, title: str) -> contextlib.AbstractContextManager[None]: ...

    def tell(self, text: str) -> None: ...

    def confirm(self, question: str) -> bool: ...


class Silent:
    """Tells nobody."""

    def step(self, title: str) -> contextlib.AbstractContextManager[None]:
        del title
        return contextlib.nullcontext()

    def tell(self, text: str) -> None:
        del text

    def confirm(self, question: str) -> bool:
        """Agree to nothing."""
        del question
        return False


class Steps:
    """A line per step: what runs, then how long it took."""

    def __init__(self, console: Console, *, agrees: bool = False) -> None:
        """`agrees` answers each question with yes, before it is asked."""
        self._console, self._agrees = console, agrees

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        with self._console.status(f"{title} …"):
            yield
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

    def tell(self, text: str) -> None:
        """Say what nobody asked for and everybody should know."""
        self._console.print(f"[yellow]![/] {text}", soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Ask the person, where there is one: a script has no terminal, and agrees by an option only."""
        if self._agrees or not sys.stdin.isatty():
            return self._agrees
        return self._console.input(f"[yellow]?[/] {escape(question)} \\[y/N] ").strip().lower() in {"y", "yes"}


class Outlasting:
    """Text output that goes on without its reader: when a terminal was closed, the stopping must go on all the same."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._output.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._output.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  Whatever else a terminal is asked for.
        return getattr(self._output, name)
