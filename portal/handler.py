"""The portal as a Lambda function behind API Gateway's HTTP API."""

import logging

from mangum import Mangum

from portal.asgi import app

# Our own line on a fault tells where it came from; Mangum's would add the error's text, which may quote the request.
logging.getLogger("mangum.http").disabled = True

TEXT = ["text/", "application/json", "application/problem+json", "image/svg+xml"]

handle = Mangum(app, lifespan="off", text_mime_types=TEXT)
