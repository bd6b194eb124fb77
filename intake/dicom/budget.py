"""What reading may cost: counted in steps and bytes, so that the same files cost the same on every machine."""

from dataclasses import dataclass

from intake.dicom.errors import TooCostlyError

# One step is about five microseconds of CPU: what passing over one data element takes.
FETCH = 300
"""Steps of a call of the byte source, where that is a call of S3."""
ITEM_STEPS = 2
VALUES_A_STEP = 8
INFLATED_A_STEP = 2 * 1024
"""Bytes, as `TAKEN_A_STEP`."""
TAKEN_A_STEP = 32
PASSED_A_STEP = 4 * 1024
"""Bytes, for who makes nothing of them but a sum."""


@dataclass(slots=True)
class Budget:
    """What is left to be spent. One may be shared by all files that one request names; it is not for several threads.

    Every method raises TooCostlyError.
    """

    steps: int
    """Of CPU, by all that follows."""
    fetched: int
    """Bytes that the byte source returns."""
    inflated: int
    """Bytes that deflated data sets become."""
    taken: int
    """Bytes of values that are looked at."""

    def step(self, count: int = 1) -> None:
        self.steps -= count
        if self.steps < 0:
            raise TooCostlyError("steps")

    def fetch(self, size: int) -> None:
        self.fetched -= size
        if self.fetched < 0:
            raise TooCostlyError("fetched")
        self.step(FETCH)

    def inflate(self, size: int) -> None:
        self.inflated -= size
        if self.inflated < 0:
            raise TooCostlyError("inflated")
        self.step(size // INFLATED_A_STEP)

    def take(self, size: int) -> None:
        """Spend on the bytes of a value."""
        self.taken -= size
        if self.taken < 0:
            raise TooCostlyError("taken")
        self.step(size // TAKEN_A_STEP)

    def count_values(self, count: int) -> None:
        """Spend on the values of one element."""
        self.step(count // VALUES_A_STEP)
