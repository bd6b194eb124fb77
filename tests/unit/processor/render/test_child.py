"""What the child does around drawing: its answers and its exit codes."""

import io
import os
import sys

import pytest

from intake.renditions.model import NoPreview
from processor.render import child, limits
from processor.render.process import IMPORT_FAILED
from processor.render.protocol import Job, NoPictureError, Output, parse_answer, write_job


class Pipe(io.BytesIO):
    """What stays to be read after it was closed."""

    def close(self) -> None:
        """Leave it open."""


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs the child here, with a drawing of the test's own: its exit code and its answer."""

    def run(draw):
        job, answers = Pipe(), Pipe()
        write_job(job, Job(what="pdf", outputs=[Output(media_type="image/webp", edge=128)]))
        job.write(b"content")
        job.seek(0)
        monkeypatch.setattr(limits, "confine", lambda: None)
        monkeypatch.setattr(child, "_take_output", lambda: answers)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(job))
        monkeypatch.setattr(
            child, "import_module", lambda name: type("Drawing", (), {"draw_document": staticmethod(draw)})
        )
        return child.main(), parse_answer(answers.getvalue(), 1)

    return run


def test_pictures_are_answered(run):
    assert run(lambda job, content: [job.what.encode() + content.read()]) == (0, [b"pdfcontent"])


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NoPictureError(NoPreview.PROTECTED), NoPreview.PROTECTED), (MemoryError(), NoPreview.TOO_LARGE)],
)
def test_reasons_are_answered(run, error, reason):
    def draw(job, content):
        raise error

    assert run(draw) == (0, reason)


def test_what_a_library_raises_ends_it(run):
    def draw(job, content):
        raise ValueError("what a library says of a file")

    with pytest.raises(ValueError, match="library"):
        run(draw)


def test_a_missing_library_is_no_answer(run, monkeypatch):
    def fail(name):
        raise ImportError(name)

    def draw(job, content):
        raise AssertionError("it was not imported")

    monkeypatch.setattr(child, "_import_drawing", fail)

    assert run(draw) == (IMPORT_FAILED, None)


def test_what_libraries_print_is_no_part_of_the_answer(capfd):
    kept = os.dup(1)
    try:
        with child._take_output() as answers:
            os.write(1, b"a library's complaint")
            answers.write(b"answer")
    finally:
        os.dup2(kept, 1)
        os.close(kept)

    said = capfd.readouterr()
    assert (said.out, said.err) == ("answer", "a library's complaint")
