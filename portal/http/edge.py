"""The portal behind CloudFront: what did not come by it is refused, at the gateway and here (docs/adr/0027)."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.crypto.deployment_secrets import ORIGIN_HEADER, OriginSecret
from portal.errors import EdgeUnknownError, NotByEdgeError
from portal.http.problem_types import find_problem
from portal.http.problems import answer

_CF_ID = re.compile(rb"[A-Za-z0-9_=-]{16,128}")


class OnlyByEdge:
    """Refuses a request that does not carry the secret, once, before anything of it is used. No path is exempt."""

    def __init__(self, app: ASGIApp, secret: OriginSecret) -> None:
        self._app = app
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await run_in_threadpool(self._refusal, scope) if scope["type"] == "http" else None
        if refusal is not None:
            await answer(Request(scope), find_problem(refusal))(scope, receive, send)
            return
        # Kept for our log: by the edge's id of the request, CloudFront's own tells whose address it came from.
        for name, value in scope["headers"] if scope["type"] == "http" else ():
            if name == b"x-amz-cf-id" and _CF_ID.fullmatch(value):
                scope.setdefault("state", {})["edge_request_id"] = value.decode()
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> NotByEdgeError | EdgeUnknownError | None:
        shown = [value for name, value in scope["headers"] if name == ORIGIN_HEADER.encode()]
        try:
            admitted = len(shown) == 1 and self._secret.admits(shown[0])
        except EdgeUnknownError as error:
            return error
        return None if admitted else NotByEdgeError("The request did not come by the edge.")


def asks_for_authorization(event: Mapping[str, Any]) -> bool:
    """Tell the gateway's question, whether to let a request in, from a request (API Gateway Developer Guide,
    "Control access to HTTP APIs with AWS Lambda authorizers", payload format version 2.0)."""
    return event.get("type") == "REQUEST" and "routeArn" in event


def authorize(event: Mapping[str, Any], secret: OriginSecret | None) -> dict[str, bool]:
    """Answer the gateway's question by what it keeps the answer under: the header's value.

    Raises EdgeUnknownError, which the gateway answers with 500 and does not keep, where a no would be kept.
    """
    shown = event.get("identitySource") or []
    if secret is None or len(shown) != 1:
        return {"isAuthorized": False}
    return {"isAuthorized": secret.admits(str(shown[0]).encode(errors="replace"))}
