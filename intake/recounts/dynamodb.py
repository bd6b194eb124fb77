"""Rebuilds and audits in the table, behind the `RebuildJobs` port."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from intake.errors import NotFoundError
from intake.files.keys import is_upload_id
from intake.files.model import timestamp
from intake.recounts.jobs import RebuildJob
from intake.recounts.model import Difference
from intake.table.expressions import account, creation, update
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table

KEPT = timedelta(days=90)

_COUNTS = ("clinics", "looked_at", "differences", "uncounted", "adopted", "beside", "busy", "read_units")
_TEXTS = ("position", "postponed", "busy_units")
_OPEN = "attribute_not_exists(ended_at)"
_ENDED = ""
"""Earlier than every time."""


class DynamoRebuildJobs:
    """Keeps a job in one item, and what it found in another beside it, since lists of jobs do not tell it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def place(self, job: RebuildJob) -> RebuildJob:
        item = {
            **_key(job.job_id),
            "clinic": job.clinic_id,
            "upload_id": job.upload_id,
            "mends": job.mends,
            "actor": job.actor,
            "placed_at": timestamp(job.placed_at),
            "units_per_s": job.units_per_s,
            "expires": int((job.placed_at + KEPT).timestamp()),
        }
        try:
            self._table.write(creation(item, _ADMINS))
        except ConditionFailedError as refused:
            return _read_job(refused.standing)
        return job

    def find(self, job_id: str) -> RebuildJob:
        if is_upload_id(job_id):
            item, found = self._table.batch_get([_key(job_id), _found_key(job_id)])
            if item:
                return _read_job(item, found)
        raise NotFoundError("there is no such rebuild")

    def list_recent(self, limit: int) -> tuple[RebuildJob, ...]:
        rows = self._table.query(Query(_PARTITION, newest_first=True, limit=limit, consistent=True)).rows
        return tuple(map(_read_job, rows))

    def stop(self, job_id: str, at: datetime) -> RebuildJob:
        self.find(job_id)
        ended = {"ended_at": timestamp(at), "stopped": True}
        self._table.write_if(update(_key(job_id), _ADMINS, sets=ended, condition=f"attribute_exists(pk) AND {_OPEN}"))
        return self.find(job_id)

    def list_waiting(self, at: datetime) -> tuple[RebuildJob, ...]:
        jobs = (row for page in self._table.pages(Query(_PARTITION, where=_OPEN)) for row in page)
        return tuple(_read_job(row) for row in jobs if row.get("turn_ends", _ENDED) < timestamp(at))

    def take(self, job_id: str, turn: str, at: datetime, until: datetime) -> RebuildJob | None:
        free = "attribute_not_exists(turn_ends) OR turn_ends < :at OR turn = :turn"
        taken = update(
            _key(job_id),
            _ADMINS,
            sets={"turn": turn, "turn_ends": timestamp(until)},
            condition=f"attribute_exists(pk) AND {_OPEN} AND ({free})",
            values={":at": timestamp(at), ":turn": turn},
        )
        return self.find(job_id) if self._table.write_if(taken) else None

    def note(self, job: RebuildJob, turn: str) -> bool:
        told = {name: getattr(job, name) for name in _COUNTS}
        told |= {name: _write_text(getattr(job, name)) for name in _TEXTS}
        told |= {name: timestamp(at) for name in ("worked_at", "ended_at") if (at := getattr(job, name))}
        mine = update(
            _key(job.job_id),
            _ADMINS,
            sets=told,
            condition=f"turn = :turn AND {_OPEN}",
            values={":turn": turn},
        )
        rows = [[one.subject, one.name, one.standing, one.expected] for one in job.found]
        expires = int((job.placed_at + KEPT).timestamp())
        beside = update(_found_key(job.job_id), _ADMINS, sets={"rows": rows, "expires": expires}, new=True)
        return not self._table.transact([mine, *([beside] if rows else [])])

    def give_back(self, job_id: str, turn: str) -> None:
        mine, ended = "turn = :turn", {"turn_ends": _ENDED}
        self._table.write_if(update(_key(job_id), _ADMINS, sets=ended, condition=mine, values={":turn": turn}))


_ADMINS = account("")
_PARTITION = "REBUILDS"


def _key(job_id: str) -> Item:
    return {"pk": _PARTITION, "sk": job_id}


def _found_key(job_id: str) -> Item:
    return {"pk": f"REBUILD#{job_id}", "sk": "FOUND"}


def _write_text(told: str | Sequence[str]) -> str | list[str]:
    return told if isinstance(told, str) else list(told)


def _read_job(item: Item, found: Item | None = None) -> RebuildJob:
    job = RebuildJob(
        job_id=item["sk"],
        clinic_id=item["clinic"],
        upload_id=item["upload_id"],
        mends=item["mends"],
        actor=item["actor"],
        placed_at=moment(item["placed_at"]),
        units_per_s=item["units_per_s"],
        position=item.get("position", ""),
        postponed=tuple(item.get("postponed", ())),
        busy_units=tuple(item.get("busy_units", ())),
        worked_at=moment(item["worked_at"]) if "worked_at" in item else None,
        ended_at=moment(item["ended_at"]) if "ended_at" in item else None,
        stopped=item.get("stopped", False),
        found=tuple(Difference(*row) for row in (found or {}).get("rows", ())),
    )
    return replace(job, **{name: item[name] for name in _COUNTS if name in item})
