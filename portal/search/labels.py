"""Labels on exams, as a clinic's people put them there and take them off.

Who changed which label of which exam is noted before it is done, by the label's keyed id: its text may name a patient,
and the audit log is read by admins, who see no labels.
"""

from collections.abc import Sequence
from dataclasses import replace

from intake.errors import ConflictError
from intake.labels.model import MOST_LABELS, TooManyLabelsError
from intake.studies.model import Label, Study
from portal.audit import note
from portal.auth.identity import Identity
from portal.services import Services


def add_label(services: Services, identity: Identity, study_id: str, text: str) -> None:
    """Put a label on an exam; one that is there already is no error. Raises NotFoundError, ClinicError, LabelError."""
    clinic_id = identity.own_clinic()
    standing = services.study_labels.of_study(clinic_id, study_id)
    label_id = services.study_labels.identify(clinic_id, text).label_id
    if label_id in _list_ids(standing):
        return
    if len(standing) >= MOST_LABELS:
        raise TooManyLabelsError("the exam has as many labels as it may")
    _note(services, identity, study_id, added=label_id)
    services.study_labels.add(clinic_id, study_id, text)


def remove_label(services: Services, identity: Identity, study_id: str, label_id: str) -> None:
    """Take a label off an exam; one that is not there is no error. Raises NotFoundError, ClinicError."""
    clinic_id = identity.own_clinic()
    if label_id in _list_ids(services.study_labels.of_study(clinic_id, study_id)):
        _note(services, identity, study_id, removed=label_id)
        services.study_labels.remove(clinic_id, study_id, label_id)


def replace_labels(
    services: Services, identity: Identity, study_uid: str, texts: Sequence[str], standing: Sequence[str] | None
) -> tuple[Label, ...]:
    """Give a study these labels and no others, and return them; with `standing`, only where it has those.

    Raises NotFoundError, ClinicError, ConflictError, LabelError.
    """
    clinic_id = identity.own_clinic()
    study_id = services.ids.study(clinic_id, study_uid)
    before = _list_ids(services.studies.study(clinic_id, study_id).labels)
    wanted = {services.study_labels.identify(clinic_id, text).label_id for text in texts}
    if standing is not None and before != {services.ids.label(clinic_id, text) for text in standing}:
        raise ConflictError("the exam has other labels")
    if wanted != before:
        changed = {"added": " ".join(sorted(wanted - before)), "removed": " ".join(sorted(before - wanted))}
        _note(services, identity, study_id, **{name: ids for name, ids in changed.items() if ids})
    return services.study_labels.replace(clinic_id, study_id, texts, standing).after


def hide_labels(identity: Identity, study: Study) -> Study:
    """Return a study as somebody may see it: labels are for the clinic's own people."""
    return replace(study, labels=()) if identity.is_admin else study


def _list_ids(labels: Sequence[Label]) -> set[str]:
    return {label.label_id for label in labels}


def _note(services: Services, identity: Identity, study_id: str, **detail: str) -> None:
    note(services, identity, "study.label", clinic_id=identity.own_clinic(), subject=study_id, **detail)
