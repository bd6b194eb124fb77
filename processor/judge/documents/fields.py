"""Texts from files as metadata: bounded, and fit to be shown."""

from typing import Any

from intake.files.model import Metadata

LONGEST_TEXT = 256
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")


def clean_text(text: object) -> str:
    """Return a text without control characters, at most LONGEST_TEXT long; nothing for what is no text."""
    if not isinstance(text, str):
        return ""
    bounded = text[: 4 * LONGEST_TEXT].translate(CONTROLS).encode("utf-8", "replace").decode()
    return " ".join(bounded.split())[:LONGEST_TEXT]


def add(metadata: Metadata, **texts: Any) -> None:  # noqa: ANN401 — what a file holds may be anything.
    """Add the texts that say something."""
    metadata |= {key: clean_text(text) for key, text in texts.items() if clean_text(text)}
