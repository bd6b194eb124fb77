"""The start page: what this is, for those who are not signed in; for the others, the page that they came for."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from portal.errors import SignInRequiredError
from portal.http.pages.rendering import render
from portal.http.sessions.session_cookies import require_staff

router = APIRouter()


@router.get("/")
def start(request: Request) -> Response:
    try:
        identity = require_staff(request)
    except SignInRequiredError:
        return render(request, "landing.html")
    return RedirectResponse("/admin" if identity.is_admin else "/upload", 303)
