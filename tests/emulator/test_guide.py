"""The guide's commands, run from top to bottom in one shell, as a reader would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dicom_files import ct_slice, uid
from tests.emulator.webhook_receiver import GUIDE

pytestmark = pytest.mark.emulator

BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def script(folder: Path, filled_in: dict[str, str]) -> str:
    """Return the guide's commands as one script, with what readers fill in; Python is run as a file of its own."""
    steps = ["set -euo pipefail"]
    for number, (language, code) in enumerate(BLOCK.findall(GUIDE.read_text())):
        command = code
        if language == "python":
            for placeholder, value in filled_in.items():
                code = code.replace(placeholder, value)  # noqa: PLW2901
            (folder / f"step_{number}.py").write_text(code)
            command = f"{sys.executable} step_{number}.py\n"
        steps.append(f"echo 'step {number}' >&2\n{command}")
    return "\n".join(steps)


def test_every_command_of_the_guide_works(stack, portal_url, tmp_path):
    study = uid("guide", str(tmp_path))
    (tmp_path / "slice.dcm").write_bytes(ct_slice(study=study, series=uid(study, 1), sop=uid(study, 1, 1)))
    told = {
        "TOKEN_URL": stack.token_url,
        "API_URL": portal_url,
        "CLIENT_ID": stack.demo.partner.client_id,
        "CLIENT_SECRET": stack.demo.partner.client_secret,
        # The local stack lets webhooks lead to the machine itself; nobody needs to listen.
        "HOOK_URL": "http://127.0.0.1:9/hooks",
    }

    exported = tmp_path / "export"
    exported.mkdir()
    (exported / "other.dcm").write_bytes(ct_slice(study=study, series=uid(study, 1), sop=uid(study, 1, 2)))
    filled_in = {
        "https://portal.example": portal_url,
        "client id": told["CLIENT_ID"],
        "client secret": told["CLIENT_SECRET"],
        "/export/today": str(exported),
    }

    run = subprocess.run(
        ["bash", "-c", script(tmp_path, filled_in)],
        cwd=tmp_path,
        # The client's journal belongs to this reader.
        env={**os.environ, **told, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert run.returncode == 0, run.stderr[-2000:]
    assert "accepted" in run.stdout
    assert "The request is not valid" in run.stdout
    assert (tmp_path / "returned.dcm").read_bytes() == (tmp_path / "slice.dcm").read_bytes()
