"""The functions' archives: complete by themselves, compiled, and the same bytes for the same inputs."""

import ast
import os
import re
import subprocess
import sys
import zipfile

import pytest

from infra.build.bundle import EMULATOR, LAMBDA, build
from infra.build.runtime import RUNTIME, find_interpreter

HANDLERS = {
    "processor": [
        "processor.handlers.judge",
        "processor.handlers.project",
        "processor.handlers.sweep",
        "processor.handlers.export",
        "processor.handlers.rebuild",
    ],
    "render": ["processor.handlers.render"],
    "portal": ["portal.handler"],
}
SETTINGS = {
    "SCALPER_TABLE": "table",
    "SCALPER_AUDIT_TABLE": "audit",
    "SCALPER_REBUILD_FUNCTION": "rebuild",
    "SCALPER_RENDERER_FUNCTION": "renderer",
    "SCALPER_RENDITIONS_BUCKET": "renditions",
    "SCALPER_RENDITIONS_QUEUE_URL": "http://127.0.0.1:9/renditions",
    "SCALPER_API_ID": "api1",
    "SCALPER_AUTHORIZER_ID": "authorizer1",
    "SCALPER_INCOMING_BUCKET": "incoming",
    "SCALPER_ACCEPTED_BUCKET": "accepted",
    "SCALPER_QUARANTINE_BUCKET": "quarantine",
    "SCALPER_SCAN_REQUIRED": "false",
    "SCALPER_TIME_LIMIT_S": "900",
    "SCALPER_QUARANTINE_DAYS": "90",
    "SCALPER_ANALYTICS_BUCKET": "logs",
    "SCALPER_ANALYTICS_KEY_ARN": "arn:aws:kms:us-east-1:000000000000:key/1",
    "SCALPER_REDRIVES_QUEUE_URL": "http://127.0.0.1:9/redrives",
    "SCALPER_ATHENA_WORKGROUP": "workgroup",
    "SCALPER_ANALYTICS_DATABASE": "database",
    "SCALPER_EXPORT_FAILURES_QUEUE_URL": "http://127.0.0.1:9/unexported",
    "SCALPER_EXPORT_REDRIVES_QUEUE_URL": "http://127.0.0.1:9/export-again",
    "SCALPER_QUEUE_URL": "http://127.0.0.1:9/queue",
    "SCALPER_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/dead",
    "SCALPER_PROJECTION_FAILURES_QUEUE_URL": "http://127.0.0.1:9/unprojected",
    "SCALPER_PROJECTION_REDRIVES_QUEUE_URL": "http://127.0.0.1:9/again",
    "SCALPER_ALERT_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:alerts",
    "SCALPER_EVENT_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:events",
    "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/undelivered",
    "SCALPER_WEBHOOK_DEAD_LETTER_QUEUE_ARN": "arn:aws:sqs:us-east-1:000000000000:undelivered",
    "SCALPER_PORTAL_SECRET": "arn:aws:secretsmanager:us-east-1:000000000000:secret:portal",
    "SCALPER_USER_POOL_ID": "us-east-1_pool",
    "SCALPER_WEB_CLIENT_ID": "client",
    "SCALPER_CLI_CLIENT_ID": "command",
    "SCALPER_SIGN_IN_URL": "http://127.0.0.1:9",
    "SCALPER_PORTAL_ORIGIN": "http://localhost:9",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "SilentScalper",
}

MOST_UNPACKED = 250 * 1024**2
"""Bytes of a function's code, unzipped (Lambda guide, "Lambda quotas": 250 MB, which Lambda counts as mebibytes)."""

OURS = {"intake", "portal", "processor"}

pytestmark = pytest.mark.parametrize("bundle", HANDLERS)


