"""Real files on the deployed stack, by the two ways that need no browser, with the clients that partners use."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.emulator.corpus_sample import sample
from tests.emulator.partner import PartnerClient
from tests.unit.processor.judge.corpus import needs_corpus
from tests.waiting import until

pytestmark = [pytest.mark.emulator, needs_corpus, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.fixture(scope="module")
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as partner:
        yield partner


@pytest.fixture(scope="module")
def files():
    return sample()


def test_twenty_real_files_sent_by_curl_get_the_verdicts_expected_of_them(partner, files, tmp_path):
    upload = partner.announce({file.name: file.data for file in files})
    for announced, file in zip(upload["files"], files, strict=True):
        path = tmp_path / "body"
        path.write_bytes(file.data)
        headers = [
            argument for name, value in announced["put"]["headers"].items() for argument in ("-H", f"{name}: {value}")
        ]
        sent = subprocess.run(
            ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-T", path, *headers, announced["put"]["url"]],
            capture_output=True,
            text=True,
            check=True,
        )
        assert sent.stdout == "200"
    last_byte = time.monotonic()

    verdicts = partner.verdicts(upload["upload_id"])

    print(f"{len(files)} verdicts {time.monotonic() - last_byte:.1f} s after the last byte")
    assert {name: file["state"] for name, file in verdicts.items()} == {file.name: file.expected for file in files}


def test_five_real_files_copied_into_the_bucket_get_the_same_verdicts(stack, partner, files, tmp_path):
    chosen = [*files[:3], *files[-2:]]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "NO_PROXY": "127.0.0.1",
    }
    for file in chosen:
        path = tmp_path / file.name
        path.write_bytes(file.data)
        target = f"s3://{stack.outputs['IncomingBucket']}/northside/by-cli/{file.name}"
        subprocess.run(
            [
                Path(sys.executable).parent / "aws",
                "--endpoint-url",
                stack.endpoint,
                "s3",
                "cp",
                "--quiet",
                path,
                target,
            ],
            env=environment,
            check=True,
        )

    def all_judged():
        rows = partner.http.get("/api/v1/files", params={"limit": 100}).json()["files"]
        states = {row["name"]: row["state"] for row in rows if row["source"] == "direct"}
        return states if {file.name for file in chosen} <= set(states) else None

    states = until(all_judged, "the verdicts on the copied files", 60)
    assert {file.name: states[file.name] for file in chosen} == {file.name: file.expected for file in chosen}
