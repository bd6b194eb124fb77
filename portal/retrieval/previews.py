"""Pictures of files, by which people recognise them: an address of one that is kept, and made first where none is.

Who may see one is who may have the file's content: the clinic's own people and partners what was accepted, and nobody
else. What was rejected nobody may have; admins, who decide on it, see its picture, and each time is noted. That a
clinic's own people see pictures in lists is not: they see patients' names there, which is not noted either, and every
content that is taken out is. AWS's own trail tells of each object that was read.
"""

from dataclasses import replace
from enum import IntEnum

from intake.files.model import FileRecord
from intake.files.states import State
from intake.renditions.model import EDGES, NoPreview, RenditionAnswer, RenditionRequest, View
from intake.renditions.ports import RendererBusyError
from portal.audit import note
from portal.auth.identity import Identity
from portal.errors import NoPreviewError, NotAcceptedError, TooManyRequestsError
from portal.presentation.labels import NO_PREVIEW
from portal.presentation.languages import gettext
from portal.services import Services

CACHING = "private, max-age=240"
"""How long a browser may go by what led it to a picture: a minute less than the address is good for."""


def choose_caching(identity: Identity) -> str:
    """Return for how long a browser may go by what led it to a picture. Each look of an admin's is noted anew."""
    return "no-store" if identity.is_admin else CACHING


class Edge(IntEnum):
    """The longer sides of the pictures, in pixels."""

    SMALL, LARGE = EDGES


def sign_picture(services: Services, identity: Identity, file_id: str, edge: Edge) -> str:
    """Return an address of a file's picture, which is good for five minutes.

    Raises NotFoundError, NotAcceptedError, ClinicError for admins, NoPreviewError, RendererBusyError.
    """
    record = services.records.file(identity.clinic_id, file_id)
    request = _describe(services, identity, record)
    if identity.is_admin:
        note(services, identity, "file.preview", clinic_id=record.clinic_id, subject=file_id)
    answer = services.renditions.find(request, edge) or _render(services, request)
    if answer.reason:
        raise _explain(answer.reason)
    return services.renditions.sign(request, edge)


def draw(services: Services, identity: Identity, record: FileRecord, view: View) -> RenditionAnswer:
    """Return a picture of a file as somebody wants it. Raises as `sign_picture` does, but for NotFoundError."""
    answer = _render(services, replace(_describe(services, identity, record), view=view))
    if answer.reason:
        raise _explain(answer.reason)
    return answer


def find_reason(services: Services, identity: Identity, record: FileRecord) -> NoPreview | None:
    """Return why there is no picture of a file; None where there is one, where nobody has tried, or may not see it."""
    if not is_previewed(services, identity, record):
        return None
    answer = services.renditions.find(_describe(services, identity, record), Edge.SMALL)
    return answer.reason if answer else None


def is_previewed(services: Services, identity: Identity, record: FileRecord) -> bool:
    """Say whether `identity` may see a picture of a file that was read on its behalf, if there is one."""
    if record.stored is None:
        return False
    if record.state is State.REJECTED:
        # Of an archive's damaged entry quarantine holds nothing, or nothing but the archive.
        return identity.is_admin and record.stored.bucket == services.settings.quarantine_bucket
    return record.state is State.ACCEPTED and not identity.is_admin


def _describe(services: Services, identity: Identity, record: FileRecord) -> RenditionRequest:
    """Return what the renderer is asked for. Raises NotAcceptedError, ClinicError."""
    if record.state is State.ACCEPTED:
        identity.own_clinic()
    if record.stored is None or not is_previewed(services, identity, record):
        raise NotAcceptedError("There is no picture of this file that you may see.")
    return RenditionRequest(
        clinic_id=record.clinic_id,
        file_id=record.file_id,
        stored=record.stored,
        size=record.size,
        kind=record.kind or "",
        accepted=record.state is State.ACCEPTED,
    )


def _explain(reason: NoPreview) -> NoPreviewError:
    error = NoPreviewError("There is no picture of the file.")
    error.extensions = {"reason": reason.value, "explanation": gettext(NO_PREVIEW[reason])}
    return error


def _render(services: Services, request: RenditionRequest) -> RenditionAnswer:
    try:
        with services.rendering.turn():
            return services.renderer.render(request)
    except TooManyRequestsError as error:
        # Nobody asked for more than their share: a page shows many pictures, and all of them are new.
        raise RendererBusyError("too many pictures are waited for") from error
