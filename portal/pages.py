"""Renders the templates. What every page may use is declared here once."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from portal import session

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
DIST = ROOT / "assets" / "dist"
STATIC = "/static"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the one Jinja environment. A name that a template misspells is an error, not an empty string."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals.update(asset=asset, csrf_token=_csrf_token, identity=_identity)
    return pages


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """Render a page. Templates see `request`, `context`, and the globals `asset(name)`, `csrf_token()`, `identity()`."""
    text = environment().get_template(template).render(request=request, **context)
    # A page may name patients' files: no cache keeps it, not even the browser's after signing out.
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def asset(name: str) -> str:
    """Return the URL of a static file; its name carries a hash of its content where the build made one."""
    return f"{STATIC}/{_manifest().get(name, name)}"


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    """Read what the build called each file: `{"portal.css": "portal-5F3A9C.css"}`."""
    path = DIST / "manifest.json"
    manifest: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    return manifest


@pass_context
def _csrf_token(context: Context) -> str:
    return session.csrf_token(context["request"])


@pass_context
def _identity(context: Context) -> Any:  # noqa: ANN401
    return getattr(context["request"].state, "identity", None)
