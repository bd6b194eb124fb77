"""Whatever bytes come: a frame, or one of two errors, within what was allowed, and never a look beyond the object."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.pixels.frames import open_pixels
from tests.fuzz.mutations import mutated, operations_on
from tests.unit.intake.dicom.pixels.samples import PACKAGED, basic, fragmented, native, offsets_of
from tests.unit.intake.dicom.pixels.test_frames import FORMS, flat, many
from tests.unit.intake.dicom.readings import Source

EXAMPLES = int(os.environ.get("PIXEL_EXAMPLES", "400"))
FRAMES = many([20, 40, 8, 300], cuts=2)
SEEDS = [
    native(bytes(range(64)), frames=4),
    native(bytes(range(10)), vr="OB", frames=5, rows=3, columns=5, bits=1),
    native(bytes(range(64)), "1.2.840.10008.1.2.1.99", frames=4),
    native(bytes(range(64)), "1.2.840.10008.1.2.2", frames=2, bits=16, big=True),
    fragmented(flat(FRAMES), basic(offsets_of(FRAMES)), frames=4),
    *(form(many([20, 40, 8, 300])) for form in FORMS.values()),
    (PACKAGED / "test_files" / "JPEG2000.dcm").read_bytes()[:40_000],
]
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(operations_on("dicom")), st.floats(0, 1, exclude_max=True), st.integers(0, 2**32)),
    min_size=1,
    max_size=6,
)


class StrictSource(Source):
    """An object that nobody may read beyond."""

    def read(self, start, length):
        assert start >= 0
        assert length > 0
        assert start + length <= self.size
        return super().read(start, length)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.sampled_from(SEEDS), changes=OPERATIONS, number=st.integers(-1, 6), little=st.booleans())
def test_a_mutant_is_read_or_refused_within_its_budget(seed, changes, number, little):
    source = StrictSource(mutated(seed, changes))
    budget = Budget(steps=60_000, fetched=1 << 20, inflated=1 << 20, taken=1 << 16)
    try:
        pixels = open_pixels(source, budget)
        frame = pixels.read_frame(number, little=little)
        extents = pixels.locate(number)
    except (UnreadableDataSetError, TooCostlyError):
        assert sum(length for _, length in source.reads) <= 1 << 20
        return
    assert len(frame) <= (1 << 20) + len(source.data)
    if extents is not None and not (little and pixels.description.big):
        assert b"".join(source.data[start : start + length] for start, length in extents) == frame
