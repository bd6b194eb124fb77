"""What a study's page asks for to take its files out: addresses of S3's, which the browser packs into one ZIP."""

from fastapi import APIRouter

from portal.http.sessions.dependencies import Collaborators, PageCursor
from portal.retrieval.contents import open_study
from portal.retrieval.requests import ContentQuery
from portal.retrieval.responses import ContentPage
from portal.web.layout.pages import Staff

router = APIRouter(prefix="/studies")


@router.post("/{study_id}/content")
def list_content(
    identity: Staff, services: Collaborators, study_id: str, body: ContentQuery, cursor: PageCursor
) -> ContentPage:
    """Return a page of what is taken out. Raises NotFoundError, InvalidCursorError, ClinicError for admins."""
    return open_study(services, identity, study_id, body, cursor)
