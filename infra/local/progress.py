"""How far the runner has come, for people."""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console


class Progress(Protocol):
    """Told of each step as it starts and ends."""

    def step(self, title: str) -> contextlib.AbstractContextManager[None]: ...

    def tell(self, text: str) -> None: ...


class Silent:
    """Tells nobody."""

    def step(self, title: str) -> contextlib.AbstractContextManager[None]:
        del title
        return contextlib.nullcontext()

    def tell(self, text: str) -> None:
        del text


class Steps:
    """A line per step: what runs, then how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        with self._console.status(f"{title} …"):
            yield
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

    def tell(self, text: str) -> None:
        """Say what nobody asked for and everybody should know."""
        self._console.print(f"[yellow]![/] {text}", soft_wrap=True)
