"""Build the functions' code archives with uv, without Docker.

A bundle holds the extra's locked dependencies, our packages and their compiled bytecode, so that a cold start compiles
nothing: without the bytecode of its own runtime, none is made. The same inputs give the same bytes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from infra.build.cache import BUILD, ROOT, digest, files_under, hold_lock
from infra.build.runtime import MAGIC, RUNTIME, find_interpreter, tell_of_missing
from infra.errors import RunnerError


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a bundle runs."""

    name: str
    python: str
    """Version that the wheels and the bytecode are for, as `3.13`."""
    wheels: tuple[str, ...]
    """What `uv pip install` is told about the target."""


LAMBDA = Platform(
    "lambda",
    RUNTIME,
    ("--python-platform", "aarch64-manylinux_2_28", "--python-version", RUNTIME, "--only-binary", ":all:"),
)
_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
EMULATOR = Platform(f"emulator-{_HERE}", _HERE, ("--python", sys.executable))
"""The emulator runs functions with the interpreter that it runs on itself."""

_CONTENT = {
    "processor": ("intake", "processor"),
    "render": ("intake", "processor"),
    "portal": ("intake", "portal", "templates", "assets/dist"),
}

_LEFT_OUT = {"processor": ("processor/render", "processor/handlers/render.py")}
"""What of that a bundle does without: nothing but the renderer holds decoders of pixels, or what imports them."""

_COMMAND_ONLY = ("rich", "typer", "httpx")
"""What the console command needs and no function does, unless its extra asks for it as well."""

_UNREACHED = ("ecdsa", "pyasn1", "rsa")
"""What python-jose brings along for want of `cryptography`, which is there (docs/python-jose.md)."""

_SERVICES = {
    "apigatewayv2",
    "athena",
    "cloudwatch",
    "cognito-idp",
    "dynamodb",
    "dynamodbstreams",
    "lambda",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
}
"""Services whose API models stay: botocore brings 25 MB of models for some 400."""

_UNNEEDED = (
    ".lock",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/licenses",
    "bin",
    "**/tests",
    "**/*.pyi",
    "boto3/examples",
    "wrapt-stubs",
)


def build(bundle: str, platform: Platform) -> Path:
    """Return the ZIP archive of `processor`, `render` or `portal`, building it where the inputs changed.

    Raises RunnerError when uv is missing or cannot install a dependency, and where nothing here writes the bytecode
    that the platform reads.
    """
    with hold_lock(f"bundle-{bundle}-{platform.name}"):
        sources = _list_sources(bundle)
        facts = [bundle, *platform.wheels, _find_compiler(platform)]
        name = digest([*sources, ROOT / "uv.lock", Path(__file__)], *facts)
        archive = BUILD / "bundles" / f"{bundle}-{platform.name}-{name}.zip"
        if not archive.exists():
            archive.parent.mkdir(parents=True, exist_ok=True)
            _assemble(bundle, platform, sources, archive)
            _forget_older(archive, f"{bundle}-{platform.name}-*.zip")
        return archive


def _list_sources(bundle: str) -> list[Path]:
    folders = [ROOT / folder for folder in _CONTENT[bundle] if (ROOT / folder).exists()]
    left_out = [ROOT / path for path in _LEFT_OUT.get(bundle, ())]
    return [
        file
        for file in files_under(*folders)
        if file.suffix not in {".map", ".po"} and not any(file.is_relative_to(path) for path in left_out)
    ]


