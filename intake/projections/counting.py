"""How an upload counts a file, as its record says: pure, and the same for each of a record's revisions.

See docs/adr/0042-counting-what-a-clinic-counts.md.
"""

from intake.files.keys import upload_of
from intake.files.states import JUDGED, State
from intake.projections.model import ONE_MORE, Counted, Place
from intake.studies.media_directory import is_media_directory
from intake.table.items import Item

ARCHIVE = "zip"
IMAGE = "dicom"
UNRECOGNISED = "unknown"


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
