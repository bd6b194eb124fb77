"""Renders the templates, and serves what the build made for them. What every page may use is declared here once."""

import json
import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from intake.languages import LANGUAGES, current_language, format_number
from portal.http.sessions.session_cookies import find_csrf_token
from portal.presentation.languages import gettext, ngettext

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "templates"
DIST = ROOT / "assets" / "dist"
STATIC = "/static"

CONTEXTS: list[Callable[[Request], dict[str, Any]]] = []
"""What gives every page further names; `portal.web` adds to it."""

FILTERS: dict[str, Any] = {}
"""What templates say `| name` for; `portal.web` adds to it, before the first page is rendered."""


@lru_cache(maxsize=1)
def build_environment() -> Environment:
    """Return the one Jinja environment. A name that a template misspells is an error, not an empty string."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # `trans` is a piece of HTML; what `_()` returns is text, escaped like any other.
    pages.install_gettext_callables(gettext, ngettext, newstyle=False)  # type: ignore[attr-defined]
    pages.policies["ext.i18n.trimmed"] = True
    pages.globals.update(static=link_static, languages=LANGUAGES, grouped=format_number)
    pages.filters.update(FILTERS)
    return pages


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """Render a page.

    Every template sees `request`, `identity` (an Identity or None), `csrf_token`, `request_id`, `language`, `status`,
    `page_address`, the globals `static(name)`, `languages` and `grouped(number)`, and what `CONTEXTS` add.
    """
    names: dict[str, Any] = {
        "request": request,
        "identity": getattr(request.state, "identity", None),
        "csrf_token": find_csrf_token(request),
        "request_id": getattr(request.state, "request_id", ""),
        "language": current_language(),
    }
    for add in CONTEXTS:
        names |= add(request)
    # Whoever chooses another language comes back to the page; to a form that was refused, or an error, nobody can.
    here = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
    names |= {"status": status, "page_address": here if request.method == "GET" and status < 400 else "/"} | context
    text = build_environment().get_template(template).render(names)
    # A page may name patients' files: no cache keeps it, not even the browser's after signing out.
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def link_static(name: str) -> str:
    """Return the URL of a static file; its name carries a hash of its content where the build made one.

    Asked for anew after each build, so that a running portal follows it.
    """
    manifest = DIST / "manifest.json"
    try:
        built = _read_manifest(manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        built = {}
    return f"{STATIC}/{built.get(name, name)}"


@lru_cache(maxsize=1)
def _read_manifest(path: Path, _built_at: int) -> dict[str, str]:
    manifest: dict[str, str] = json.loads(path.read_text())
    return manifest


HASHED = re.compile(r"-(?:[0-9A-Z]{8}|[0-9a-f]{8})\.[a-z0-9]+$")
"""The build names each file by its content, but for those that are used as they were released."""

router = APIRouter(include_in_schema=False)

DECODER = "viewer-decoder-"
"""What the script that decodes the viewer's images is called, but for its hash."""

YEAR = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"


class StaticAssets(StaticFiles):
    """Serves `assets/dist`; where nothing was built, there is nothing to find."""

    def __init__(self) -> None:
        super().__init__(directory=DIST, check_dir=False)

    async def check_config(self) -> None:
        """Take a folder that is not there for an empty one."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in {200, 304}:
            response.headers["Cache-Control"] = YEAR if HASHED.search(path) else HOUR
        return response


@router.api_route(STATIC + "/{path:path}", methods=["GET", "HEAD"])
async def asset(request: Request, path: str) -> Response:
    """Serve a file. Raises HTTPException where there is none."""
    # A worker goes by the policy that its own script came with.
    request.state.runs_wasm = path.startswith(DECODER)
    served: StaticAssets = request.app.state.assets
    await served.check_config()
    return await served.get_response(os.path.normpath(path), request.scope)
