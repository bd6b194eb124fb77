"""The start page: what this is, for those who are not signed in; for the others, the page that they came for."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from portal.errors import SignInRequiredError
from portal.pages import render
from portal.session_cookies import staff

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/")
def start(request: Request) -> Response:
    try:
        identity = staff(request)
    except SignInRequiredError:
        return render(request, "landing.html")
    return RedirectResponse("/admin" if identity.is_admin else "/upload", 303)
