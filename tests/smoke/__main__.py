"""Sends one good file and one damaged one, as a partner: `make smoke`. Exits with 0 when all is as it must be.

The credentials are those of `scalper`: SCALPER_API_URL, SCALPER_CLIENT_ID and SCALPER_CLIENT_SECRET, or the file that
`scalper login` writes. Give it a clinic of its own: each run leaves two synthetic files of 2 KB there,
and nothing here.
"""

import argparse
import sys
import tempfile
import uuid
from pathlib import Path

from scalper import Client, ClientError
from tests.dicom_files import ct_slice, uid

PATIENCE_S = 300
GOOD, DAMAGED = "good.dcm", "damaged.dcm"
EXPECTED = {GOOD: ("accepted", ()), DAMAGED: ("rejected", ("truncated",))}
"""State, and codes of the findings that rejected the file."""


class WrongError(Exception):
    """Raised when the stack answers, and not as it must."""


def smoke(client: Client, folder: Path, *, patience_s: float) -> None:
    """Upload, wait for verdicts, fetch. Raises WrongError, and what `scalper.Client` raises."""
    run = uuid.uuid4().hex
    good = ct_slice(study=uid("smoke", run), rows=8, columns=8)
    sent = folder / "sent"
    sent.mkdir()
    (sent / GOOD).write_bytes(good)
    (sent / DAMAGED).write_bytes(ct_slice(study=uid("smoke", run, "damaged"), rows=8, columns=8)[:-20])
    journal = folder / "journal.sqlite3"
    outcome = client.upload(sent, reference=f"smoke-{run[:8]}", journal=journal)
    if outcome.troubles:
        raise WrongError(f"{len(outcome.troubles)} of 2 files could not be sent.")
    files = {}
    for verdict in client.wait(outcome, journal, timeout=patience_s):
        file = client.file(verdict.file_id)
        files[file.name.rpartition("/")[2]] = file
        print(f"{file.name}: {file.state} {' '.join(file.codes)}".rstrip())
    if (came := {name: (file.state, file.codes) for name, file in files.items()}) != EXPECTED:
        raise WrongError(f"These verdicts were expected: {EXPECTED}; these came: {came}")
    client.download(files[GOOD].file_id, folder / "fetched")
    if (folder / "fetched").read_bytes() != good:
        raise WrongError("The accepted file came back with other bytes.")
    print("The accepted file came back as it was sent.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.smoke", description="Send a good and a damaged file.")
    parser.add_argument("--patience", type=float, default=PATIENCE_S, metavar="SECONDS", help="for both verdicts")
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder, Client.configured() as client:
            smoke(client, Path(folder), patience_s=given.patience)
    except (WrongError, ClientError) as error:
        print(f"The smoke test failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
