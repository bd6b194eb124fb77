"""The portal under an ASGI server: `uvicorn portal.asgi:app`."""

import os

from portal.app import create_app
from portal.http.request_log import FaultBarrier
from portal.settings import Settings
from portal.wiring import wire

services = wire(Settings.from_env(os.environ))
app = FaultBarrier(create_app(services))
