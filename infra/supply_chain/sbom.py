"""Write a CycloneDX bill of materials for each thing that is delivered, and list their licences.

`python -m infra.supply_chain.sbom` writes `.scalper/sbom/*.cdx.json` and fails on a licence that nobody has allowed.
Sources: the specification at cyclonedx.org (ECMA-424), the manuals of cyclonedx-py and `npm sbom`.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.build.bundle import export_requirements, run_uv
from infra.build.cache import ROOT
from infra.build.processes import tool_environment
from infra.errors import RunnerError

OUT = ROOT / ".scalper" / "sbom"

BUNDLES = ("portal", "processor", "render")
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
    bill = json.loads(_run(["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]))
    # These two say when and which run it was: without them, the same packages make the same file.
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    files[WEB].write_text(json.dumps(bill, indent=2) + "\n")
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


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=tool_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunnerError(f"`{' '.join(command[:4])}` failed: {done.stderr.strip()[-500:]}")
    return done.stdout


ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",  # Boost's: of the viewer's polygons.
        "CC-BY-4.0",  # Of caniuse-lite, which tools of the build read; nothing ships it.
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",  # Of Pillow.
        "MPL-2.0",  # Of certifi and of sass' helper: unchanged files, whose source is public.
        "OFL-1.1",  # Of the typefaces.
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "WTFPL",  # Of spark-md5, which may be had by MIT as well.
        "Zlib",
    }
)
"""SPDX identifiers. Each lets us deliver it, changed or not, beside code of our own licence."""

CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
"""What older packages say instead (PyPI's list of classifiers). Those that say two things are judged by both."""

READ_BY_HAND = {
    "htmx.org": "0BSD",  # Its LICENSE file; its package.json is read into no lock file.
    "rechoir": "MIT",  # Its LICENSE file.
    "pypdfium2": "BSD-3-Clause",  # Its metadata names that, Apache-2.0 and its dependencies', in no SPDX expression.
}
"""Packages whose metadata names no licence."""

_OPERATORS = re.compile(r"\s+(?:AND|OR)\s+|[()]")


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """A package that is delivered."""

    name: str
    version: str
    licences: tuple[str, ...]
    """SPDX identifiers, or what the package says where it is none of them; empty where it says nothing."""


def components(bill: dict[str, Any]) -> Iterator[Component]:
    """Yield the components of a CycloneDX bill of materials."""
    for part in bill.get("components", ()):
        said = [*_list_identifiers(part.get("licenses", ()))] or [READ_BY_HAND.get(part["name"], "")]
        name = f"{part['group']}/{part['name']}" if part.get("group") else part["name"]
        yield Component(name, part["version"], tuple(dict.fromkeys(filter(None, said))))


def objections(parts: Iterable[Component]) -> list[str]:
    """Return what stands against delivering these: a licence that is not allowed, or none at all."""
    return sorted(
        {
            f"{part.name} {part.version}: {', '.join(part.licences) or 'names no licence'}"
            for part in parts
            if not part.licences or not ALLOWED.issuperset(part.licences)
        }
    )


def listing(parts: Iterable[Component]) -> str:
    """Return the components by their licence, for people."""
    by_licence: defaultdict[str, list[str]] = defaultdict(list)
    for part in sorted(parts):
        by_licence[", ".join(part.licences) or "(none named)"].append(f"{part.name} {part.version}")
    return "\n".join(f"  {licence}: {'; '.join(names)}" for licence, names in sorted(by_licence.items()))


def _list_identifiers(licences: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield each identifier that a component names. A classifier counts where nothing better is said."""
    stated = [each.get("expression") or each["license"].get("id") for each in licences]
    named = [each["license"].get("name", "") for each in licences if "license" in each]
    for expression in filter(None, stated):
        yield from filter(None, _OPERATORS.split(expression))
    if not any(stated):
        for name in filter(None, named):
            yield CLASSIFIERS.get(name, name)


def main() -> None:
    found = {name: tuple(components(json.loads(file.read_text()))) for name, file in write_all(OUT).items()}
    for name, parts in found.items():
        print(f"\n{name}: {len(parts)} components, {(OUT / name).relative_to(ROOT)}.cdx.json")
        print(listing(parts))
    refused = objections(part for parts in found.values() for part in parts)
    if refused:
        print("\nNobody has allowed these licences (infra/supply_chain/sbom.py):", *refused, sep="\n  ")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
