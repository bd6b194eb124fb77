"""The offline check and the processor say the same of a file, whatever it is called."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from intake.files import keys
from intake.files.states import State
from processor.ingest.offline_check import check
from processor.judge import judge
from processor.judge.inspection.carriers import is_carrier_name
from processor.judge.inspection.findings import EVERYTHING
from tests.archives import zipped
from tests.document_files import png
from tests.records import a_file
from tests.unit.processor.ingest.test_process import World

CONTENTS = [b"a,b\n1,2\n", b"one word", b"PID|1\rPV1|2\r", b"%PDF-1.4\n", png(), zipped({"a.csv": b"a,b\n1,2\n"})]
"""What tells little of itself, so that its extension counts; and what tells all."""
KNOWN = ["csv", "hl7", "dcm", "pdf", "PNG", "Zip", "nii.gz", "tiff", "docx", "csv ", "hl7\\", "\u0131json"]
LETTERS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
NAMES = st.one_of(
    st.text(LETTERS, min_size=1, max_size=60),
    st.builds("{}.{}".format, st.text(LETTERS, max_size=30), st.sampled_from(KNOWN)),
).filter(lambda name: name not in {".", ".."})


@given(NAMES, st.sampled_from(CONTENTS))
@example("a\\.csv", b"one word")
@example("a.b-csv", b"one word")
@example("a." + "x" * 14, b"one word")
@settings(deadline=None)
def test_a_file_has_one_verdict_whether_it_is_checked_offline_dropped_or_announced(name, content):
    # Those are judged where somebody names them, and left out of what is dropped into S3.
    assume(not is_carrier_name(name))
    dropped = processed(f"northside/{name}", content, {})
    announced = processed(a_file().incoming.key, content, {"extension": keys.extension(name)})

    assert checked(name, content) == dropped == announced


def checked(name, content):
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / name
        path.write_bytes(content)
        judgement = next(check(path, EVERYTHING)).judgement
        state = State.REJECTED if judgement.rejected else State.ACCEPTED
        return judgement.kind, state, tuple(found.code for found in judgement.findings)
    finally:
        shutil.rmtree(folder)


def processed(key, content, metadata):
    world = World()
    world.reserve()
    processed = world.processor_with(judge).process(world.arrive(key, content, metadata))
    return processed.kind, processed.state, processed.codes