def test_a_bundle_needs_nothing_but_the_standard_library(bundle, tmp_path):
    with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
        archive.extractall(tmp_path)
    program = f"import sys; sys.path.append({str(tmp_path)!r}); import {', '.join(HANDLERS[bundle])}"
    # Isolated and without site packages, as little of this machine as can be.
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(
        command, env={**SETTINGS, "PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_lambda_gets_is_compiled_for_it_and_its_own_imports_are_all_there(bundle):
    if find_interpreter(RUNTIME) is None:
        pytest.skip(f"NO PYTHON {RUNTIME} ON THIS MACHINE")
    with zipfile.ZipFile(build(bundle, LAMBDA)) as archive:
        names = set(archive.namelist())
        libraries = {name: archive.read(name)[:20] for name in names if re.search(r"\.so(\.\d+)*$", name)}
        sources = [name for name in names if name.endswith(".py") and name.split("/")[0] in OURS]
        wanted = set().union(*(imported(archive.read(name)) for name in sources))
    # ELF: the machine stands at byte 18, and 183 is AArch64. The name says which Python a library is for.
    assert {int.from_bytes(start[18:20], "little") for start in libraries.values()} <= {183}
    # Others are no Python's: shared ones that these bring along, and PDFium, which is called by its own interface. What
    # GDCM has of Python's is named after nothing; its wheel is.
    others = (".libs/", "_gdcm/", "/libpdfium.so")
    loaded = {name for name in libraries if name.endswith(".so") and not any(other in name for other in others)}
    tags = {name.rpartition("/")[2].split(".", 1)[1] for name in loaded}
    assert tags <= {f"cpython-{RUNTIME.replace('.', '')}-aarch64-linux-gnu.so", "abi3.so"}
    held = {name.split("/")[0].split(".")[0] for name in names}
    assert {name for name in wanted - held - sys.stdlib_module_names if not name.startswith("types_")} == set()


def test_what_lambda_gets_is_no_larger_than_it_takes(bundle):
    if find_interpreter(RUNTIME) is None:
        pytest.skip(f"NO PYTHON {RUNTIME} ON THIS MACHINE")
    with zipfile.ZipFile(build(bundle, LAMBDA)) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < MOST_UNPACKED


def test_nothing_but_the_renderer_holds_decoders_of_pixels(bundle):
    with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
        held = {name.split("/")[0] for name in archive.namelist()}
    assert bool(held & {"numpy", "PIL", "pydicom", "_gdcm", "pypdfium2"}) == (bundle == "render")


def test_what_lambda_gets_holds_the_very_modules_that_the_emulator_runs(bundle):
    if EMULATOR.python != RUNTIME:
        pytest.skip(f"THESE TESTS DO NOT RUN ON PYTHON {RUNTIME}")
    shipped, run = (modules_of(build(bundle, platform)) for platform in (LAMBDA, EMULATOR))
    assert shipped == run


def modules_of(bundle):
    """Return the files of a bundle without what tells of the machine: tags, and what wheels say and link to."""
    with zipfile.ZipFile(bundle) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name and ".libs/" not in name]
    return {re.sub(r"\.(cpython-\d+-[\w-]+|abi3)\.so$", ".so", name) for name in names}


def imported(source):
    """Return the packages that a module imports, at any depth of it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_a_bundle_is_compiled_and_its_bytecode_is_never_compared_with_times(bundle):
    with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
        names = set(archive.namelist())
        ours = [name for name in names if name.startswith(("intake/", f"{bundle}/")) and name.endswith(".pyc")]
        assert ours
        # PEP 552: the first flag says that the file is checked by hash, the second that the hash is checked.
        assert {int.from_bytes(archive.read(name)[4:8], "little") for name in ours} == {1}
    sources = {name for name in names if name.startswith("botocore/") and name.endswith(".py")}
    assert sources
    assert all(compiled(source) in names for source in sources)


def test_a_bundle_holds_the_compiled_catalogues_of_what_it_writes_and_no_sources(bundle):
    with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
        names = archive.namelist()
    written = ["mails", *(["portal"] if bundle == "portal" else [])]
    held = {name.rpartition("/")[2] for name in names if "/LC_MESSAGES/" in name}
    assert held == {f"{domain}.mo" for domain in written}


def compiled(source):
    folder, _, file = source.rpartition("/")
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"


def test_a_bundle_carries_no_times_of_this_machine(bundle):
    with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())


def test_a_bundle_leaves_out_what_only_the_console_command_needs(bundle):
    with zipfile.ZipFile(build(bundle, EMULATOR)) as archive:
        packages = {name.split("/")[0] for name in archive.namelist()}
    assert not {"typer", "rich", "scalper", "infra", "tests", "ministack"} & packages


def test_an_unchanged_bundle_is_not_built_again(bundle):
    first = build(bundle, EMULATOR)
    written = first.stat().st_mtime_ns
    assert build(bundle, EMULATOR) == first
    assert first.stat().st_mtime_ns == written
