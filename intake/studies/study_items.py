"""How studies lie in the table, and how they are read off it.

A study's item holds what its row in a list tells. What follows from a series' own item stands there in a digest of it,
so that no list reads a series.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from intake.files.item_keys import META, SERIES, label_set_key, study_key, study_list
from intake.files.keys import fold_text
from intake.studies.board import Standing
from intake.studies.exams import Exam
from intake.studies.model import DOCUMENTS, GROWTH, SHOWN_GAPS, Label, Series, Study, StudyFile
from intake.studies.rules import FRAMES_MIXED, MODALITIES_MIXED, are_all_known, find_gaps
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item, expiry, moment

VIEW = "VIEW#"
"""Sorts behind a study's series, so that reading these does not meet it."""
FIND = f"{VIEW}FIND#"
"""Begins the sort keys of the items that a study is found by; the terms are no part of their keys in the table."""

WRITES = "writes"
"""How often a study's item was written: whoever concludes from it writes only where nobody has written since."""

LABELS = "labels"
"""The texts of a study's labels, by their ids."""
LABEL_WRITES = "label_writes"
"""How often a study's labels, or a clinic's, were written: whoever changes them does so as they were read."""
LABEL_COUNT, LABEL_TEXT = "n_", "t_"
"""Begin, before a label's id, what a clinic's item tells of it: how many exams carry it, and what it says."""

PREVIEW, SHOWN = "preview", "shown"
"""The file that shows a series, in its item and its study's; and at how many instances of `GROWTH` it was chosen."""

EXPECTED_IMAGES = "expected_images"
"""How many images were expected of a study, where an expected exam told it."""

DATE = re.compile(r"[0-9]{8}")
"""A study date that says a day."""
_UNDATED = "00000000"

_DIGEST = "series_"
_EXAM = "exam_"
_EXAM_FIELDS = tuple(field.name for field in fields(Exam))


def standing_list(clinic_id: str, standing: Standing) -> str:
    """Return the partition of `by_clinic_state` that lists the exams of a state, other than those that grow."""
    return study_list(clinic_id, "in", standing)


def counted(standing: Standing) -> str:
    """Return the attribute of `board_counts_key` that counts the exams of a state."""
    return f"n_{standing}"


def exam_attributes(exam: Exam) -> Item:
    return {f"{_EXAM}{name}": text for name, text in exam.to_dict().items()}


def read_exam(item: Item) -> Exam:
    return Exam(**{name: item.get(f"{_EXAM}{name}", "") for name in _EXAM_FIELDS})


def sort_date(exam: Exam) -> str:
    """Return the study date that lists go by; those that state none stand last."""
    return exam.study_date if DATE.fullmatch(exam.study_date) else _UNDATED


def digest_attribute(series_id: str) -> str:
    return f"{_DIGEST}{series_id}"


def digest_series(item: Item) -> Item:
    """Return what a study's item tells of a series.

    Its sets only grow, so the digest of the larger ones is the later one, whoever writes it when.
    """
    series = read_series(item)
    gaps = find_gaps(series) if are_all_known(series) else []
    marks = {
        MODALITIES_MIXED.code: len(series.modalities) > 1,
        FRAMES_MIXED.code: len(series.frames_of_reference) > 1,
    }
    told = {
        PREVIEW: series.preview,
        "document": bool(series.preview and series.modalities and series.modalities <= DOCUMENTS),
        "missing": sum(last - first + 1 for first, last in gaps),
        "gaps": [list(gap) for gap in gaps[:SHOWN_GAPS]],
        "marks": [code for code, is_broken in marks.items() if is_broken],
        "open": not are_all_known(series),
    }
    size = len(series.numbers) + len(series.modalities) + len(series.frames_of_reference)
    return {"size": size, "numbers": len(series.numbers), **{name: value for name, value in told.items() if value}}


def find_growth(series: Item) -> int:
    """Return how much of `GROWTH` a series has reached; 0 where the file that shows it was chosen since."""
    reached = max((size for size in GROWTH if size <= series.get("instances", 0)), default=0)
    return reached if reached > series.get(SHOWN, 0) else 0


def read_series(item: Item) -> Series:
    return Series(
        series_id=item["sk"].removeprefix(SERIES),
        series_uid=item.get("series_uid", ""),
        instances=item.get("instances", 0),
        numbered=item.get("numbered", 0),
        modalities=frozenset(item.get("modalities", ())),
        frames_of_reference=frozenset(item.get("frames_of_reference", ())),
        numbers=frozenset(item.get("numbers", ())),
        preview=item.get(PREVIEW, ""),
    )


