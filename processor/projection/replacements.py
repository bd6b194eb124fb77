"""Which accepted file was sent in place of which file in trouble: found when either is counted, in any order.

Nothing is asked of uploads without trouble. Of the others, a bounded stretch of their list of trouble is read for each
batch of the stream: what lies behind it stays open until somebody links it by hand, and is told to operators.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from intake.files.dealing import REOPENED, REPLACED
from intake.files.item_keys import RANKS, term
from intake.files.metadata import read_sop_instance_uid, read_study_uid
from intake.files.model import FileRecord, TimelineEntry, Upload, now
from intake.files.ports import Repairs
from intake.files.states import State
from intake.files.upload_state import count_lost, count_troubled
from intake.projections.model import Change

READ = 500
"""Files in trouble that are looked at for one batch: a Query, and a BatchGetItem for each hundred."""

NAMES = 20
"""Files that have just got into trouble whose names are looked for among those accepted before, each by a Query."""


class Replacements:
    """Links files in trouble to what was sent in their place."""

    def __init__(
        self,
        repairs: Repairs,
        get_many: Callable[[Sequence[str]], dict[str, FileRecord]],
        *,
        tell_unread: Callable[[str], None],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._repairs = repairs
        self._get_many = get_many
        self._tell_unread = tell_unread
        self._clock = clock

    def link(self, upload: Upload, changes: Iterable[Change]) -> int:
        """Link what the upload's changes brought, and return how many files. The same again finds none to link."""
        accepted, troubled = _split_news(changes)
        if not troubled and not (accepted and (count_troubled(upload) or count_lost(upload))):
            return 0
        read = self._get_many([*accepted, *troubled])
        fallen = [record for file_id in troubled if (record := read.get(file_id)) and is_open(record)]
        listed = self._repairs.list_open(upload.upload_id, READ) if accepted else None
        # The index follows the records, so what has just got into trouble may not stand in it yet.
        opened = {record.file_id: record for record in (*(listed.rows if listed else ()), *fallen) if is_open(record)}
        sent = [read[file_id] for file_id in accepted if file_id in read]
        sent += self._repairs.find_accepted(fallen, NAMES) if fallen else ()
        is_whole = listed is None or listed.next is None
        if not is_whole or len(fallen) > NAMES:
            self._tell_unread(upload.upload_id)
        return sum(
            self._repairs.replace(old, new.file_id, TimelineEntry(self._clock(), "processor", REPLACED, new.file_id))
            for old, new in pair(list(opened.values()), sent, is_whole=is_whole)
        )


def is_open(record: FileRecord) -> bool:
    """Say whether a file is in trouble and nobody has said anything of it: what a person reopened is left to people."""
    return record.state in RANKS and not record.is_handled and all(entry.event != REOPENED for entry in record.timeline)


def pair(
    opened: Sequence[FileRecord], sent: Sequence[FileRecord], *, is_whole: bool
) -> Iterator[tuple[FileRecord, FileRecord]]:
    """Yield each file in trouble that was replaced, and by which: the first announced that may be.

    `is_whole` says that `opened` are all that there are.
    """
    alike = Counter(term(path) for path in {old.name for old in opened})
    candidates = sorted(sent, key=lambda record: record.file_id)
    for old in opened:
        is_unmistakable = is_whole and alike[term(old.name)] == 1
        new = next((one for one in candidates if may_replace(one, old, by_last_segment=is_unmistakable)), None)
        if new is not None:
            yield old, new


def may_replace(new: FileRecord, old: FileRecord, *, by_last_segment: bool = False) -> bool:
    """Say whether an accepted file stands in the place of one in trouble: it is the same SOP instance, or has its name.

    Only what was announced later was sent in another's place: what came with it is another file, and a person says
    otherwise. Of the same name is what has the same path, or, `by_last_segment`, no path: whoever corrects one file
    chooses it by itself. Files that name different studies are never the same, whatever their names; nor is the image
    that a file was refused for, since it had the same SOP Instance UID.
    """
    if new.state is not State.ACCEPTED or (new.clinic_id, new.upload_id) != (old.clinic_id, old.upload_id):
        return False
    if new.created_at <= old.created_at or new.file_id == old.conflicts_with:
        return False
    uid = read_sop_instance_uid(new.metadata)
    if uid and uid == read_sop_instance_uid(old.metadata):
        return True
    if len({read_study_uid(new.metadata), read_study_uid(old.metadata)} - {""}) > 1:
        return False
    is_bare = "/" not in new.name and "\\" not in new.name
    return new.name == old.name or (by_last_segment and is_bare and term(new.name) == term(old.name))


def _split_news(changes: Iterable[Change]) -> tuple[list[str], list[str]]:
    """Return the files that were accepted just now, and those that have just got into trouble or stay in it."""
    changes = list(changes)
    accepted = [one.file_id for one in changes if one.after is State.ACCEPTED and one.before is not State.ACCEPTED]
    troubled = [one.file_id for one in changes if one.after in RANKS and not one.new.counted.handled]
    return list(dict.fromkeys(accepted)), list(dict.fromkeys(troubled))
