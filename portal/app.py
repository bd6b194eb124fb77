"""Puts the portal together."""

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from portal.api import changes, expected_exams, files, findings, openapi, rebuilds, studies, uploads, webhooks
from portal.dicomweb import routes as dicomweb
from portal.dicomweb import stow_routes
from portal.dicomweb.pixels import rendered_routes, uri_routes
from portal.dicomweb.pixels import routes as pixel_routes
from portal.http import problems
from portal.http.access import OnlyAsked, OtherWebsites, enforce
from portal.http.answer_bounds import AnswerBounds
from portal.http.edge import OnlyByEdge
from portal.http.entity_tags import EntityTags, Packing
from portal.http.pages import languages, rendering
from portal.http.pages.rendering import StaticAssets
from portal.http.request_bounds import BodyLimit, RequestBounds
from portal.http.request_log import RequestLog
from portal.http.security import Headers, ResponseHeaders, count_page_write, same_site
from portal.services import Services
from portal.web import auth, routers

DESCRIPTION = """Send medical images and documents, and follow each file to its verdict.

1. Get a token from the token endpoint, with your client's credentials.
2. `POST /api/v1/uploads` announces files; the answer holds a presigned request for each.
3. Send each file's bytes straight to S3.
4. `GET /api/v1/uploads/{upload_id}` tells what became of them.
"""


def create_app(services: Services) -> FastAPI:
    """Return the portal: pages, REST API and its documentation."""
    app = FastAPI(
        title="Silent Scalper",
        version="1.0.0",
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(same_site), Depends(count_page_write), Depends(enforce)],
    )
    app.state.services = services
    app.state.headers = Headers(services.settings, services.presigner)
    problems.register(app)
    _protect(app)
    _route(app)
    openapi.document_api(app)
    return app


def _protect(app: FastAPI) -> None:
    """The last one added sees a request first."""
    app.add_middleware(OnlyAsked)
    app.add_middleware(BodyLimit)
    app.add_middleware(EntityTags)
    app.add_middleware(Packing)
    app.add_middleware(AnswerBounds)
    app.add_middleware(languages.Languages)
    app.add_middleware(RequestBounds)
    if app.state.services.origin_secret is not None:
        app.add_middleware(OnlyByEdge, secret=app.state.services.origin_secret)
    if origins := app.state.services.settings.browser_origins.split():
        app.add_middleware(OtherWebsites, origins=origins)
    app.add_middleware(ResponseHeaders, headers=app.state.headers)
    app.add_middleware(RequestLog)


def _route(app: FastAPI) -> None:
    app.add_api_route("/health", _health, include_in_schema=False)
    app.state.assets = StaticAssets()
    for router in (
        auth.router,
        rendering.router,
        languages.router,
        openapi.router,
        uploads.router,
        expected_exams.router,
        files.router,
        studies.router,
        findings.router,
        changes.router,
        dicomweb.router,
        stow_routes.router,
        pixel_routes.router,
        rendered_routes.router,
        uri_routes.router,
        webhooks.router,
        rebuilds.router,
    ):
        app.include_router(router)
    routers.include_pages(app)


def _health() -> dict[str, str]:
    """Say that the process is up; asks nobody else."""
    return {"status": "ok"}


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name
