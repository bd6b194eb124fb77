"""How a run goes, and what became of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scalper.uploads.local_files import LocalFile
from scalper.uploads.plan import Plan
from scalper.uploads.transfer import Item


class Watcher(Protocol):
    """Is told how it goes. Any thread calls `advance`, with bytes; with less than nothing for bytes in vain."""

    def report_plan(self, plan: Plan) -> None: ...

    def report_upload(self, upload_id: str) -> None: ...

    def advance(self, size: int) -> None: ...

    def report_sent(self, item: Item) -> None: ...

    def report_withheld(self, path: Path) -> None: ...

    def report_skipped(self, path: Path, reason: str) -> None: ...

    def report_given_up(self, path: Path | None, file_id: str, reason: str, *, anew: bool) -> None: ...

    def report_trouble(self, path: Path, error: Exception) -> None: ...


@dataclass(slots=True)
class Outcome:
    """What became of a run."""

    files: dict[str, LocalFile] = field(default_factory=dict)
    """Every file that S3 has, by its id: those of earlier runs too."""
    uploads: dict[str, str] = field(default_factory=dict)
    """The upload of each of them, by its id."""
    states: dict[str, str] = field(default_factory=dict)
    """Verdicts that are known already, by file id."""
    withheld: list[Path] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    """Ids of files that were announced and are here no longer; another run does not help."""
    troubles: list[tuple[Path, Exception]] = field(default_factory=list)
    """Files that are not sent; another run may help."""
    halted: BaseException | None = None
    """Why the run ended before all was tried."""
    sent: int = 0
    """Files that this run sent."""
    bytes_sent: int = 0
    """All that went out to S3, attempts in vain included."""

    def unsettled(self) -> dict[str, str]:
        """Return the upload ids of files without a known verdict, by file id."""
        return {file_id: upload_id for file_id, upload_id in self.uploads.items() if file_id not in self.states}


class Silent:
    """A watcher that does nothing."""

    def report_plan(self, plan: Plan) -> None: ...

    def report_upload(self, upload_id: str) -> None: ...

    def advance(self, size: int) -> None: ...

    def report_sent(self, item: Item) -> None: ...

    def report_withheld(self, path: Path) -> None: ...

    def report_skipped(self, path: Path, reason: str) -> None: ...

    def report_given_up(self, path: Path | None, file_id: str, reason: str, *, anew: bool) -> None: ...

    def report_trouble(self, path: Path, error: Exception) -> None: ...
