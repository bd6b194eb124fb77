"""Terraform on the emulator, with a provider that is on the machine already: tests download nothing of that size."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.build.cache import ROOT
from infra.local.emulator import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, plain_environment

MODULE = ROOT / "infra" / "terraform"

PLUGIN_DIRS = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/tf-plugins",
)
"""Terraform's implied local mirrors (CLI configuration, "Implied Local Mirror Directories"), and where images for
builders keep providers. TF_PLUGIN_DIR goes before all of them."""

_SERVICES = ("cloudformation", "s3", "ssm", "sts")


class Terraform:
    """The command, in a folder with a root module of the test's own."""

    def __init__(self, folder: Path, *, plugins: Path) -> None:
        self.folder = folder
        folder.mkdir()
        environment = {name: value for name, value in plain_environment().items() if name != "HOME"}
        # No configuration of the user's, which may lead to another mirror, and no calls home.
        self._environment = {**environment, "HOME": str(folder), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self._plugins = plugins

    def configure(self, *, endpoint: str, **arguments: object) -> None:
        """Write the root module: the emulator's provider, and ours with these arguments."""
        provider = {
            "region": REGION,
            "access_key": ACCESS_KEY_ID,
            "secret_key": SECRET_ACCESS_KEY,
            "s3_use_path_style": True,
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "endpoints": [dict.fromkeys(_SERVICES, endpoint)],
        }
        root = {
            "provider": {"aws": [provider]},
            "module": {"core": {"source": str(MODULE), **arguments}},
            "output": {"outputs": {"value": "${module.core.outputs}"}},
        }
        (self.folder / "main.tf.json").write_text(json.dumps(root, indent=2))

    def init(self) -> None:
        self("init", f"-plugin-dir={self._plugins}")

    def outputs(self) -> dict[str, str]:
        return json.loads(self("output", "-json", "outputs"))

    def __call__(self, *arguments: str) -> str:
        command = ["terraform", arguments[0], *(["-no-color"] if arguments[0] != "output" else []), *arguments[1:]]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (
            f"terraform {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout


def terraform_or_skip(folder: Path) -> Terraform:
    """Return the command ready to use; skip, or fail under REQUIRE_TERRAFORM=1, where the machine has not all of it."""
    given = os.environ.get("TF_PLUGIN_DIR")
    places = [Path(given)] if given else [Path(place).expanduser() for place in PLUGIN_DIRS]
    plugins = next((place for place in places if _providers(place)), None)
    if shutil.which("terraform") and plugins:
        return Terraform(folder, plugins=plugins)
    missing = "the AWS provider (TF_PLUGIN_DIR names its folder)" if shutil.which("terraform") else "the command"
    message = f"NOT TESTED: infra/terraform, for want of {missing}. REQUIRE_TERRAFORM=1 makes this a failure."
    if os.environ.get("REQUIRE_TERRAFORM"):
        pytest.fail(message)
    pytest.skip(message)


def _providers(place: Path) -> list[Path]:
    return list(place.glob("registry.*/hashicorp/aws/*"))
