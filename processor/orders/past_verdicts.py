"""What a record keeps of a verdict that another one is about to follow."""

from intake.files.model import FileRecord, TimelineEntry
from intake.files.outcomes import Again, PastVerdict
from intake.files.states import JUDGED
from intake.projections.model import device


def describe_again(record: FileRecord, steps: tuple[TimelineEntry, ...]) -> Again:
    """Return what a verdict tells that follows another one, which its record tells no more of then."""
    if record.state not in JUDGED:
        return Again(record.revision, steps, judged=False)
    made_by = device(record.clinic_id, record.metadata)
    past = PastVerdict(
        revision=record.revision,
        codes=record.codes,
        shadow=record.shadow,
        device=(made_by.key, made_by.label) if made_by else (),
    )
    return Again(record.revision, steps, judged=True, past=past)
