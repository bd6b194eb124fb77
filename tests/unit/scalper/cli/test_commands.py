"""The commands, as people and programs meet them: what they print, and by which exit code they say how it went."""

import json
import os

import httpx
import pytest
from typer.testing import CliRunner

from scalper.__main__ import app
from scalper.api import credentials
from scalper.client import Client
from tests.dicom_files import ct_slice
from tests.unit.scalper.world import SECRET, folder
from tests.wired_portal import ORIGIN


@pytest.fixture
def run(world, monkeypatch, tmp_path):
    monkeypatch.setattr(Client, "configured", world.client)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("time.sleep", world.pauses.append)

    def invoke(*arguments, **options):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)

    return invoke


def events(result, kind=None):
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [event for event in found if kind in {None, event["event"]}]


def test_all_accepted_exits_with_zero_and_says_so(run, study):
    result = run("upload", study, "--wait")
    assert result.exit_code == 0, result.output
    assert "3 files sent (11 bytes)." in result.stdout
    assert "Verdicts: 3 accepted." in result.stdout


def test_a_rejection_says_why_and_exits_with_one(run, study):
    folder(study, bad_dcm=b"bad")
    result = run("upload", study, "--wait")
    assert result.exit_code == 1
    assert "✗ rejected  study/bad.dcm\n    a-refusal at byte 132: Something is wrong." in result.stdout
    assert "Verdicts: 3 accepted, 1 rejected." in result.stdout
    again = run("upload", study, "--wait")
    assert (again.exit_code, "Nothing to send: 4 files sent before." in again.stdout) == (1, True)
    assert "`scalper status UPLOAD` shows why." in again.stdout
    assert run("upload", study).exit_code == 0


def test_programs_read_one_object_per_event(run, study):
    folder(study, bad_dcm=b"bad")
    result = run("upload", study, "--wait", "--json")
    kinds = [event["event"] for event in events(result)]
    assert kinds[:2] + kinds[-1:] == ["planned", "upload", "summary"]
    assert {event["path"] for event in events(result, "sent")} == {str(path) for path in study.iterdir()}
    (rejected,) = [event for event in events(result, "verdict") if event["state"] == "rejected"]
    assert (rejected["path"], rejected["codes"]) == (str(study / "bad.dcm"), ["a-refusal"])
    assert rejected["findings"][0]["remedy"]
    (summary,) = events(result, "summary")
    assert summary["states"] == {"accepted": 3, "rejected": 1}
    assert (summary["sent"], summary["bytes_sent"], summary["exit_code"]) == (4, 14, 1)


def test_trouble_on_the_way_exits_with_three_and_the_next_run_goes_on(run, world, study):
    world.before = lambda request: httpx.Response(503) if request.method == "PUT" else None
    stopped = run("upload", study)
    assert stopped.exit_code == 3
    assert "No answer after" in stopped.stderr
    world.before = lambda _request: None
    went_on = run("upload", study)
    assert went_on.exit_code == 0
    assert "Continuing an earlier run: 3 files" in went_on.stdout


def test_a_verdict_that_came_after_a_run_had_ended_is_told_by_the_next(run, world, study):
    folder(study, bad_dcm=b"bad")
    world.after = lambda request: httpx.Response(503) if request.method == "PUT" else None
    assert run("upload", study, "--wait").exit_code == 3
    world.after = lambda _request: None

    result = run("upload", study, "--wait", "--json")

    told = {event["path"].rpartition("/")[2]: event for event in events(result, "verdict")}
    assert result.exit_code == 1
    assert len(told) == 4
    assert (told["bad.dcm"]["state"], told["bad.dcm"]["codes"]) == ("rejected", ["a-refusal"])


def test_what_is_no_file_is_told_and_asks_for_no_other_run(run, study, tmp_path):
    elsewhere = folder(tmp_path / "elsewhere", d_dcm=b"four")
    (study / "gone.dcm").symlink_to(tmp_path / "nothing")
    (study / "linked").symlink_to(elsewhere)
    os.mkfifo(study / "pipe")
    for _ in range(2):
        result = run("upload", study, "--wait")
        assert result.exit_code == 0, result.output
        assert f"{study / 'gone.dcm'}: a link that leads nowhere" in result.output
        assert f"{study / 'linked'}: a link to a folder; name it to send what it holds" in result.output
        assert f"{study / 'pipe'}: no file, but a pipe, a socket or a device" in result.output


