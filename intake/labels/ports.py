"""What is asked of labels."""

from collections.abc import Sequence
from typing import Protocol

from intake.labels.model import LabelChange
from intake.studies.model import Label


class StudyLabels(Protocol):
    """Labels of exams. Each change is of what stands at that moment, however many people make one at once.

    Changes raise NotFoundError for an exam that is gone, unknown or another clinic's, and LabelError; a repetition
    changes nothing. A text that a label of the clinic has but for case and width is that label.
    """

    def of_clinic(self, clinic_id: str) -> tuple[Label, ...]:
        """Return the labels that a clinic's exams carry, in one call."""
        ...

    def of_study(self, clinic_id: str, study_id: str) -> tuple[Label, ...]:
        """Return an exam's labels. Raises NotFoundError."""
        ...

    def identify(self, clinic_id: str, text: str) -> Label:
        """Return the label that a text would be. Raises LabelTextError."""
        ...

    def add(self, clinic_id: str, study_id: str, text: str) -> LabelChange: ...

    def remove(self, clinic_id: str, study_id: str, label_id: str) -> LabelChange: ...

    def replace(
        self, clinic_id: str, study_id: str, texts: Sequence[str], standing: Sequence[str] | None = None
    ) -> LabelChange:
        """Give an exam these labels and no others; with `standing`, only where it has those.

        Raises ConflictError where it has others.
        """
        ...
