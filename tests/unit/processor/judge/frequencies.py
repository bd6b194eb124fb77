"""How often each warning stands on accepted files of the corpora: run it as a module to see."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from intake.files import keys
from intake.files.model import Whose
from processor.judge import Facts, judge
from processor.judge.rules.catalogue import RULES
from tests.unit.processor.judge.corpus import CORPUS
from tests.unit.processor.judge.sources import CountedSource

SHOWN = 20


@dataclass
class Frequencies:
    """What was counted."""

    files: int = 0
    accepted: int = 0
    warned: int = 0
    asking: int = 0
    """Accepted files with a warning that asks something of the clinic."""
    codes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_corpora(cls, root: Path) -> Self:
        counted = cls()
        for path in files_of(root):
            counted.add(path)
        return counted

    def add(self, path: Path) -> None:
        judgement = judge(CountedSource(path.read_bytes()), Facts(extension=keys.extension(path.name)))
        self.files += 1
        if judgement.rejected:
            return
        codes = [found.code for found in judgement.findings]
        self.accepted += 1
        self.warned += bool(codes)
        self.asking += any(RULES[code].whose is Whose.CLINIC for code in codes)
        self.codes.update(codes)

    def __str__(self) -> str:
        head = (
            f"{self.files} files, {self.accepted} accepted, {self.warned} with a warning, {self.asking} ask the clinic"
        )
        rows = [f"{times:5}  {RULES[code].whose:7} {code}" for code, times in self.codes.most_common(SHOWN)]
        return "\n".join([head, *rows])


def files_of(root: Path) -> Iterator[Path]:
    """Yield the files of the main corpus and of the one from the field, where they are."""
    for folder in (root, root / "field"):
        manifest = folder / "MANIFEST.csv"
        if manifest.is_file():
            with manifest.open(newline="") as rows:
                yield from (folder / row["path"] for row in csv.DictReader(rows))


if __name__ == "__main__":
    print(Frequencies.of_corpora(CORPUS))