def test_verdicts_that_take_too_long_exit_with_three(run, world, study):
    world.portal.verdicts.record = lambda *_arguments, **_options: None
    world.portal.feed.append = lambda *_arguments: None
    result = run("upload", study, "--wait", "--timeout", "0")
    assert result.exit_code == 3
    assert "3 verdicts did not come in time." in result.stderr


def test_a_dry_run_sends_nothing(run, world, study):
    result = run("upload", study, "--dry-run")
    assert result.exit_code == 0
    assert "3 files to send (11 bytes). Nothing was sent." in result.stdout
    assert not world.requests


def test_a_check_first_keeps_back_what_would_be_rejected(run, world, tmp_path):
    good = ct_slice(rows=8, columns=8)
    study = folder(tmp_path / "study", good_dcm=good, cut_dcm=good[:-20])
    result = run("upload", study, "--check-first", "--wait")
    assert result.exit_code == 1
    assert "truncated at (7FE0,0010)" in result.stdout
    assert "1 file sent (" in result.stdout
    assert "1 kept back by the check" in result.stdout
    assert set(world.objects.values()) == {good}


def test_a_name_cannot_steer_the_terminal(run, world, tmp_path):
    study = folder(tmp_path / "study")
    (study / "[red]a\x1b[2J.dcm").write_bytes(b"bad")
    result = run("upload", study, "--wait")
    assert "\x1b" not in result.stdout
    assert "study/[red]a\N{REPLACEMENT CHARACTER}[2J.dcm" in result.stdout


@pytest.mark.parametrize("arguments", [["upload"], ["upload", "nowhere"], ["status"], ["status", "x", "--last"]])
def test_a_wrong_call_exits_with_two(run, arguments):
    assert run(*arguments).exit_code == 2


def test_status_tells_the_last_upload_and_what_is_wrong_with_it(run, study):
    folder(study, bad_dcm=b"bad")
    run("upload", study, "--reference", "batch-117")
    result = run("status", "--last")
    assert result.exit_code == 1
    assert "batch-117  needs attention" in result.stdout
    assert "4 files: 3 accepted, 1 rejected." in result.stdout
    assert "What to do: Send it again." in result.stdout
    told = json.loads(run("status", "--last", "--json").stdout)
    assert (told["state"], told["counts"]["rejected"], len(told["problems"])) == ("needs_attention", 1, 1)


def test_watch_goes_on_where_it_ended(run, study, tmp_path):
    cursor = tmp_path / "cursor"
    assert run("watch", "--once", "--cursor", cursor).stdout == ""
    run("upload", study)
    first = run("watch", "--once", "--cursor", cursor, "--json").stdout.splitlines()
    assert len({json.loads(line)["file_id"] for line in first}) == 3
    assert run("watch", "--once", "--cursor", cursor).stdout == ""
    assert run("watch", "--once", "--from-start").stdout.count("✓ accepted") == 3


def test_watch_says_what_to_do_about_a_place_that_nobody_gave(run, study, tmp_path):
    run("upload", study)
    cursor = tmp_path / "cursor"
    cursor.write_text("Y2hhbmdlcyM0Mg\n")
    refused = run("watch", "--once", "--cursor", cursor)
    assert refused.exit_code == 2
    assert f"{cursor} holds no place" in refused.output.replace("\n", "")
    assert cursor.read_text() == "Y2hhbmdlcyM0Mg\n"
    cursor.unlink()
    assert run("watch", "--once", "--from-start", "--cursor", cursor).stdout.count("✓ accepted") == 3


def test_get_writes_the_verified_file_and_replaces_none_by_itself(run, study, tmp_path):
    file_id = events(run("upload", study / "a.dcm", "--json"), "sent")[0]["file_id"]
    target = tmp_path / "back.dcm"
    assert "SHA-256 verified" in run("get", file_id, "-o", target).stdout
    assert target.read_bytes() == b"one"
    assert run("get", file_id, "-o", target).exit_code == 2
    assert run("get", file_id, "-o", target, "--force").exit_code == 0


