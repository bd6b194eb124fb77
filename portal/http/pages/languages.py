"""Which language a page is in: the browser's, or the one that its user chose, which a cookie keeps for a year."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.languages import ENGLISH, LANGUAGES, speaking
from portal.http.security import API
from portal.http.sessions.session_cookies import set_cookies
from portal.presentation.languages import choose_language
from portal.sign_in.flow import HOME, check_next

COOKIE = "scalper-language"
"""It says nothing of anybody but `en` or `de`, so it is neither sealed nor bound to a session."""

DOCUMENTATION = "/api/docs"
"""Pages about the API, for people."""

YEAR_SECONDS = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


class Languages:
    """Has each page be written in its reader's language; the API and tables, which programs read, in English."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.add_vary_header("Accept-Language, Cookie")
            await send(message)

        path = scope.get("path", "")
        if scope["type"] != "http" or (path.startswith(API) and not path.startswith(DOCUMENTATION)):
            await self._app(scope, receive, send)
            return
        with speaking(read_language(scope)):
            await self._app(scope, receive, send_varying)


def read_language(scope: Scope) -> str:
    """Return the language of a page's request."""
    if scope["path"].endswith(".csv"):
        return ENGLISH
    headers = Headers(scope=scope)
    chosen = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
    return choose_language(headers.get("accept-language", ""), chosen)


@router.post("/language")
def keep_language(
    request: Request, language: Annotated[str, Form()] = "", next_path: Annotated[str, Form(alias="next")] = HOME
) -> RedirectResponse:
    """Keep the language that somebody chose, and lead back to the page; what is no language of ours changes nothing."""
    if language in LANGUAGES:
        secure = "; Secure" if request.app.state.services.settings.secure else ""
        kept = f"{COOKIE}={language}; Max-Age={YEAR_SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
        set_cookies(request, [kept])
    return RedirectResponse(check_next(next_path), 303)
