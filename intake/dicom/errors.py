"""What can go wrong while a data set is read."""

from intake.errors import ScalperError


class UnreadableDataSetError(ScalperError):
    """Raised when bytes are no data set that can be read any further. Its text says where, and nothing of a value."""


class DamagedStructureError(UnreadableDataSetError):
    """Raised when the structure is damaged at one place: within a sequence of known length, reading can go on."""


class TooCostlyError(ScalperError):
    """Raised when reading would cost more than it may."""

    def __init__(self, cost: str) -> None:
        super().__init__(f"The budget of {cost} is spent.")
        self.cost = cost
        """The name of the field of `Budget` that is spent."""
