"""Ask what is known against the locked packages, and fail loudly where nobody could be asked.

`python -m infra.supply_chain.advisories` asks OSV about uv.lock and npm's registry about package-lock.json. It ends
with 0 when both answered and nothing new is known, with 1 when something is, and with 2 when one could not be asked:
no answer is never taken for a good one.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from infra.build.cache import ROOT
from infra.build.processes import tool_environment
from infra.errors import RunnerError


class UnaskedError(RunnerError):
    """Raised when a source of advisories gave no answer."""


@dataclass(frozen=True, slots=True, order=True)
class Advisory:
    """Something that is known against a package."""

    package: str
    identifier: str
    """As OSV or GitHub number it."""
    summary: str
    fixed_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An advisory that does not reach us."""

    identifier: str
    reason: str
    review: date


ACKNOWLEDGED = (
    Acknowledgement(
        "GHSA-wj6h-64fc-37mp",
        "ecdsa (Minerva, CVE-2024-23342; its authors will not mend it) comes with python-jose, is left out of the "
        "bundles and imported by nothing: docs/python-jose.md, tests/unit/portal/auth/test_jose_is_fenced.py.",
        date(2027, 6, 30),
    ),
)


def ask_osv(options: Sequence[str] = ()) -> list[Advisory]:
    """Ask OSV about what uv.lock holds. Raises UnaskedError."""
    uv = os.environ.get("UV") or shutil.which("uv") or "uv"
    features = ["--preview-features", "audit-command,json-output"]
    answer = _ask("OSV", [uv, "audit", "--frozen", "--output-format", "json", *features, *options])
    if not answer.get("summary", {}).get("audited_packages"):
        raise UnaskedError("OSV was asked about no package.")
    return [
        Advisory(
            each["dependency"]["name"],
            each.get("display_id") or each["id"],
            each.get("summary") or "",
            tuple(each.get("fix_versions", ())),
        )
        for each in answer["vulnerabilities"]
    ]


def ask_npm(options: Sequence[str] = ()) -> list[Advisory]:
    """Ask npm's registry about what package-lock.json holds. Raises UnaskedError."""
    answer = _ask("npm's registry", ["npm", "audit", "--json", "--package-lock-only", *options])
    if "vulnerabilities" not in answer or not answer.get("metadata", {}).get("dependencies", {}).get("total"):
        raise UnaskedError(f"npm's registry did not answer: {answer.get('message') or answer.get('error')}")
    return [
        Advisory(name, cause["url"].rpartition("/")[2], cause["title"])
        for name, package in answer["vulnerabilities"].items()
        for cause in package["via"]
        # A text names the package that brings it, which has a row of its own.
        if isinstance(cause, dict)
    ]


def judge(found: Iterable[Advisory], today: date) -> list[str]:
    """Return, in sentences, what must be mended: new advisories, and acknowledgements past their review."""
    known = {each.identifier for each in ACKNOWLEDGED}
    new = [
        f"{each.package}: {each.identifier} {each.summary}"
        + (f" (mended in {', '.join(each.fixed_in)})" if each.fixed_in else "")
        for each in sorted(found)
        if each.identifier not in known
    ]
    return new + [f"{each.identifier}: its review is due" for each in ACKNOWLEDGED if each.review < today]


def _ask(whom: str, command: Sequence[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(command, cwd=ROOT, env=tool_environment(), capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UnaskedError(f"{whom} could not be asked: {command[0]} is missing.") from error
    try:
        # Both tools end with 1 for what they found and for what they failed at: the answer itself tells.
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise UnaskedError(f"{whom} could not be asked: {done.stderr.strip()[-400:]}") from None
    return answer


def report(asks: Sequence[Callable[[], list[Advisory]]], today: date) -> int:
    """Ask everybody, tell what they said, and return the exit code."""
    found: list[Advisory] = []
    unasked: list[str] = []
    for ask in asks:
        try:
            found += ask()
        except UnaskedError as error:
            unasked.append(str(error))
    faults = judge(found, today)
    for line in faults:
        print(f"ADVISORY  {line}")
    for line in unasked:
        print(f"NOT ASKED  {line}", file=sys.stderr)
    print(f"{len(faults)} to mend, {len(found)} known in all, {len(unasked)} of {len(asks)} sources not asked.")
    return 2 if unasked else 1 if faults else 0


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    raise SystemExit(report([ask_osv, ask_npm], datetime.now(UTC).date()))


if __name__ == "__main__":
    main()
