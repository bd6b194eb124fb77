"""Write a CycloneDX bill of materials for each thing that is delivered, and list their licences.

`python -m infra.supply_chain.sbom` writes `.scalper/sbom/*.cdx.json` and fails on a licence that nobody has allowed.
Sources: the specification at cyclonedx.org (ECMA-424), the manuals of cyclonedx-py and `npm sbom`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.build.bundle import export_requirements, run_uv
from infra.build.cache import ROOT
from infra.build.processes import tool_environment
from infra.errors import RunnerError
from infra.supply_chain.licences import components, listing, objections

OUT = ROOT / ".scalper" / "sbom"

BUNDLES = ("portal", "processor")
CLIENT = "client"
"""The package that partners install from PyPI."""
WEB = "web"
"""What npm brings: the pages' styles and scripts, and the tools that bundle them."""


def write_all(folder: Path) -> dict[str, Path]:
    """Write the bill of materials of everything delivered, by its name. Raises RunnerError when a tool fails."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.cdx.json" for name in (*BUNDLES, CLIENT, WEB)}
    for name in (*BUNDLES, CLIENT):
        _write_python(None if name == CLIENT else name, files[name])
    _write_npm(files[WEB])
    return files


def _write_python(bundle: str | None, file: Path) -> None:
    """Install what is delivered, and that alone, into an environment of its own; its metadata tells the licences."""
    with tempfile.TemporaryDirectory() as scratch:
        requirements, environment = Path(scratch) / "requirements.txt", Path(scratch) / "environment"
        export_requirements(bundle, requirements)
        run_uv(["venv", "--quiet", "--python", sys.executable, str(environment)])
        install = ["pip", "install", "--quiet", "--no-deps", "--python", str(environment)]
        run_uv([*install, "--requirements", str(requirements)])
        options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--output-file", str(file)]
        _run([sys.executable, "-m", "cyclonedx_py", "environment", *options, str(environment)])


def _write_npm(file: Path) -> None:
    bill = json.loads(_run(["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]))
    # These two say when and which run it was: without them, the same packages make the same file.
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    file.write_text(json.dumps(bill, indent=2) + "\n")


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=tool_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunnerError(f"`{' '.join(command[:4])}` failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def main() -> None:
    found = {name: tuple(components(json.loads(file.read_text()))) for name, file in write_all(OUT).items()}
    for name, parts in found.items():
        print(f"\n{name}: {len(parts)} components, {(OUT / name).relative_to(ROOT)}.cdx.json")
        print(listing(parts))
    refused = objections(part for parts in found.values() for part in parts)
    if refused:
        print("\nNobody has allowed these licences (infra/supply_chain/licences.py):", *refused, sep="\n  ")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