def read_study(item: Item, series: tuple[Series, ...] = ()) -> Study:
    digests = [value for name, value in item.items() if name.startswith(_DIGEST)]
    known = sum(digest["numbers"] for digest in digests)
    seen: str = item.get("seen_at") or item["last_at"]
    last: str = item.get("last_at") or seen
    return Study(
        clinic_id=item["clinic_id"],
        study_id=item["pk"].partition("#")[2],
        study_uid=item["study_uid"],
        instances=item.get("instances", 0),
        bytes=item.get("bytes", 0),
        first_at=moment(item.get("first_at", last)),
        last_at=moment(last),
        touched_at=moment(seen),
        modalities=frozenset(item.get("modalities", ())),
        study_dates=frozenset(item.get("study_dates", ())),
        patients=frozenset(item.get("patients", ())),
        uploads=frozenset(item.get("uploads", ())),
        series_uids=frozenset(item.get("series", ())),
        series=series,
        exam=read_exam(item),
        rejected=max(0, item.get("rejected", 0)),
        repeated=0 if any(digest.get("open") for digest in digests) else max(0, item.get("numbered", 0) - known),
        missing=count_missing(
            sum(digest.get("missing", 0) for digest in digests),
            item.get("instances", 0),
            item.get(EXPECTED_IMAGES, 0),
        ),
        expected_images=item.get(EXPECTED_IMAGES, 0),
        gaps=tuple(tuple((gap[0], gap[1]) for gap in digest["gaps"]) for digest in digests if "gaps" in digest),
        marks=frozenset(code for digest in digests for code in digest.get("marks", ())),
        labels=read_labels(item.get(LABELS, {})),
        preview=_choose_preview(digests) if item.get("instances", 0) > 0 else "",
    )


def _choose_preview(digests: Sequence[Item]) -> str:
    """Return the file that shows a study: that of its largest series, of images where it has any."""
    shown = [digest for digest in digests if PREVIEW in digest]
    best = max(shown, key=lambda one: ("document" not in one, one["numbers"], one[PREVIEW]), default=Item())
    return str(best.get(PREVIEW, ""))


def list_views(one: StudyFile) -> Iterator[Item]:
    """Yield the items by which a study is found under its date, modality and patient: each is put once."""
    exam = one.exam
    key = study_key(one.study_id)
    date = sort_date(exam)
    lists = {f"ON#{date}": study_list(one.clinic_id, "on")}
    if exam.modality:
        lists[f"BY#{exam.modality}#{date}"] = study_list(one.clinic_id, "by", exam.modality)
    if exam.patient_key:
        lists[f"OF#{exam.patient_key}#{date}"] = study_list(one.clinic_id, "of", exam.patient_key)
    for name, listed in lists.items():
        place = {"clinic_key": listed, "created_key": f"{date}#{one.study_id}"}
        yield {"pk": key["pk"], "sk": f"{VIEW}{name}", **place}


def read_labels(texts: Mapping[str, str]) -> tuple[Label, ...]:
    """Return labels as people read them, by their texts."""
    labels = (Label(label_id, text) for label_id, text in texts.items())
    return tuple(sorted(labels, key=lambda label: (fold_text(label.text), label.label_id)))


def read_label_set(item: Item) -> tuple[Label, ...]:
    """Return the labels that a clinic's exams carry."""
    texts = {name.removeprefix(LABEL_TEXT): text for name, text in item.items() if name.startswith(LABEL_TEXT)}
    return read_labels({label_id: text for label_id, text in texts.items() if item.get(count_label(label_id), 0) > 0})


def count_label(label_id: str) -> str:
    """Return the attribute of `label_set_key` that counts the exams that carry a label."""
    return f"{LABEL_COUNT}{label_id}"


def view_label(study: Item, label_id: str) -> Item:
    """Return the key of the item by which a study is found under a label; no key holds a label's text."""
    return {"pk": study["pk"], "sk": f"{VIEW}LABEL#{label_id}"}


def unlist_label(clinic_id: str, study: Item, label_id: str) -> Write:
    """Return the write that takes a study out of a label's list. No role may delete an item, so DynamoDB does."""
    sets = {"clinic_key": None, "created_key": None, "expires": expiry()}
    return update(view_label(study, label_id), clinic(clinic_id), sets=sets, new=True)


def drop_labels(clinic_id: str, study: Item) -> Iterator[Write]:
    """Yield the writes, beside the study's own, by which its labels end with it."""
    ids = study.get(LABELS, {})
    yield from (unlist_label(clinic_id, study, label_id) for label_id in ids)
    if ids:
        sums = {LABEL_WRITES: 1, **{count_label(label_id): -1 for label_id in ids}}
        yield update(label_set_key(clinic_id), clinic(clinic_id), sums=sums, new=True)


def count_missing(in_gaps: int, instances: int, expected: int) -> int:
    """Return how many images a study lacks: as its numbers tell, or as was expected, whichever is more."""
    return max(in_gaps, expected - instances, 0)


def is_told(item: Item) -> bool:
    """Say whether a study's item tells which it is, and when a file came: before, it was only counted or only dated."""
    return item["sk"] == META and "study_uid" in item and ("last_at" in item or "seen_at" in item)


def read_whole(items: Iterable[Item]) -> Study | None:
    """Return the study of a partition's items, with its series; None where it tells nothing yet."""
    by_key: dict[str, Item] = {item["sk"]: item for item in items}
    if META not in by_key or not is_told(by_key[META]):
        return None
    series = tuple(read_series(item) for sort, item in by_key.items() if sort.startswith(SERIES))
    return read_study(by_key[META], series)
