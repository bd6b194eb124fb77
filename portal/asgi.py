"""The portal under an ASGI server: `uvicorn portal.asgi:app`."""

import os

from portal.app import create_app
from portal.settings import Settings
from portal.wiring import wire

app = create_app(wire(Settings.from_env(os.environ)))
