"""What a label is, how many there may be, and what a change of an exam's labels was.

A label's text is its people's own, and may name a patient whatever they are told: it stands in the exam's item and in
the clinic's set, and in no key, address, log or entry of the audit log. Elsewhere its keyed id stands for it.
"""

import unicodedata
from dataclasses import dataclass

from intake.errors import ScalperError
from intake.studies.model import Label

LONGEST_LABEL = 40
"""Characters."""
MOST_LABELS = 5
"""Labels of an exam."""
MOST_OF_CLINIC = 50
"""Labels that a clinic has in use. One that no exam carries any more is forgotten, and makes room."""

_LONGEST_GIVEN = 4 * LONGEST_LABEL
_UNFIT = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories of what does not show, or turns what stands around it."""


class LabelError(ScalperError):
    """Raised when an exam cannot be given such a label."""


class LabelTextError(LabelError):
    """Raised for a text that is empty or too long."""


class TooManyLabelsError(LabelError):
    """Raised where the exam would carry too many labels."""


class LabelsFullError(LabelError):
    """Raised where the clinic would have too many labels in use."""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """An exam's labels before and after."""

    before: tuple[Label, ...]
    after: tuple[Label, ...]

    @property
    def added(self) -> tuple[Label, ...]:
        ids = {label.label_id for label in self.before}
        return tuple(label for label in self.after if label.label_id not in ids)

    @property
    def removed(self) -> tuple[Label, ...]:
        ids = {label.label_id for label in self.after}
        return tuple(label for label in self.before if label.label_id not in ids)


def normalise_label(text: str) -> str:
    """Return a text as it is kept: in NFC, with single spaces and nothing hidden. Raises LabelTextError."""
    if len(text) > _LONGEST_GIVEN:
        raise LabelTextError("the label is too long")
    shown = "".join(" " if unicodedata.category(one) in _UNFIT else one for one in unicodedata.normalize("NFC", text))
    label = " ".join(shown.split())
    if not label or len(label) > LONGEST_LABEL:
        raise LabelTextError("the label is empty or too long")
    return label
