"""The portal as a Lambda function behind API Gateway's HTTP API, and as that API's authorizer behind an edge."""

import logging
from typing import Any

from mangum import Mangum

from portal.asgi import app, services
from portal.http.answer_bounds import TEXT
from portal.http.edge import asks_for_authorization, authorize

# Our own line on a fault tells where it came from; Mangum's would add the error's text, which may quote the request.
logging.getLogger("mangum.http").disabled = True

_serve = Mangum(app, lifespan="off", text_mime_types=list(TEXT))


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  Lambda's own type, which we pass on.
    """Serve a request, or answer the gateway whether to let one in."""
    if asks_for_authorization(event):
        return dict(authorize(event, services.origin_secret))
    response: dict[str, Any] = _serve(event, context)
    return response