def test_an_upload_is_fetched_and_the_exit_code_says_whether_all_of_it_is_there(world, run, study, tmp_path):
    upload_id = events(run("upload", study, "--json"), "upload")[0]["upload_id"]
    target = tmp_path / "back"
    result = run("get", "--upload", upload_id, "--to", target)
    assert (result.exit_code, f"{target}: 3 files fetched (11 bytes)." in result.stdout) == (0, True)
    assert {path.name: path.read_bytes() for path in (target / "study").iterdir()} == {
        "a.dcm": b"one",
        "b.dcm": b"two",
        "c.dcm": b"three",
    }
    assert "0 files fetched (0 bytes), 3 there already." in run("get", "--upload", upload_id, "--to", target).stdout


def test_an_upload_with_a_rejected_file_is_fetched_without_it_and_exits_with_one(run, study, tmp_path):
    folder(study, bad_dcm=b"bad")
    upload_id = events(run("upload", study, "--json"), "upload")[0]["upload_id"]
    result = run("get", "--upload", upload_id, "--to", tmp_path / "back")
    assert result.exit_code == 1
    assert "- left out  study/bad.dcm: rejected" in result.stdout


def test_what_could_not_be_fetched_is_told_and_exits_with_three(world, run, study, tmp_path):
    upload_id = events(run("upload", study, "--json"), "upload")[0]["upload_id"]
    world.before = lambda request: httpx.Response(404) if request.url.host.endswith("s3.test") else None
    result = run("get", "--upload", upload_id, "--to", tmp_path / "back")
    assert result.exit_code == 3
    assert "✗ not fetched" in result.stdout
    assert "3 could not be fetched.\nNot complete. Run the same command again to go on." in result.stdout
    told = run("get", "--upload", upload_id, "--to", tmp_path / "back", "--json")
    assert len(events(told, "trouble")) == 3
    assert events(told, "summary")[0]["whole"] is False


def test_an_unknown_study_is_a_wrong_call(run, tmp_path):
    assert run("get", "--study", "1.2.3", "--to", tmp_path / "back").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [(), ("--study", "1.2.3"), ("--upload", "u"), ("f", "--study", "1.2.3"), ("--study", "1", "--upload", "2")],
)
def test_get_wants_one_thing_and_for_many_files_a_folder(run, arguments):
    assert run("get", *arguments).exit_code == 2


def test_an_unknown_file_is_a_wrong_call(run):
    result = run("get", "01kanqzzzz0000000000000000-00000")
    assert (result.exit_code, "Not found (404)" in result.stderr) == (2, True)


@pytest.fixture
def home(monkeypatch, tmp_path):
    for variable in ("API_URL", "CLIENT_ID", "CLIENT_SECRET", "CREDENTIALS", "TOKEN_URL"):
        monkeypatch.delenv(f"SCALPER_{variable}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "silent-scalper" / "credentials.toml"


def test_login_keeps_good_credentials_where_only_their_owner_reads_them(world, home, monkeypatch):
    monkeypatch.setattr("scalper.client.Client", lambda _api, _client_id, secret: world.client(secret))
    arguments = ["login", "--api-url", ORIGIN, "--client-id", "partner-1"]
    wrong = CliRunner().invoke(app, arguments, input="wrong\n")
    assert (wrong.exit_code, home.exists()) == (2, False)
    right = CliRunner().invoke(app, arguments, input=f"{SECRET}\n")
    assert right.exit_code == 0, right.output
    assert SECRET not in right.output
    assert oct(home.stat().st_mode & 0o777) == "0o600"
    assert credentials.find() == credentials.Credentials(ORIGIN, "partner-1", SECRET)
    assert SECRET not in repr(credentials.find())


def test_credentials_that_others_can_read_are_refused_with_the_remedy(home, study):
    home.parent.mkdir()
    home.write_text("")
    home.chmod(0o644)
    result = CliRunner().invoke(app, ["upload", str(study)])
    assert result.exit_code == 2
    assert f"chmod 600 {home}" in result.stderr.replace("\n", " ")


def test_without_credentials_the_ways_to_give_them_are_told(home, study):
    result = CliRunner().invoke(app, ["upload", str(study)])
    assert result.exit_code == 2
    assert "scalper login" in result.stderr
    assert "SCALPER_CLIENT_SECRET" in result.stderr


def test_the_environment_goes_before_the_file(home, monkeypatch):
    credentials.save(credentials.Credentials("https://a.example", "id", "secret"), home)
    monkeypatch.setenv("SCALPER_CLIENT_ID", "other")
    assert credentials.find() == credentials.Credentials("https://a.example", "other", "secret")
