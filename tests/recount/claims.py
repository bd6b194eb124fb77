"""Who holds which bytes and which SOP Instance UID of a clinic, and what duplicates and entries point to."""

from collections import defaultdict
from collections.abc import Iterator

from tests.recount.snapshot import Snapshot
from tests.recount.stories import Story


def check_claims(snapshot: Snapshot) -> Iterator[str]:
    for partition, _, claim in snapshot.list_kind("CLAIM#"):
        holder = snapshot.stories.get(claim["file_id"])
        kind = partition.removeprefix(f"{claim['clinic_id']}#").partition(":")[0]
        name = f"A claim on a {kind} of clinic {claim['clinic_id']}"
        if holder is None or holder.clinic_id != claim["clinic_id"]:
            yield f"{name} is of file {claim['file_id']}, which the clinic does not have."
        elif not claim.get("released") and (holder.state != "accepted" or holder.superseded_by):
            yield f"{name} is of file {claim['file_id']}, which is {holder.state} and does not hold it."


def check_identities(snapshot: Snapshot) -> Iterator[str]:
    """Look whether every image that was stored holds its UID, and no two of a clinic the same."""
    holders: dict[tuple[str, str], list[Story]] = defaultdict(list)
    for story in snapshot.stories.values():
        uid = str(story.metadata.get("sop_instance_uid", ""))
        if uid and story.was_instance and not story.superseded_by and story.clinic_id != "unassigned":
            holders[story.clinic_id, uid].append(story)
    for (clinic, uid), stories in holders.items():
        named = " and ".join(sorted(one.file_id for one in stories))
        if len(stories) > 1:
            yield f"Files {named} of clinic {clinic} are stored as the same image."
        elif snapshot.get(f"CLAIM#{clinic}#sop:{uid}", "#CLAIM").get("file_id") != stories[0].file_id:
            yield f"File {named} of clinic {clinic} is stored and holds no claim on its image."


def check_links(snapshot: Snapshot) -> Iterator[str]:
    for story in snapshot.stories.values():
        for what, other in (
            ("is a duplicate of", story.duplicate_of),
            ("is an entry of", story.parent),
            ("was replaced by", story.replaced_by),
            ("was superseded by", story.superseded_by),
        ):
            linked = snapshot.stories.get(other)
            if other and (linked is None or linked.clinic_id != story.clinic_id):
                yield f"File {story.file_id} {what} file {other}, which its clinic does not have."
        first = snapshot.stories.get(story.duplicate_of)
        if story.state == "accepted" and first and first.duplicate_of:
            yield f"File {story.file_id} is a duplicate of file {first.file_id}, which is a duplicate itself."
