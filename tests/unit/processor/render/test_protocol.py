"""What parent and child say to each other; the child's side is not to be believed."""

import json
from io import BytesIO

import pytest

from intake.renditions.model import NoPreview
from processor.render.protocol import Job, Output, parse_answer, read_job, write_job, write_pictures, write_reason


def said(facts, rest=b""):
    text = json.dumps(facts).encode() if not isinstance(facts, bytes) else facts
    return len(text).to_bytes(4, "big") + text + rest


def test_a_job_is_read_as_it_was_written_and_its_bytes_come_behind_it():
    pipe = BytesIO()
    job = Job(
        what="dicom",
        outputs=[Output(media_type="image/webp", edge=128), Output(media_type="image/png", edge=None)],
        frame=3,
        window=[40.0, 400.0],
        facts={"elements": {"00281050": "\xff\x00"}},
    )
    write_job(pipe, job)
    pipe.write(b"bytes")
    pipe.seek(0)

    assert read_job(pipe) == job
    assert pipe.read() == b"bytes"


def test_pictures_are_cut_as_they_were_written():
    pipe = BytesIO()
    write_pictures(pipe, [b"small", b"larger one"])

    assert parse_answer(pipe.getvalue(), 2) == [b"small", b"larger one"]


@pytest.mark.parametrize("reason", NoPreview)
def test_a_reason_is_read_as_it_was_written(reason):
    pipe = BytesIO()
    write_reason(pipe, reason)

    assert parse_answer(pipe.getvalue(), 2) is reason


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        said(b"no JSON"),
        said(b"[" * 100_000),
        said([]),
        said({}),
        said({"reason": "because"}),
        said({"reason": ["no-pixels"]}),
        said({"sizes": [3]}, b"abc"),
        said({"sizes": [3, 3, 3]}, b"abcabcabc"),
        said({"sizes": [1, 3]}, b"abc"),
        said({"sizes": [1, 1]}, b"abc"),
        said({"sizes": [-1, 4]}, b"abc"),
        said({"sizes": [0, 3]}, b"abc"),
        said({"sizes": [True, 2]}, b"abc"),
        said({"sizes": [1.5, 1.5]}, b"abc"),
        said({"sizes": "12"}, b"abc"),
        said({"sizes": [10**30, 2]}, b"abc"),
    ],
)
def test_a_lie_is_no_answer(answer):
    assert parse_answer(answer, 2) is None
