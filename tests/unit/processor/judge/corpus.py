"""The corpus of real and hostile files, which is never part of the repository."""

import csv
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
CORPUS = Path(os.environ.get("CORPUS_DIR", ROOT.parent / "shared" / "corpus"))

needs_corpus = pytest.mark.skipif(
    not (CORPUS / "MANIFEST.csv").is_file(),
    reason=f"THE CORPUS IS MISSING: no MANIFEST.csv in {CORPUS}; set CORPUS_DIR to judge real files",
)


def rows() -> list[dict[str, str]]:
    with (CORPUS / "MANIFEST.csv").open(newline="") as manifest:
        return list(csv.DictReader(manifest))


def dicom_rows(*, confidence: str) -> list[dict[str, str]]:
    return [row for row in rows() if row["kind"].startswith("dicom/") and row["confidence"] == confidence]


def content(row: dict[str, str]) -> bytes:
    return (CORPUS / row["path"]).read_bytes()
