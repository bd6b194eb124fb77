"""What people say of trouble, as it stands in the records of files and uploads."""

from intake.files.dealing import Dealing, Reason
from intake.files.model import timestamp
from intake.table.items import Item, moment


def dealing_map(dealing: Dealing) -> Item:
    told = {"words": dealing.words} if dealing.words else {}
    who = {"by": dealing.by, "by_name": dealing.by_name, "at": timestamp(dealing.at)}
    return {"reason": dealing.reason.value, **who, **told}


def read_dealing(row: Item) -> Dealing:
    return Dealing(
        reason=Reason(row["reason"]),
        by=row["by"],
        by_name=row["by_name"],
        at=moment(row["at"]),
        words=row.get("words", ""),
    )
