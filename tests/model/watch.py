"""What every single write must obey: a record only grows, moves as files may, and is written by its owner's steps."""

from itertools import pairwise
from typing import Any

from intake.table.table import deserialize
from tests.model.dynamodb import InMemoryDynamoDB
from tests.recount.stories import MOVES, STATES


class Watch:
    """Looks at what was written since it looked last."""

    def __init__(self, dynamodb: InMemoryDynamoDB) -> None:
        self._dynamodb = dynamodb
        self._seen = 0
        self._clinic: str | None = None

    def allow(self, clinic: str | None) -> None:
        """Say whose items may be written from now on; None for anybody's."""
        self._clinic = clinic

    def check(self) -> None:
        for record in self._dynamodb.stream[self._seen :]:
            image = record["dynamodb"]
            old, new = image.get("OldImage", {}), image["NewImage"]
            self._check_owner(old, new)
            if new["sk"]["S"].startswith("FILE#"):
                check_record(deserialize(old), deserialize(new))
        self._seen = len(self._dynamodb.stream)

    def _check_owner(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        owners = {item["clinic_id"]["S"] for item in (old, new) if "clinic_id" in item}
        assert len(owners) <= 1, "an item changed its owner"
        assert self._clinic is None or owners <= {self._clinic, "unassigned"}, "a step wrote another clinic's item"


def check_record(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Hold a record against what it was: nothing of its story is lost, and each step is counted once."""
    before, after = old.get("timeline", []), new["timeline"]
    assert after[: len(before)] == before, "a step was lost"
    grown = after[len(before) :]
    if not old:
        assert new["revision"] == (0 if new["state"] == "awaiting_upload" else 1)
        return
    assert new["revision"] == old["revision"] + bool(grown), "a step was counted otherwise than once"
    assert [old[name] for name in ("clinic_id", "upload_id", "file_id", "created_at", "created_key")] == [
        new[name] for name in ("clinic_id", "upload_id", "file_id", "created_at", "created_key")
    ], "a record became another's"
    places = [[one["incoming"][name] for name in ("bucket", "key")] for one in (old, new)]
    assert places[0] == places[1], "another object settled a record than it was reserved for"
    if old["state"] != new["state"]:
        settles = old.get("kind") == "zip" and (old["state"], new["state"]) == ("accepted", "rejected")
        assert new["state"] in MOVES[old["state"]] or settles, f"{old['state']} became {new['state']}"
        assert grown, "a file moved and no step tells"
    told = [step["at"] for step in after if step["event"] in STATES]
    assert all(one <= other for one, other in pairwise(told)), "the timeline goes back in time"
