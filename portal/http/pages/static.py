"""The styles and scripts that the build made."""

import os
import re

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from portal.http.pages.rendering import DIST, STATIC

HASHED = re.compile(r"-(?:[0-9A-Z]{8}|[0-9a-f]{8})\.[a-z0-9]+$")
"""The build names each file by its content, but for those that are used as they were released."""

router = APIRouter(include_in_schema=False)

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
    served: StaticAssets = request.app.state.assets
    await served.check_config()
    return await served.get_response(os.path.normpath(path), request.scope)
