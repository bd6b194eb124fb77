"""Rejected files side by side with those of the same cause, upload or device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from intake.files.model import FileRecord
from intake.languages import mark
from intake.projections.model import device
from portal.presentation.formatting import format_count
from portal.presentation.languages import gettext
from portal.web.layout.pages import build_address

NO_DEVICE = mark("No device named")


@dataclass(frozen=True, slots=True)
class Group:
    """Files of a page that have something in common."""

    label: str
    told: str
    """How many of this page there are."""
    href: str
    """Where all of them are listed, on every page; empty where no filter tells them from others."""
    files: list[FileRecord]


def group_files(path: str, query: dict[str, str], files: Sequence[FileRecord], by: str) -> list[Group]:
    """Return the files in groups, the largest first; one group without a label where nothing is asked for."""
    if by not in GROUPINGS:
        return [Group("", "", "", list(files))] if files else []
    held: dict[tuple[str, str], list[FileRecord]] = {}
    for file in files:
        held.setdefault(GROUPINGS[by].name(file), []).append(file)
    field = GROUPINGS[by].field
    return [
        Group(
            label,
            format_count(len(theirs), "file"),
            build_address(path, {**query, field: value, "group": ""}) if value and query.get(field) != value else "",
            theirs,
        )
        for (label, value), theirs in sorted(held.items(), key=lambda row: -len(row[1]))
    ]


def _name_cause(file: FileRecord) -> tuple[str, str]:
    code = next(iter(file.codes), "")
    message = next((found.message for found in file.findings if found.code == code), "Rejected")
    return gettext(message), code


def _name_device(file: FileRecord) -> tuple[str, str]:
    made_by = device(file.clinic_id, file.metadata)
    return (made_by.label, made_by.key) if made_by else (gettext(NO_DEVICE), "")


def name_upload(upload_id: str) -> str:
    return gettext("Upload {upload_id}").format(upload_id=upload_id)


@dataclass(frozen=True, slots=True)
class Grouping:
    """What files are grouped by: how it is called, the filter's field, and a file's label and value."""

    label: str
    field: str
    name: Callable[[FileRecord], tuple[str, str]]


GROUPINGS = {
    "cause": Grouping("Cause", "code", _name_cause),
    "upload": Grouping("Upload", "upload", lambda file: (name_upload(file.upload_id), file.upload_id)),
    "device": Grouping("Device", "device", _name_device),
}
"""By what stands in the page's address, in the order in which they are offered."""
