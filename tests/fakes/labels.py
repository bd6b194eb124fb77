"""Labels of exams, on the one fake table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from intake.errors import ConflictError, NotFoundError
from intake.labels.model import (
    MOST_LABELS,
    MOST_OF_CLINIC,
    LabelChange,
    LabelsFullError,
    TooManyLabelsError,
    normalise_label,
)
from intake.studies.model import Label
from intake.studies.study_items import read_labels
from tests.fakes.search import FakeStudies
from tests.fakes.table import FakeTable
from tests.records import IDS


@dataclass
class FakeStudyLabels:
    """Labels by study."""

    table: FakeTable = field(default_factory=FakeTable)

    def of_clinic(self, clinic_id: str) -> tuple[Label, ...]:
        studies = [one for one in FakeStudies(self.table).seen().values() if one.clinic_id == clinic_id]
        return read_labels({label.label_id: label.text for study in studies for label in study.labels})

    def of_study(self, clinic_id: str, study_id: str) -> tuple[Label, ...]:
        study = FakeStudies(self.table).seen().get(study_id)
        if study is None or study.clinic_id != clinic_id:
            raise NotFoundError(study_id)
        return study.labels

    def identify(self, clinic_id: str, text: str) -> Label:
        label = normalise_label(text)
        return Label(IDS.label(clinic_id, label), label)

    def add(self, clinic_id: str, study_id: str, text: str) -> LabelChange:
        new = self.identify(clinic_id, text)
        return self._write(clinic_id, study_id, [*self.of_study(clinic_id, study_id), new])

    def remove(self, clinic_id: str, study_id: str, label_id: str) -> LabelChange:
        standing = self.of_study(clinic_id, study_id)
        return self._write(clinic_id, study_id, [label for label in standing if label.label_id != label_id])

    def replace(
        self, clinic_id: str, study_id: str, texts: Sequence[str], standing: Sequence[str] | None = None
    ) -> LabelChange:
        labels = [self.identify(clinic_id, text) for text in texts]
        held = {label.label_id for label in self.of_study(clinic_id, study_id)}
        if standing is not None and {IDS.label(clinic_id, text) for text in standing} != held:
            raise ConflictError(study_id)
        return self._write(clinic_id, study_id, labels)

    def _write(self, clinic_id: str, study_id: str, labels: Sequence[Label]) -> LabelChange:
        before = self.of_study(clinic_id, study_id)
        in_use = {label.label_id: label.text for label in self.of_clinic(clinic_id)}
        after: dict[str, str] = {}
        for label in labels:
            after.setdefault(label.label_id, in_use.get(label.label_id, label.text))
        change = LabelChange(before, read_labels(after))
        if len(after) > max(MOST_LABELS, len(before)):
            raise TooManyLabelsError(study_id)
        carried = Counter(label_id for texts in self.table.labels.values() for label_id in texts)
        ending = {label.label_id for label in change.removed if carried[label.label_id] <= 1}
        if len({*in_use, *after} - ending) > MOST_OF_CLINIC:
            raise LabelsFullError(clinic_id)
        self.table.labels[study_id] = after
        return change
