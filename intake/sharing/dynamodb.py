"""Links to studies, in the table, behind the `StudyLinks` port: each under its id, and listed under its study.

Both items go by TTL some time after the link has lapsed, so that a clinic can look back.
"""

from datetime import datetime, timedelta

from intake.errors import ConflictError
from intake.files.model import timestamp
from intake.sharing.model import LISTED, MOST_OPENINGS, MOST_TAKINGS, MOST_TRIES, StudyLink
from intake.table.expressions import SYSTEM, clinic, creation, update
from intake.table.items import Item, moment
from intake.table.queries import Query
from intake.table.table import ConditionFailedError, Table

KEPT = timedelta(days=90)
"""For how long after its end a link is told of."""


class DynamoStudyLinks:
    """Creates, counts and closes links."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, link: StudyLink) -> None:
        owner, until = clinic(link.clinic_id), int((link.expires_at + KEPT).timestamp())
        item = {
            **_link_key(link.link_id),
            "study_id": link.study_id,
            "code_digest": link.code_digest,
            "created_at": timestamp(link.created_at),
            "created_by": link.created_by,
            "created_by_name": link.created_by_name,
            "ends_at": timestamp(link.expires_at),
            "tries": 0,
            "opened": 0,
            "taken": 0,
            "expires": until,
        }
        place = {"pk": _list(link.clinic_id, link.study_id), "sk": f"{timestamp(link.created_at)}#{link.link_id}"}
        listed = {**place, "link_id": link.link_id, "expires": until}
        if self._table.transact([creation(item, owner), creation(listed, owner)]):
            raise ConflictError("there is such a link already")

    def list_of_study(self, clinic_id: str, study_id: str) -> tuple[StudyLink, ...]:
        rows = self._table.query(Query(_list(clinic_id, study_id), newest_first=True, limit=LISTED)).rows
        found = self._table.batch_get([_link_key(row["link_id"]) for row in rows])
        return tuple(_read_link(item) for item in found if item and item["clinic_id"] == clinic_id)

    def revoke(self, clinic_id: str, link_id: str, at: datetime) -> bool:
        revoked = update(
            _link_key(link_id),
            clinic(clinic_id),
            sets={"revoked_at": timestamp(at)},
            condition="attribute_not_exists(revoked_at)",
        )
        return self._table.write_if(revoked)

    def begin_try(self, link_id: str, at: datetime) -> StudyLink | None:
        # Whoever comes with a link learns here whose it is, and so cannot say it beforehand.
        counted = update(
            _link_key(link_id),
            SYSTEM,
            sums={"tries": 1},
            condition="tries < :tries AND opened < :opened AND ends_at > :now AND attribute_not_exists(revoked_at)",
            values={":tries": MOST_TRIES, ":opened": MOST_OPENINGS, ":now": timestamp(at)},
        )
        try:
            return _read_link(self._table.update_and_get(counted))
        except ConditionFailedError:
            return None

    def count_opening(self, link: StudyLink) -> None:
        self._table.write(update(_link_key(link.link_id), clinic(link.clinic_id), sums={"tries": -1, "opened": 1}))

    def find_open(self, link_id: str, at: datetime) -> StudyLink | None:
        item = self._table.get(_link_key(link_id))
        link = _read_link(item) if item else None
        return link if link and link.is_open_at(at) else None

    def count_taking(self, link: StudyLink) -> bool:
        counted = update(
            _link_key(link.link_id),
            clinic(link.clinic_id),
            sums={"taken": 1},
            condition="taken < :most AND attribute_not_exists(revoked_at)",
            values={":most": MOST_TAKINGS},
        )
        return self._table.write_if(counted)


def _link_key(link_id: str) -> Item:
    return {"pk": f"LINK#{link_id}", "sk": "#LINK"}


def _list(clinic_id: str, study_id: str) -> str:
    return f"LINKS#{clinic_id}#{study_id}"


def _read_link(item: Item) -> StudyLink:
    return StudyLink(
        link_id=item["pk"].partition("#")[2],
        clinic_id=item["clinic_id"],
        study_id=item["study_id"],
        code_digest=item["code_digest"],
        created_at=moment(item["created_at"]),
        created_by=item["created_by"],
        created_by_name=item["created_by_name"],
        expires_at=moment(item["ends_at"]),
        tries=int(item["tries"]),
        opened=int(item["opened"]),
        taken=int(item["taken"]),
        revoked_at=moment(item["revoked_at"]) if "revoked_at" in item else None,
    )
