"""Verdicts as rows, and rows as files for the analytics (docs/adr/0026-analytics.md).

A file's name is the digest of its content, and its content follows from the records alone: a batch that is delivered
twice writes the same objects twice. Batches that overlap repeat rows; `file_id` and `revision` tell them apart.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

from intake.analytics.model import PARTITION, PREFIX, day_of, format_time, modality
from intake.files.dealing import REPAIRS
from intake.files.metadata import read_modality
from intake.files.states import JUDGED, State
from intake.projections.model import device

EXPORTED = frozenset({State.ACCEPTED, State.REJECTED, State.FAILED, State.EXPIRED})
"""States whose beginning is a row."""

Row = dict[str, Any]
"""Column of `intake.analytics.model.COLUMNS` → str, int, bool or None."""


class AnalyticsFiles(Protocol):
    """Where the rows' files are kept."""

    def put(self, key: str, body: bytes) -> None:
        """Write a gzip archive; writing the same one again changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Exported:
    """What one batch came to."""

    rows: int
    files: int
    bytes: int
    """Compressed."""


class Exporter:
    """Writes the verdicts of one batch, a file for each day that they fell on."""

    def __init__(self, files: AnalyticsFiles) -> None:
        self._files = files

    def export(self, rows: Sequence[Row]) -> Exported:
        packed = dict(pack(rows))
        for key, body in packed.items():
            self._files.put(key, body)
        return Exported(len(rows), len(packed), sum(map(len, packed.values())))


def pack(rows: Sequence[Row]) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of each file: gzipped JSON, a row a line, in the order of the rows' identities."""
    ordered = sorted(rows, key=lambda row: (_name_day(row), row["file_id"], row["revision"]))
    for day, held in groupby(ordered, _name_day):
        lines = "".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n" for row in held).encode()
        name = hashlib.sha256(lines).hexdigest()[:32]
        # Without a time in its header, the same rows give the same bytes.
        yield f"{PREFIX}{PARTITION}={day}/{name}.json.gz", gzip.compress(lines, mtime=0)


def describe_verdict(old: Mapping[str, Any], new: Mapping[str, Any]) -> Row | None:
    """Return the row of a verdict, from a record's item before (empty for none) and after; None where none fell.

    What a row holds is chosen here, field by field: ids that are ours, words of closed lists, numbers, and the device's
    make and model. What a record gains later stays out until somebody adds it.
    """
    state = State(new["state"])
    # That another took a file's place, that somebody dealt with it, or that a review was in vain, is no verdict: its
    # own stays what it was.
    is_superseded = new.get("superseded_by") and not old.get("superseded_by")
    is_said = any(step["event"] in {*REPAIRS, "review-refused"} for step in new["timeline"][-1:])
    if state not in EXPORTED or old.get("revision") == new["revision"] or is_superseded or is_said:
        return None
    # A later verdict keeps the first one's timings, and has none itself.
    is_first = not old or State(old["state"]) not in JUDGED
    judged, metadata = state in JUDGED, new.get("metadata", {})
    made_by = device(new["clinic_id"], metadata) if judged else None
    return {
        "occurred_at": format_time(datetime.fromisoformat(new["updated_at"])),
        "clinic_id": new["clinic_id"],
        "upload_id": new["upload_id"],
        "file_id": new["file_id"],
        "revision": new["revision"],
        "state": state.value,
        "kind": new.get("kind") or "" if judged else "",
        "codes": ",".join(new.get("codes", ())) if state is State.REJECTED else "",
        "warnings": new.get("warnings", 0) if judged else 0,
        "size": new["size"],
        "modality": modality(read_modality(metadata)) if judged else "",
        "device": made_by.label if made_by else "",
        "source": new["source"],
        "duplicate": state is State.ACCEPTED and bool(new.get("duplicate_of")),
        "time_to_verdict_ms": new["timings"].get("arrival_to_verdict") if judged and is_first else None,
        "rules_version": new.get("rules_version") or "" if judged else "",
        "patient": new.get("patient_key", "").rpartition("#")[2] if judged else "",
    }


def _name_day(row: Row) -> str:
    return day_of(datetime.fromisoformat(f"{row['occurred_at']}+00:00"))
