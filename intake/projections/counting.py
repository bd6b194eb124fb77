"""What of a record sums are made of; and which of an upload's files is the first that is the same as another upload's.

The first brings to the upload what was here already; each further one of the upload only repeats it. Which is the first
is written once, before the sums are: so every delivery, in whatever order and by however many workers, finds the same
one. See docs/adr/0042-counting-what-a-clinic-counts.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from intake.files.item_keys import read_series_id
from intake.files.keys import upload_of
from intake.files.metadata import read_study_uid, short_text
from intake.files.model import Source
from intake.files.states import JUDGED, State
from intake.projections.model import ONE_MORE, Change, Counted, Filed, Place, Snapshot, StudyNames
from intake.studies.media_directory import is_media_directory
from intake.studies.model import instance
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.table import Table

ARCHIVE = "zip"
IMAGE = "dicom"
UNRECOGNISED = "unknown"

TOGETHER = 50
"""Files that one update marks: its expression may have 4 KiB."""

_SUFFIX = 2
"""Characters of a file's id that tell it from those that its marks share an item with."""


def describe_snapshot(item: Item) -> Snapshot:
    """Return what sums are made of, by a record's item."""
    state, metadata = State(item["state"]), item.get("metadata", {})
    study_id = item.get("study_of") or ""
    is_accepted, is_archive = state is State.ACCEPTED, item.get("kind") == ARCHIVE
    is_troubled = state in {State.REJECTED, State.FAILED} and not (item.get("replaced_by") or item.get("dealt_with"))
    is_instance = is_accepted and item.get("kind") == IMAGE
    # The ids are in the record: no key is needed to count.
    ids = study_id, read_series_id(item.get("study_place", "")), item.get("patient_key", "")
    return Snapshot(
        state,
        size=item["size"],
        warnings=item.get("warnings", 0),
        counted=describe_counted(item),
        cause=str(item.get("trouble", "")).rpartition("#")[0],
        filed=Filed(study_id, short_text(metadata, "modality"), short_text(metadata, "study_date"))
        if study_id
        else None,
        trouble=StudyNames(study_id, read_study_uid(metadata)) if study_id and is_troubled else None,
        instance=instance(metadata, *ids)
        if is_instance and not item.get("duplicate_of") and not item.get("superseded_by")
        else None,
        duplicate=bool(item.get("duplicate_of")),
        unsettled=is_accepted and is_archive and not item.get("settled"),
        entries=metadata.get("entries", 0) if is_archive and (is_accepted or item.get("settled")) else 0,
        dropped=item["source"] == Source.DIRECT and not item.get("parent"),
    )


def describe_counted(item: Item) -> Counted:
    """Return how its upload counts a file, by its record's item (empty for none).

    A container is no file. Of the others, one that another of the same upload replaced or superseded, or that is the
    same as one, adds nothing to what was expected; and what is known to be no image is a document.
    """
    if not item:
        return ONE_MORE
    accepted = item["state"] == State.ACCEPTED
    first = str(item.get("duplicate_of") or "") if accepted else ""
    handled, inside = bool(item.get("replaced_by") or item.get("dealt_with")), bool(item.get("parent"))
    if _is_container(item):
        return Counted(container=True, handled=handled, inside=inside)
    is_near = first != "" and upload_of(first) == item["upload_id"]
    return Counted(
        place=_place(item, repeats=is_near),
        duplicate=first != "",
        elsewhere="" if is_near else first,
        handled=handled,
        inside=inside,
    )


def _place(item: Item, *, repeats: bool) -> Place | None:
    later = item.get("superseded_by")
    if repeats or (later and upload_of(later) == item["upload_id"]):
        return Place.REPEAT
    replacement = item.get("replaced_by")
    if replacement and upload_of(replacement) == item["upload_id"]:
        return Place.REPLACED
    is_known = item.get("kind") not in {None, IMAGE, UNRECOGNISED}
    return Place.DOCUMENT if is_known and item["state"] in {*JUDGED, State.DELETED} else None


def _is_container(item: Item) -> bool:
    kind = item.get("kind")
    return kind == ARCHIVE or (kind == IMAGE and is_media_directory(item.get("metadata", {})))


class HeldElsewhere:
    """Marks firsts, an item for as many files as share a block of ids: a study that is sent again costs few writes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes as they are to be counted: it is known of each whether it only repeats another file."""
        marked: dict[tuple[str, str, str], dict[str, str]] = {}
        for change in changes:
            first = change.new.counted.elsewhere
            if first:
                of_block = marked.setdefault((change.clinic_id, change.upload_id, first[:-_SUFFIX]), {})
                of_block.setdefault(first, change.file_id)
        holders: dict[tuple[str, str], str] = {}
        for (clinic_id, upload_id, block), files in marked.items():
            firsts = sorted(files)
            for start in range(0, len(firsts), TOGETHER):
                some = {first: files[first] for first in firsts[start : start + TOGETHER]}
                found = self._mark(clinic_id, upload_id, block, some)
                holders |= {(upload_id, first): holder for first, holder in found.items()}
        return [_settle(change, holders) for change in changes]

    def _mark(self, clinic_id: str, upload_id: str, block: str, files: dict[str, str]) -> dict[str, str]:
        """Have each file, by the file elsewhere that it is the same as, be the first unless there is one already."""
        marks: Item = {_name(first): file_id for first, file_id in files.items()}
        key = {"pk": f"HELD#{upload_id}", "sk": block}
        held = self._table.update_and_get(update(key, clinic(clinic_id), initial=marks, new=True))
        return {first: str(held[_name(first)]) for first in files}


def _name(first: str) -> str:
    return f"f_{first[-_SUFFIX:]}"


def _settle(change: Change, holders: dict[tuple[str, str], str]) -> Change:
    holder = holders.get((change.upload_id, change.new.counted.elsewhere), change.file_id)
    if holder == change.file_id:
        return change
    return replace(change, old=change.old and _repeat(change.old), new=_repeat(change.new))


def _repeat(snapshot: Snapshot) -> Snapshot:
    counted = snapshot.counted
    return replace(snapshot, counted=replace(counted, place=Place.REPEAT)) if counted.elsewhere else snapshot
