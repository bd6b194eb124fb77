"""What is in a study, a series or an upload, page by page, with an address for each file.

Who asks for the first page takes something out, and that is noted, once: the pages behind it, and each page anew once
its addresses have expired, are asked for with its cursors, which are good for a day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from intake.errors import InvalidCursorError, NotFoundError
from intake.files.metadata import read_study_uid
from intake.files.model import FileRecord
from intake.files.outcomes import Page
from intake.files.states import State
from intake.search.ports import FileQuery
from intake.studies.model import Study
from portal.audit import note
from portal.auth.identity import Identity
from portal.cursors import Cursor, seal, unseal
from portal.retrieval.requests import ContentQuery
from portal.retrieval.responses import Content, ContentPage, LeftOut, Reason
from portal.services import Services
from portal.uploads.visibility import SUFFIXES

PAGE = 100
"""Files of a page: signing one costs about a millisecond."""

TAKEN_OUT, VIEWED = "file.take-out", "study.view"

GOOD_FOR = timedelta(days=1)
"""How long one taking out may last."""


@dataclass(frozen=True, slots=True)
class _Collection:
    """Something that holds files, and how these are read."""

    subject: str
    kind: str
    count: int
    size: int | None
    read: Callable[[str | None], Page[FileRecord]]
    why_left_out: Callable[[FileRecord], Reason | None]
    filters: dict[str, str] = field(default_factory=dict)


def open_study(
    services: Services, identity: Identity, study_id: str, wanted: ContentQuery, cursor: Cursor
) -> ContentPage:
    """Return a page of a study's files, of one series', or of those that were ticked.

    Raises NotFoundError, InvalidCursorError, ClinicError.
    """
    study = services.studies.study(identity.own_clinic(), study_id)
    if wanted.files:
        collection = _collect_ticked(services, study, wanted.files)
    else:
        collection = _collect_study(services, study, wanted.series)
    return _open_page(
        services,
        identity,
        cursor,
        collection,
        "study.view" if wanted.viewing and wanted.series and not wanted.files else TAKEN_OUT,
    )


def open_upload(services: Services, identity: Identity, upload_id: str, cursor: Cursor) -> ContentPage:
    """Return a page of an upload's files. Raises NotFoundError, InvalidCursorError, ClinicError."""
    upload = services.records.upload(identity.own_clinic(), upload_id)
    collection = _Collection(
        subject=upload_id,
        kind="upload",
        count=upload.counts.get(State.ACCEPTED, 0),
        size=None,
        read=lambda after: services.records.files_of(upload_id, after, PAGE),
        why_left_out=_why_not_of_upload,
    )
    return _open_page(services, identity, cursor, collection)


def _collect_study(services: Services, study: Study, series_id: str) -> _Collection:
    series = next((one for one in study.series if one.series_id == series_id), None)
    if series_id and series is None:
        raise NotFoundError("the study has no such series")
    query = FileQuery(clinic_id=study.clinic_id, study_id=study.study_id, series_id=series_id, state=State.ACCEPTED)
    return _Collection(
        subject=study.study_id,
        kind="series" if series else "study",
        count=series.instances if series else study.instances,
        size=None if series else study.bytes,
        read=lambda after: services.search.files(query, after, PAGE),
        why_left_out=_why_not_of_study,
        filters={"series": series_id},
    )


def _collect_ticked(services: Services, study: Study, file_ids: Sequence[str]) -> _Collection:
    wanted = sorted(set(file_ids))

    def read(_after: str | None) -> Page[FileRecord]:
        records = tuple(services.records.file(study.clinic_id, file_id) for file_id in wanted)
        for record in records:
            uid = read_study_uid(record.metadata)
            if not uid or services.ids.study(study.clinic_id, uid) != study.study_id:
                raise NotFoundError("the study has no such file")
        return Page(records)

    return _Collection(
        subject=study.study_id,
        kind="files",
        count=len(wanted),
        size=None,
        read=read,
        why_left_out=_why_not_of_study,
        filters={"files": ",".join(wanted)},
    )


def _open_page(
    services: Services, identity: Identity, cursor: Cursor, collection: _Collection, action: str = TAKEN_OUT
) -> ContentPage:
    began, after = _read_position(services, identity, cursor, collection)
    found = collection.read(after)
    if not cursor:
        note(
            services,
            identity,
            action,
            clinic_id=identity.own_clinic(),
            subject=collection.subject,
            of=collection.kind,
            files=str(collection.count),
        )

    def bind(position: str) -> str:
        return seal(services, identity, cursor, f"{began}~{position}", **collection.filters)

    files, left_out = _divide(services, found.rows, collection.why_left_out)
    return ContentPage(
        count=collection.count,
        bytes=collection.size,
        files=files,
        left_out=left_out,
        here=bind(after or ""),
        next=found.next and bind(found.next),
    )


def _read_position(
    services: Services, identity: Identity, cursor: Cursor, collection: _Collection
) -> tuple[int, str | None]:
    """Return when the taking out began, in seconds since 1970, and the position behind which the page begins."""
    position = unseal(services, identity, cursor, **collection.filters)
    if position is None:
        return services.now(), None
    began, mark, after = position.partition("~")
    if not mark or not began.isdigit() or services.now() - int(began) > GOOD_FOR.total_seconds():
        raise InvalidCursorError("the cursor is too old")
    return int(began), after or None


def _divide(
    services: Services, records: Iterable[FileRecord], why_left_out: Callable[[FileRecord], Reason | None]
) -> tuple[list[Content], list[LeftOut]]:
    files: list[Content] = []
    left_out: list[LeftOut] = []
    for record in records:
        reason = why_left_out(record)
        if reason is not None or record.stored is None:
            left_out.append(LeftOut(file_id=record.file_id, name=record.name, reason=reason or record.state))
            continue
        # The name stands in a URL: an opaque one. What the file is called stands beside it.
        signed = services.presigner.get(record.stored, record.file_id + SUFFIXES.get(record.kind or "", ""))
        content = Content.model_validate(
            {
                **{name: getattr(record, name) for name in ("file_id", "name", "size", "sha256", "updated_at")},
                "url": signed.url,
                "expires_at": signed.expires_at,
            }
        )
        files.append(content)
    return files, left_out


def _why_not_of_study(record: FileRecord) -> Reason | None:
    if record.state is not State.ACCEPTED:
        return record.state
    if record.superseded_by:
        return "superseded"
    return "duplicate" if record.duplicate_of else None


def _why_not_of_upload(record: FileRecord) -> Reason | None:
    """An upload's duplicates are among what was sent; they are had from where their bytes are."""
    if record.state is not State.ACCEPTED:
        return record.state
    if record.superseded_by:
        return "superseded"
    unpacked = record.kind == "zip" and not record.duplicate_of and record.metadata.get("entries")
    return "unpacked" if unpacked else None
