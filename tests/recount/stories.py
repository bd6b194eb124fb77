"""What became of one file, read from its record: the timeline tells each step, and the record how it ended.

A step of the record is one revision. What people ordered stands before what came of it and in the same step, so a step
ends with one of `ENDS`.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

STATES = ("awaiting_upload", "accepted", "rejected", "expired", "failed", "deleted")
MOVES = {
    None: {"accepted", "rejected", "failed"},
    "awaiting_upload": {"accepted", "rejected", "expired", "failed"},
    "expired": {"accepted", "rejected", "failed"},
    "failed": {"accepted", "rejected"},
    "rejected": {"accepted", "rejected", "deleted"},
    "accepted": set(),
    "deleted": set(),
}
"""Where a file may go from a state (DESIGN, "A file's life"; None is that of an object nobody announced)."""

ENDS = {*STATES, "superseded", "replaced", "dealt-with", "reopened", "review-refused"}
"""Events that end a step: a state that was reached, or something that was said of the file."""

_FILE_ID = re.compile(r"[0-9a-z]{26}-(?:[0-9]{5}|[0-9a-z]{26})")
_ANNOUNCED = re.compile(r"[0-9a-z]{26}-[0-9]{5}")


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of a record."""

    revision: int
    event: str
    before: str | None
    after: str
    at: str
    detail: str

    @property
    def moves(self) -> bool:
        return self.before != self.after


class Story:
    """A file's record, and what follows from it."""

    def __init__(self, item: dict[str, Any]) -> None:
        self.item = item
        self.file_id: str = item["file_id"]
        self.upload_id: str = item["upload_id"]
        self.clinic_id: str = item["clinic_id"]
        self.state: str = item["state"]
        self.metadata: dict[str, Any] = item.get("metadata") or {}
        self.kind: str = item.get("kind") or ""
        self.duplicate_of: str = item.get("duplicate_of") or ""
        self.superseded_by: str = item.get("superseded_by") or ""
        self.replaced_by: str = item.get("replaced_by") or ""
        self.parent: str = item.get("parent") or ""

    @property
    def was_announced(self) -> bool:
        return _ANNOUNCED.fullmatch(self.file_id) is not None

    @property
    def begins_alone(self) -> bool:
        """Whether nobody announced it and no archive held it: its record began with what became of it."""
        return not (self.was_announced or self.parent)

    @property
    def is_container(self) -> bool:
        return self.kind == "zip" or (
            self.kind == "dicom" and self.metadata.get("sop_class_uid") == "1.2.840.10008.1.3.10"
        )

    @property
    def is_unsettled(self) -> bool:
        """An archive's verdict waits for those of its entries (ADR 0035)."""
        return self.state == "accepted" and self.kind == "zip" and not self.item.get("settled")

    @property
    def is_handled(self) -> bool:
        return bool(self.replaced_by or self.item.get("dealt_with"))

    @property
    def entries(self) -> int:
        """How many files an archive holds that was accepted once."""
        was_opened = self.kind == "zip" and (self.state == "accepted" or self.item.get("settled"))
        return int(self.metadata.get("entries", 0)) if was_opened else 0

    @property
    def duplicates_elsewhere(self) -> str:
        """The file of another upload that an accepted one is the same as."""
        first = self.duplicate_of if self.state == "accepted" else ""
        return "" if upload_of(first) == self.upload_id else first

    @cached_property
    def study_id(self) -> str:
        return str(self.item.get("study_of") or "")

    @property
    def is_instance(self) -> bool:
        """Whether it is one of its study's images: accepted, stored by itself, and nobody took its place."""
        return self.was_instance and not self.superseded_by

    @property
    def was_instance(self) -> bool:
        is_image = self.state == "accepted" and self.kind == "dicom" and not self.duplicate_of
        return is_image and bool(self.study_id)

    @property
    def is_trouble(self) -> bool:
        """Whether its study has a problem with it."""
        return self.state in {"rejected", "failed"} and not self.is_handled and bool(self.study_id)

    @cached_property
    def steps(self) -> list[Step]:
        """Return the revisions, the first of a file that nobody announced from nothing."""
        state, found = None if self.begins_alone else "awaiting_upload", list[Step]()
        for row in self.item["timeline"]:
            if row["event"] in ENDS:
                after = row["event"] if row["event"] in STATES else state
                step = Step(len(found) + 1, row["event"], state, after, row["at"], row.get("detail", ""))
                found.append(step)
                state = after
        return found

    @property
    def verdicts(self) -> list[Step]:
        """Return the steps by which it came to another state."""
        return [step for step in self.steps if step.moves]

    def was_duplicate(self, step: Step) -> bool:
        """Say whether an accepting step stored nothing: it tells the file that held the bytes already."""
        told = _FILE_ID.fullmatch(step.detail) is not None
        return told and step.detail != self.item.get("conflicts_with")

    def list_codes(self) -> list[str]:
        """Return the codes that reject it, each once."""
        found = self.item.get("findings") or ()
        return list(dict.fromkeys(one["code"] for one in found if one["severity"] == "reject"))

    def count_warnings(self) -> int:
        return sum(one["severity"] == "warn" for one in self.item.get("findings") or ())

    def find_cause(self) -> str:
        """Return what its upload's receipt tells of it: rank and code, or nothing."""
        if self.state == "accepted":
            warned = [one["code"] for one in self.item.get("findings") or () if one["severity"] == "warn"]
            return f"3#{warned[0]}" if warned else ""
        if self.is_handled:
            return ""
        codes = self.list_codes()
        return {"rejected": f"0#{codes[0] if codes else ''}", "failed": "1#", "expired": "2#"}.get(self.state, "")


def upload_of(file_id: str) -> str:
    return file_id.partition("-")[0]
