"""`scalper check`: the processor's verdicts, on this machine."""

import json
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

from scalper.__main__ import app
from tests.dicom_files import ct_slice
from tests.patient_cd import AROUND, burn_cd


@pytest.fixture
def run():
    def invoke(*arguments):
        return CliRunner().invoke(app, ["check", *map(str, arguments)])

    return invoke


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.dcm"
    path.write_bytes(ct_slice(rows=8, columns=8))
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.dcm"
    path.write_bytes(ct_slice(rows=8, columns=8)[:-20])
    return path


def _lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_all_accepted_exits_with_zero(run, good):
    result = run(good)
    assert result.exit_code == 0
    assert "1 file: 1 accepted, 0 rejected." in result.stdout


def test_a_rejection_says_why_and_what_to_do_and_exits_with_one(run, good, bad):
    result = run(good.parent)
    assert result.exit_code == 1
    assert "truncated at (7FE0,0010)" in result.stdout
    assert "What to do:" in result.stdout
    assert "2 files: 1 accepted, 1 rejected." in result.stdout


def test_json_lines_carry_the_verdict_the_findings_and_the_metadata(run, good, bad):
    rejected, accepted = _lines(run("--json", bad, good))

    assert set(accepted) == {"path", "kind", "verdict", "warnings", "findings", "metadata"}
    assert (accepted["path"], accepted["kind"], accepted["verdict"]) == (str(good), "dicom", "accepted")
    assert accepted["metadata"]["modality"] == "CT"
    assert rejected["verdict"] == "rejected"
    (finding,) = rejected["findings"]
    assert set(finding) == {"code", "severity", "message", "remedy", "where", "whose"}


def test_an_archive_is_checked_with_all_that_is_in_it(run, good, bad, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as study:
        study.write(good, "series/1.dcm")
        study.write(bad, "series/2.dcm")

    result = run("--json", path)

    assert result.exit_code == 1
    assert [(row["path"], row["kind"], row["verdict"]) for row in _lines(result)] == [
        (str(path), "zip", "accepted"),
        (f"{path}!series/1.dcm", "dicom", "accepted"),
        (f"{path}!series/2.dcm", "dicom", "rejected"),
    ]


def test_a_damaged_entry_is_rejected_and_the_others_are_checked(run, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as study:
        study.writestr("1.dcm", ct_slice())
        study.writestr("2.dcm", ct_slice())
    data = bytearray(path.read_bytes())
    data[data.rindex(b"DICM", 0, data.index(b"PK\1\2")) + 200] ^= 0xFF
    path.write_bytes(data)

    verdicts = {row["path"].rpartition("!")[2]: row for row in _lines(run("--json", path))}

    assert verdicts["1.dcm"]["verdict"] == "accepted"
    assert verdicts["2.dcm"]["findings"][0]["code"] == "archive-entry-damaged"


def test_a_clinics_profile_changes_what_is_taken(run, good, tmp_path):
    profile = tmp_path / "profile.json"
    profile.write_text('{"kinds": ["pdf"]}')

    (row,) = _lines(run("--json", "--profile", profile, good))

    assert row["findings"][0]["code"] == "kind-not-allowed"


@pytest.mark.parametrize("text", ["[]", "{", '{"kinds": ["scroll"]}', '{"rules": {"empty-file": "off"}}'])
def test_a_profile_that_is_none_is_a_wrong_call(run, good, tmp_path, text):
    profile = tmp_path / "profile.json"
    profile.write_text(text)

    result = run("--profile", profile, good)

    assert result.exit_code == 2
    assert "profile.json is not a profile" in result.stderr


def test_a_path_that_is_not_there_is_a_wrong_call(run, tmp_path):
    result = run(tmp_path / "nothing")
    assert result.exit_code == 2
    assert "There is no file or folder" in result.stderr


def test_folders_are_gone_through_in_the_order_of_names_and_links_to_folders_are_not(run, good, tmp_path):
    study = tmp_path / "study"
    for name in ("b/a", "a-b", "a", "b", "é"):
        (study / name).mkdir(parents=True, exist_ok=True)
        (study / name / "slice.dcm").write_bytes(good.read_bytes())
    (study / "a.dcm").symlink_to(good)
    (study / "c").symlink_to(study / "b")
    (study / "nothing").symlink_to(tmp_path / "nothing")

    told = [line["path"].removeprefix(f"{study}/") for line in _lines(run("--json", study))]

    names = ["a/slice.dcm", "a-b/slice.dcm", "a.dcm", "b/a/slice.dcm", "b/slice.dcm", "é/slice.dcm"]
    assert told == names


def test_names_in_archives_steer_no_terminal(run, good, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as study:
        study.write(good, "\x1b[2Jcleared [red]1.dcm")

    result = run(path)

    assert "\x1b[2J" not in result.stdout
    assert "[red]1.dcm" in result.stdout


def test_checking_needs_neither_aws_nor_the_portal_nor_pydicom():
    names = "print(*(m for m in sys.modules if '.' not in m))"
    script = f"import sys, processor.ingest.offline_check, scalper.check.report; {names}"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "fastapi", "pydantic", "pydicom", "aws_cdk"} & set(loaded)


def test_an_archives_own_verdict_follows_from_its_entries(run, tmp_path, good):
    nothing, some = tmp_path / "nothing.zip", tmp_path / "some.zip"
    with zipfile.ZipFile(nothing, "w") as archive:
        archive.writestr("viewer.bin", b"MZ" + bytes(100))
    with zipfile.ZipFile(some, "w") as archive:
        archive.writestr("viewer.bin", b"MZ" + bytes(100))
        archive.write(good, "good.dcm")

    told = {line["path"]: line for line in _lines(run("--json", nothing, some))}

    assert [found["code"] for found in told[str(nothing)]["findings"]] == ["archive-nothing-accepted"]
    assert told[str(nothing)]["verdict"] == "rejected"
    assert [(found["code"], found["where"]) for found in told[str(some)]["findings"]] == [
        ("archive-entries-rejected", "1 of 2 entries")
    ]
    assert told[str(some)]["verdict"] == "accepted"


def test_a_cd_is_checked_without_what_stands_around_it_and_its_list_is_told(run, tmp_path):
    images = burn_cd(tmp_path / "cd", [3, 2])
    assert "DICOMDIR: The CD's list names 5 images; all are among these files." in run(tmp_path / "cd").stdout
    for missing in (images[0], images[1], images[4]):
        missing.unlink()

    result = run(tmp_path / "cd")

    assert result.exit_code == 0
    assert "The CD's list names 5 images; 3 of them are not among these files" in result.stdout
    assert "2 of 3 in series 1 (CT), 1 of 2 in series 2 (CT)." in result.stdout
    assert f"3 files: 3 accepted (1 with warnings), 0 rejected. {len(AROUND)} other files left out." in result.stdout


def test_a_cd_as_an_archive_tells_the_same(run, tmp_path):
    images = burn_cd(tmp_path / "cd", [3, 2])
    with zipfile.ZipFile(tmp_path / "cd.zip", "w") as archive:
        for path in sorted((tmp_path / "cd").rglob("*")):
            if path.is_file() and path != images[0]:
                archive.write(path, path.relative_to(tmp_path))

    result = run(tmp_path / "cd.zip")

    assert result.exit_code == 0
    assert f"{len(AROUND)} other files in it left out." in result.stdout
    assert "1 of them is not among these files: 1 of 3 in series 1 (CT)." in result.stdout
