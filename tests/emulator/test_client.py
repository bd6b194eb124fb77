"""`scalper upload` on the deployed stack: killed, run again, and nothing is sent or counted twice."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import zipfile
from collections import Counter

import httpx
import pytest

from infra.build.cache import ROOT
from scalper import Client
from scalper.uploads.announcements import PER_ANNOUNCEMENT
from tests.dicom_files import ct_slice, uid
from tests.emulator.counting_proxy import CountingProxy
from tests.waiting import until

pytestmark = pytest.mark.emulator

MIB = 1024**2
JOBS = 4
FILES = PER_ANNOUNCEMENT + 50
"""So many are announced by two requests."""


_COUNTED = pytest.mark.plain("the proxy that counts what goes to S3 sees plain HTTP only")


@pytest.fixture(scope="module")
def credentials(stack, portal_url):
    """The client's settings: the API's address and its credentials, and nothing else."""
    partner = stack.demo.partner
    return {
        "SCALPER_API_URL": portal_url,
        "SCALPER_CLIENT_ID": partner.client_id,
        "SCALPER_CLIENT_SECRET": partner.client_secret,
    }


@pytest.fixture
def client(credentials):
    with Client(*credentials.values()) as client:
        yield client


@pytest.fixture
def proxy():
    with CountingProxy() as proxy:
        yield proxy


@pytest.fixture
def start(credentials, proxy, tmp_path):
    """Start the command as a process of its own, through the proxy."""
    started = []

    def run(*arguments):
        environment = {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            **credentials,
            "HTTP_PROXY": proxy.url,
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }
        command = [sys.executable, "-m", "scalper", *map(str, arguments)]
        with (tmp_path / f"run-{len(started)}.err").open("w") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def killed(start, proxy, when, *arguments):
    """Run the command, and kill it in the very moment in which `when` comes true."""
    process = start(*arguments)

    def look():
        if when():
            process.send_signal(signal.SIGKILL)

    proxy.on_progress = look
    process.communicate(timeout=120)
    proxy.on_progress = lambda: None
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"


def finished(start, *arguments):
    """Run the command to its end. Return its exit code and events."""
    process = start(*arguments)
    output, _ = process.communicate(timeout=400)
    return process.returncode, [json.loads(line) for line in output.splitlines()]


def slices(folder, count, name):
    """Write small slices, of sizes that differ. Return their sizes by name."""
    folder.mkdir()
    for number in range(count):
        data = ct_slice(
            study=uid(name), series=uid(name, number % 7), instance=number + 1, rows=8 + number % 9, columns=8
        )
        (folder / f"{number:04}.dcm").write_bytes(data)
    return {f"{folder.name}/{path.name}": path.stat().st_size for path in folder.iterdir()}


@pytest.mark.timeout(600)
@_COUNTED
def test_files_of_two_announcements_killed_three_times_get_one_verdict_each(start, proxy, client, tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    sizes = slices(tmp_path / "study", FILES, f"killed {seed}")
    total, reference = sum(sizes.values()), f"killed-{seed}"
    command = ["upload", tmp_path / "study", "--reference", reference, "--wait", "--json", "--jobs", JOBS]
    moments = sorted(random.Random(seed).uniform(0.02, 0.95) * total for _ in range(3))

    for moment in moments:
        killed(start, proxy, lambda moment=moment: proxy.bytes_put.total() >= moment, *command)
    code, events = finished(start, *command)

    assert code == 0, events[-1]
    verdicts = [event["file_id"] for event in events if event["event"] == "verdict"]
    assert (len(verdicts), len(set(verdicts))) == (FILES, FILES)
    assert events[-1]["states"] == {"accepted": FILES}
    (upload,) = [upload for upload in client.uploads() if upload.reference == reference]
    assert (upload.declared, upload.complete, dict(upload.counts)) == (FILES, True, {"accepted": FILES})
    assert {file.name: file.size for file in client.files(upload.upload_id)} == sizes
    study = next(study for study in client.studies(modality="CT") if upload.upload_id in study.uploads)
    assert (study.study_uid, study.instances) == (uid(f"killed {seed}"), FILES)
    again = proxy.bytes_put.total() - total
    sent = Counter(url for method, url in proxy.begun if method == "PUT")
    print(f"{total} bytes in {len(sent)} files; {again} bytes again, of {sum(sent.values()) - FILES} files in flight")
    assert len(sent) == FILES
    assert again <= len(moments) * JOBS * max(sizes.values())
    assert sum(sent.values()) - FILES <= len(moments) * JOBS
    assert finished(start, *command)[1][-1]["bytes_sent"] == 0


@pytest.mark.parametrize(("announcement", "count"), [(1, 120), (2, 501)])
def test_a_run_killed_while_it_announces_announces_nothing_twice(start, proxy, client, tmp_path, announcement, count):  # noqa: PLR0917
    seed = random.randrange(10**6)
    slices(tmp_path / "study", count, f"announced {seed}")
    command = ["upload", tmp_path / "study", "--reference", f"announced-{seed}", "--json"]

    def announcing():
        return sum(method == "POST" and "/uploads" in url for method, url in proxy.begun) == announcement

    killed(start, proxy, announcing, *command)
    code, events = finished(start, *command)

    assert (code, events[-1]["sent"] + events[-1]["sent_before"]) == (0, count)
    (upload,) = [upload for upload in client.uploads() if upload.reference == f"announced-{seed}"]
    assert upload.declared == count


def test_the_entries_of_an_archive_are_waited_for_and_named(start, tmp_path):
    seed = random.randrange(10**6)
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for number in range(3):
            data = ct_slice(study=uid("zipped", seed), instance=number + 1, rows=8, columns=8)
            archive.writestr(f"ct/{number}.dcm", data[: -20 if number == 2 else None])

    code, events = finished(start, "upload", tmp_path / "study.zip", "--wait", "--json")

    assert code == 1
    verdicts = [event for event in events if event["event"] == "verdict"]
    assert {(event["path"] or event["name"], event["state"]) for event in verdicts} == {
        (str(tmp_path / "study.zip"), "accepted"),
        ("ct/0.dcm", "accepted"),
        ("ct/1.dcm", "accepted"),
        ("ct/2.dcm", "rejected"),
    }
    again, _ = finished(start, "upload", tmp_path / "study.zip", "--wait", "--json")
    assert again == 1


@_COUNTED
def test_of_a_large_file_only_the_part_in_flight_is_sent_again(start, proxy, client, tmp_path):
    large = tmp_path / "large.dcm"
    side = 5880  # 66 MiB of pixels: five parts.
    large.write_bytes(ct_slice(study=uid("large"), rows=side, columns=side, instance=random.randrange(10**6)))
    size = large.stat().st_size
    assert size > 64 * MIB
    command = ["upload", large, "--wait", "--json", "--jobs", 1]

    killed(start, proxy, lambda: proxy.bytes_put.total() >= 40 * MIB, *command)
    code, events = finished(start, *command)

    assert code == 0, events
    again = proxy.bytes_put.total() - size
    print(f"{size} bytes in parts of 16 MiB; {again} bytes again")
    assert 0 < again <= 16 * MIB
    (verdict,) = [event for event in events if event["event"] == "verdict"]
    assert (verdict["state"], verdict["path"]) == ("accepted", str(large))
    fetched = tmp_path / "fetched.dcm"
    client.download(verdict["file_id"], fetched)
    assert fetched.read_bytes() == large.read_bytes()


def mess(folder, draw, stopped, name):
    """Change a folder until told to stop: files are written anew, grow, go, and come."""
    for number in range(10**6):
        if stopped.wait(0.02):
            return
        path = folder / f"{draw.randrange(80):04}.dcm"
        step = draw.randrange(4)
        if step == 0:
            path.unlink(missing_ok=True)
        elif step == 1 and path.exists():
            with path.open("ab") as file:
                file.write(b"more")
        else:
            path.write_bytes(ct_slice(study=uid(name), instance=1000 + number, rows=8 + number % 9, columns=8))


@pytest.mark.timeout(600)
def test_a_folder_that_changes_while_it_is_sent_is_sent_as_it_is_in_the_end(start, client, tmp_path):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    folder, reference = tmp_path / "study", f"changing-{seed}"
    slices(folder, 60, reference)
    command = ["upload", folder, "--reference", reference, "--wait", "--json", "--jobs", JOBS]
    stopped = threading.Event()
    messing = threading.Thread(target=mess, args=(folder, random.Random(seed), stopped, reference))
    messing.start()
    try:
        code, events = finished(start, *command)
    finally:
        stopped.set()
        messing.join()

    summary = events[-1]
    problems = summary["given_up"] or summary["states"].get("rejected")
    assert code == summary["exit_code"] == (3 if summary["troubles"] else 1 if problems else 0), summary
    print(dict(Counter(event["event"] for event in events)), "exit", code)
    code, events = finished(start, *command)
    assert (code in {0, 1}, events[-1]["troubles"]) == (True, 0), events[-1]
    assert finished(start, *command)[1][-1]["sent"] == 0
    uploads = [upload.upload_id for upload in client.uploads() if upload.reference == reference]
    files = [client.file(file.file_id) for upload_id in uploads for file in client.files(upload_id)]
    judged = {file.sha256 for file in files if file.state in {"accepted", "rejected"}}
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()} <= judged
    assert {file.state for file in files} <= {"accepted", "rejected", "expired"}
    until(lambda: all(client.status(one).settled for one in uploads), "uploads that wait for nothing")


def test_what_arrives_after_it_was_given_up_is_judged_and_counted_once(client):
    seed = random.randrange(10**6)
    data = [ct_slice(study=uid("late", seed), instance=number, rows=8, columns=8) for number in (1, 2, 3)]
    told = [{"name": f"{number}.dcm", "size": len(one)} for number, one in enumerate(data)]
    reserved = client.connection.ask("POST", "uploads", body={"files": told})
    upload_id, ids = reserved["upload_id"], [file["file_id"] for file in reserved["files"]]

    def send(number):
        put = reserved["files"][number]["put"]
        assert httpx.put(put["url"], content=data[number], headers=put["headers"]).status_code == 200

    def withdraw():
        rows = client.connection.ask("POST", "files/withdraw", body={"file_ids": ids})["files"]
        return [row["state"] for row in rows]

    def count():
        return {state: number for state, number in client.status(upload_id).counts.items() if number}

    send(0)
    until(lambda: client.file(ids[0]).state == "accepted", "a verdict")
    assert withdraw() == ["accepted", "expired", "expired"]
    until(lambda: count() == {"accepted": 1, "expired": 2}, "counts")
    assert client.status(upload_id).state == "missing"
    send(1)
    until(lambda: count() == {"accepted": 2, "expired": 1}, "counts")
    assert withdraw() == ["accepted", "accepted", "expired"]
    assert client.status(upload_id).missing == 1