def _assemble(bundle: str, platform: Platform, sources: list[Path], archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        folder = Path(scratch) / "code"
        shutil.copytree(_install_dependencies(bundle, platform), folder)
        for source in sources:
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        _compile([folder / package for package in _CONTENT[bundle]], folder, platform)
        require_bytecode(folder, platform)
        _write_zip(folder, Path(scratch) / "code.zip")
        (Path(scratch) / "code.zip").replace(archive)


def _install_dependencies(bundle: str, platform: Platform) -> Path:
    """Return a folder with the locked dependencies, installed, trimmed and compiled once per lock file."""
    facts = [bundle, *platform.wheels, _find_compiler(platform)]
    name = digest([ROOT / "uv.lock", ROOT / "pyproject.toml", Path(__file__)], *facts)
    folder = BUILD / "dependencies" / f"{bundle}-{platform.name}-{name}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            target = Path(scratch) / "installed"
            requirements = Path(scratch) / "requirements.txt"
            export_requirements(bundle, requirements)
            install = ["pip", "install", "--quiet", "--no-deps", "--link-mode=copy"]
            run_uv([*install, "--target", str(target), *platform.wheels, "--requirements", str(requirements)])
            _trim(target)
            _compile([target], target, platform)
            target.rename(folder)
        _forget_older(folder, f"{bundle}-{platform.name}-*")
    return folder


def export_requirements(bundle: str | None, file: Path) -> None:
    """Write what a bundle holds of others' packages, in locked versions; of the client's package where it is None."""
    left_out = [f"--prune={package}" for package in (*_COMMAND_ONLY, *_UNREACHED)]
    chosen = [f"--extra={bundle}", *left_out] if bundle else []
    export = ["export", "--frozen", "--quiet", "--no-default-groups", "--no-emit-project", "--no-hashes"]
    run_uv([*export, *chosen, "--output-file", str(file)])


def run_uv(arguments: list[str], settings: Mapping[str, str] | None = None) -> str:
    """Run uv outside this environment, and return what it prints. Raises RunnerError when it is missing or fails."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise RunnerError("uv is not on PATH; `make up` installs it, or see https://docs.astral.sh/uv.")
    # The environment that runs us must not become the one that uv installs into.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | dict(settings or {})
    done = subprocess.run([uv, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunnerError(f"`uv {' '.join(arguments[:2])}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _trim(target: Path) -> None:
    for pattern in _UNNEEDED:
        for path in sorted(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for model in (target / "botocore" / "data").glob("*/"):
        if model.name not in _SERVICES:
            shutil.rmtree(model)


def _find_compiler(platform: Platform) -> str:
    """Return an interpreter whose bytecode the platform reads. Raises RunnerError where this machine has none."""
    found = sys.executable if platform.python == _HERE else find_interpreter(platform.python)
    if found is None:
        raise RunnerError(f"{tell_of_missing(platform.python)} A bundle without its bytecode is not made.")
    return found


def _compile(folders: list[Path], root: Path, platform: Platform) -> None:
    present = [str(folder) for folder in folders if folder.exists()]
    # The archive carries no times to compare with, so the bytecode is never checked against its source.
    options = ["-q", "-q", "-s", str(root), "--invalidation-mode", "unchecked-hash"]
    command = [_find_compiler(platform), "-m", "compileall", *options, *present]
    subprocess.run(command, check=False, capture_output=True)


def require_bytecode(folder: Path, platform: Platform) -> None:
    """Raises RunnerError where a module in a folder lacks bytecode that the platform loads, and loads unchecked."""
    magic = MAGIC.get(platform.python) or int.from_bytes(MAGIC_NUMBER[:2], "little")
    # PEP 552: the magic number, then flags that say "by hash, which nobody compares".
    expected = magic.to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")
    tag = f"cpython-{platform.python.replace('.', '')}"
    lacking = [
        source.relative_to(folder).as_posix()
        for source in sorted(folder.rglob("*.py"))
        if _read_start(source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc") != expected
    ]
    if lacking:
        raise RunnerError(
            f"{len(lacking)} modules would be shipped without the bytecode of Python {platform.python}, {lacking[0]} "
            f"among them: `{_find_compiler(platform)} -m compileall` tells why."
        )


def _read_start(file: Path) -> bytes:
    return file.read_bytes()[:8] if file.exists() else b""


def _write_zip(folder: Path, archive: Path) -> None:
    """Write files in one order with one time, so that the archive's hash tells its content."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as output:
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if file.stat().st_mode & 0o100 else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            output.writestr(entry, file.read_bytes())


def _forget_older(newest: Path, pattern: str) -> None:
    for path in newest.parent.glob(pattern):
        if path != newest:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
