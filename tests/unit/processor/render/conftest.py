"""What the renderer's tests share."""

import pytest

from tests.unit.processor.judge.corpus import CORPUS, needs_corpus, rows


@pytest.fixture
def corpus_file():
    """Return a function that finds the path of an accepted file of a transfer syntax."""
    if needs_corpus.args[0]:
        pytest.skip(needs_corpus.kwargs["reason"])

    def find(transfer_syntax: str):
        wanted = (row for row in rows() if row["transfer_syntax"] == transfer_syntax and row["expected"] != "reject")
        return CORPUS / next(wanted)["path"]

    return find
