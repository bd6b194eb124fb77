"""How expected exams lie in the table, and how they are read off it.

An expected exam is an item under its id, and stands in its clinic's list of its day (`by_clinic`), by time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from intake.expectations.model import KEPT, ExpectedExam, Source
from intake.files.item_keys import META
from intake.files.keys import KeyedIds
from intake.files.model import timestamp
from intake.studies.matching import list_match_keys
from intake.studies.study_items import exam_attributes, read_exam
from intake.table.expressions import Write, clinic, creation, replacement
from intake.table.items import Item, moment

CANCELLED = "cancelled"

MOST_LEFT = 16
"""Keys that an exam remembers to have had."""

_LEFT = "left"
_UNTIMED = "2500"
"""Sorts behind every time of a day."""


def expected_key(expected_id: str) -> Item:
    return {"pk": f"EXPECTED#{expected_id}", "sk": META}


def day_list(clinic_id: str, day: str) -> str:
    """Return the partition of `by_clinic` that lists what a clinic expects on a day."""
    return f"{clinic_id}#expected#{day}"


def find_expiry(exam: ExpectedExam) -> int:
    day = datetime.strptime(exam.day, "%Y%m%d").replace(tzinfo=UTC)
    return int((max(day, exam.created_at) + KEPT).timestamp())


def list_own_keys(ids: KeyedIds, exam: ExpectedExam) -> tuple[str, ...]:
    return list_match_keys(ids, exam.clinic_id, exam.exam, came=False)


def list_all_keys(ids: KeyedIds, exam: ExpectedExam, item: Item | None) -> Sequence[str]:
    """Return the keys that an exam has, and those that its item, as it was before, had or remembers."""
    before = list_own_keys(ids, read_expected(item)) if item else ()
    return list(dict.fromkeys((*list_own_keys(ids, exam), *before, *sorted((item or {}).get(_LEFT, ())))))


def write_expected(ids: KeyedIds, item: Item | None, exam: ExpectedExam) -> Write:
    """Return the write of an exam, which goes through only where its item is as it was read."""
    owner = clinic(exam.clinic_id)
    own = list_own_keys(ids, exam)
    left = {*list_all_keys(ids, exam, item)[len(own) :][:MOST_LEFT]}
    written = {**_list_attributes(exam), _LEFT: left or None, "revision": (item or {}).get("revision", 0) + 1}
    if item is None:
        return creation(written, owner)
    as_read = {":revision": item["revision"]}
    return replacement(written, owner, condition="revision = :revision", values=as_read, new=False)


def _list_attributes(exam: ExpectedExam) -> Item:
    return {
        **expected_key(exam.expected_id),
        **exam_attributes(exam.exam),
        "clinic_key": day_list(exam.clinic_id, exam.day),
        "created_key": f"{exam.time or _UNTIMED}#{exam.expected_id}",
        "time": exam.time or None,
        "images": exam.images,
        "key": exam.key or None,
        "source": exam.source.value,
        "at": timestamp(exam.created_at),
        "by": exam.created_by,
        "state": CANCELLED if exam.cancelled else None,
        "expires": find_expiry(exam),
    }


def read_expected(item: Item) -> ExpectedExam:
    return ExpectedExam(
        clinic_id=item["clinic_id"],
        expected_id=item["pk"].partition("#")[2],
        exam=read_exam(item),
        time=item.get("time", ""),
        images=item.get("images"),
        key=item.get("key", ""),
        source=Source(item["source"]),
        created_at=moment(item["at"]),
        created_by=item["by"],
        cancelled=item.get("state") == CANCELLED,
    )
