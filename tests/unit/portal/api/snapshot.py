"""Writes `docs/openapi.json`, by which a test notices each change of the API: `make openapi`."""

import json
from pathlib import Path

from tests.unit.portal.portal_fixture import Portal

FILE = Path(__file__).parents[4] / "docs" / "openapi.json"


def snapshot() -> str:
    document = Portal(origin="https://portal.example").app.openapi()
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(snapshot())
