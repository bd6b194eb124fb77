"""`scalper audit` and `scalper rebuild`: what they print and ask, and by which exit code they say how it went."""

import json
import os
from functools import partial

import pytest
from typer.testing import CliRunner

from scalper.__main__ import app
from scalper.admin import session
from scalper.cli import rebuild_command
from tests.unit.scalper.admin.world import CODE, NAME, AdminWorld, a_rebuild, differing
from tests.wired_portal import ORIGIN


@pytest.fixture
def world():
    return AdminWorld()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def run(world, pauses, monkeypatch, tmp_path):
    opened = partial(session.open_session, transport=world.transport, ports=world.ports, patience=5)
    monkeypatch.setattr(session, "open_session", opened)
    monkeypatch.setattr("webbrowser.open", lambda url: bool(world.browse(url)))
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setenv("SCALPER_API_URL", ORIGIN)
    monkeypatch.setenv("SCALPER_CREDENTIALS", str(tmp_path / "credentials.toml"))
    for variable in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SCALPER_{variable}", raising=False)

    def invoke(*arguments, **options):
        return CliRunner().invoke(app, list(arguments), **options)

    return invoke


@pytest.fixture
def at_a_terminal(monkeypatch):
    monkeypatch.setattr(rebuild_command, "_require_answer", lambda _options: None)


def events(result, kind=None):
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [event for event in found if kind in {None, event["event"]}]


def test_an_audit_that_finds_nothing_exits_with_zero_and_says_so(run, world):
    result = run("audit")
    assert result.exit_code == 0, result.output
    assert (
        "The audit of all clinics is done: nothing differs (1,200 units looked at, 4,100 read units)." in result.stdout
    )
    assert world.orders[0][0] == {"dry_run": True}


def test_what_differs_is_told_by_subject_and_exits_with_one(run, world):
    world.courses = [[differing(uncounted=2, marks=1, beside=1)]]
    result = run("audit", "--clinic", "northside")
    assert result.exit_code == 1
    told = result.stdout.splitlines()
    assert told[:5] == [
        "upload 01up",
        "    accepted  is       3, by the records       5",
        "    missing   is       2, by the records       0",
        "clinic northside",
        "    files  is       3, by the records       5",
    ]
    assert "3 differences, 2 changes counted nowhere, 1 mark of what was counted" in told[-1]
    assert world.orders[0][0] == {"dry_run": True, "clinic_id": "northside"}


def test_more_than_is_listed_is_counted(run, world):
    world.courses = [[differing(differences=250)]]
    assert "and 247 more" in run("audit").stdout


def test_nothing_of_what_is_found_steers_the_terminal(run, world):
    found = [{"subject": "upload \x1b[2J", "name": "[bold]\x07", "standing": 1, "expected": 2}]
    world.courses = [[differing(found=found, differences=1, busy_units=["\x1b]0;x"], busy=1)]]
    told = run("audit").stdout
    assert not {"\x1b", "\x07"} & set(told)
    assert "[bold]" in told


@pytest.mark.parametrize("state", ["stopped", "done"])
def test_what_was_not_looked_at_whole_exits_with_three(run, world, state):
    busy = ["upload 01busy"] if state == "done" else []
    world.courses = [[differing(state=state, busy=len(busy), busy_units=busy)]]
    result = run("audit")
    assert result.exit_code == 3
    assert "run it again" in result.stdout
    assert ("kept changing  upload 01busy" in result.stdout) == (state == "done")


def test_an_audit_is_looked_at_until_it_ends_less_and_less_often(run, world, pauses):
    world.courses = [[a_rebuild(state="waiting"), *[a_rebuild(state="running")] * 6, a_rebuild()]]
    assert run("audit").exit_code == 0
    assert pauses == sorted(pauses)
    assert (len(pauses), pauses[0], pauses[-1]) == (7, 1.0, 5.0)


def test_programs_read_one_object_per_event_and_nothing_else(run, world):
    world.courses = [[a_rebuild(state="running", looked_at=7), differing()]]
    result = run("audit", "--json", "--upload", "01up", "--read-units", "50")
    assert [event["event"] for event in events(result)] == ["started", "progress", *["difference"] * 3, "summary"]
    assert events(result, "started")[0]["looked_at"] == 7
    first = {"subject": "upload 01up", "name": "accepted", "standing": 3, "expected": 5}
    assert events(result, "difference")[0] == {"event": "difference", "rebuild_id": "01rebuild1", **first}
    (summary,) = events(result, "summary")
    assert (summary["rebuild_id"], summary["exact"], summary["exit_code"]) == ("01rebuild1", False, 1)
    assert world.orders[0][0] == {"dry_run": True, "upload_id": "01up", "read_units_per_second": 50}


def test_the_sign_in_is_shown_beside_the_results_and_no_secret_of_it(run, world):
    result = run("audit")
    assert f"Sign in to {ORIGIN} as an admin" in result.stderr
    assert "https://sign-in.test/oauth2/authorize?" in result.stderr
    assert f"ssh -L {world.ports[0]}:localhost:{world.ports[0]}" in result.stderr
    assert f"Signed in as {NAME}." in result.stderr
    assert not any(secret in result.output for secret in ("access-1", "refresh-1", CODE, "code_verifier"))
    assert world.revoked == ["refresh-1"]


def test_what_a_browser_prints_stands_not_among_the_results(world, capfd, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _url: os.write(1, b"Opening in existing session.\n") > 0)
    rebuild_command.PersonAtTerminal(ORIGIN, opens_browser=True).show("https://sign-in.test/", 8749)
    os.write(1, b"result\n")
    printed = capfd.readouterr()
    assert printed.out == "result\n"
    assert "Opening in existing session." in printed.err


def test_without_a_browser_the_address_alone_is_shown(run, world, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _url: pytest.fail("a browser was opened"))
    shown = rebuild_command.PersonAtTerminal.show

    def show(self, url, port):
        shown(self, url, port)
        world.browse(url)

    monkeypatch.setattr(rebuild_command.PersonAtTerminal, "show", show)
    result = run("audit", "--no-browser")
    assert result.exit_code == 0
    assert world.query["state"] in result.stderr.replace("\n", "")


def test_a_sign_in_that_is_left_open_is_told_and_changes_no_exit_code(run, world):
    world.revocation = 500
    result = run("audit")
    assert result.exit_code == 0
    assert "could not be ended" in result.stderr
    assert "within an hour" in result.stderr


def test_who_is_no_admin_exits_with_two_and_a_sentence(run, world):
    world.is_admin = False
    result = run("audit")
    assert result.exit_code == 2
    assert "for admins, and whoever signed in is none" in result.stderr


def test_without_an_address_it_says_how_to_give_one(run, monkeypatch):
    monkeypatch.delenv("SCALPER_API_URL")
    result = run("audit")
    assert (result.exit_code, "--portal" in result.stderr) == (2, True)


def test_the_address_that_login_keeps_serves_without_its_secret(run, monkeypatch, tmp_path):
    monkeypatch.delenv("SCALPER_API_URL")
    file = tmp_path / "credentials.toml"
    file.write_text(f'api_url = "{ORIGIN}"\n')
    file.chmod(0o600)
    assert run("audit").exit_code == 0


def test_the_address_that_is_typed_goes_before_all(run, monkeypatch):
    monkeypatch.setenv("SCALPER_API_URL", "https://other.example")
    assert run("audit", "--portal", ORIGIN).exit_code == 0


def test_who_stops_following_is_told_that_it_goes_on(run, world, monkeypatch):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    world.courses = [[a_rebuild(state="running")]]
    result = run("audit")
    assert result.exit_code == 3
    assert "The audit goes on at the portal: `scalper audit --follow 01rebuild1` shows it" in result.stderr
    assert (world.revoked, world.stopped) == (["refresh-1"], [])


def test_a_sign_in_that_ends_meanwhile_leaves_the_job_running(run, world):
    world.courses = [[a_rebuild(state="running")] * 3]
    world.lifetime = 0
    look = world._api

    def end_after_the_start(request):
        world.ended = True
        return look(request)

    world._api = end_after_the_start
    result = run("audit")
    assert result.exit_code == 3
    assert "The sign-in has ended" in result.stderr
    assert "--follow 01rebuild1" in result.stderr


def test_an_audit_that_was_left_is_followed_again(run, world):
    world.jobs["01old"] = [differing(rebuild_id="01old", state="running"), differing(rebuild_id="01old")]
    result = run("audit", "--follow", "01old")
    assert (result.exit_code, "upload 01up" in result.stdout, world.orders) == (1, True, [])


def test_one_that_nobody_knows_exits_with_two(run):
    assert run("audit", "--follow", "01none").exit_code == 2


@pytest.mark.parametrize("command", ["audit", "rebuild"])
def test_one_that_runs_is_stopped(run, world, command):
    world.jobs["01old"] = [a_rebuild(rebuild_id="01old", state="running")]
    result = run(command, "--stop", "01old")
    assert (result.exit_code, world.stopped) == (0, ["01old"])
    assert "The audit of all clinics is stopped: 2 clinics done" in result.stdout


@pytest.mark.parametrize("command", ["audit", "rebuild"])
def test_one_that_was_started_before_is_named_alone(run, world, command):
    for more in (("--stop", "01b"), ("--clinic", "northside"), ("--read-units", "9")):
        assert run(command, "--follow", "01a", *more).exit_code == 2
    assert not world.requests


def test_a_rebuild_mends_what_its_audit_found_once_somebody_says_so(run, world, at_a_terminal):
    world.courses = [[differing(clinic_id="northside")], [differing(dry_run=False, clinic_id="northside")]]
    result = run("rebuild", "--clinic", "northside", input="y\n")
    assert result.exit_code == 0, result.output
    assert "Mend this? [y/N]" in result.stderr
    assert "    accepted  was       3, by the records       5" in result.stdout
    assert "The rebuild of northside is done: 3 differences: mended" in result.stdout
    (audited, first), (mended, second) = world.orders
    assert (audited["dry_run"], mended) == (True, {"dry_run": False, "clinic_id": "northside"})
    assert first != second, "the order to mend was taken for a repetition of the audit"


def test_a_rebuild_that_somebody_declines_writes_nothing(run, world, at_a_terminal):
    world.courses = [[differing()]]
    result = run("rebuild", input="n\n")
    assert (result.exit_code, len(world.orders)) == (1, 1)


def test_where_nothing_differs_nothing_is_asked(run, world, at_a_terminal):
    result = run("rebuild")
    assert (result.exit_code, "Mend this?" in result.output, len(world.orders)) == (0, False, 1)


def test_scripts_say_yes_beforehand(run, world):
    world.courses = [[differing()], [differing(dry_run=False)]]
    result = run("rebuild", "--yes", "--json")
    assert result.exit_code == 0
    assert [event["dry_run"] for event in events(result, "summary")] == [True, False]


def test_where_nobody_can_be_asked_nothing_is_begun(run, world):
    result = run("rebuild")
    assert (result.exit_code, world.orders, "--yes" in result.stderr) == (2, [], True)
    assert not world.requests


def test_an_audit_that_was_stopped_is_no_ground_to_mend_by(run, world):
    world.courses = [[differing(state="stopped")]]
    assert (run("rebuild", "--yes").exit_code, len(world.orders)) == (3, 1)


def test_what_keeps_changing_hinders_nobody_from_mending_the_rest(run, world):
    busy = {"busy": 1, "busy_units": ["clinic northside"]}
    world.courses = [[differing(**busy)], [differing(dry_run=False, **busy)]]
    result = run("rebuild", "--yes")
    assert (result.exit_code, len(world.orders)) == (3, 2)
    world.orders.clear()
    world.courses = [[a_rebuild(exact=False, **busy)]]
    assert (run("rebuild", "--yes").exit_code, len(world.orders)) == (3, 1)


def test_a_rebuild_takes_up_an_audit_that_was_left(run, world):
    world.jobs["01old"] = [differing(rebuild_id="01old", upload_id="01up", clinic_id="northside")]
    world.courses = [[differing(dry_run=False)]]
    assert run("rebuild", "--follow", "01old", "--yes").exit_code == 0
    assert world.orders[0][0] == {"dry_run": False, "upload_id": "01up", "clinic_id": "northside"}


def test_a_rebuild_that_was_left_is_followed_and_not_begun_again(run, world):
    world.jobs["01old"] = [differing(rebuild_id="01old", dry_run=False)]
    assert (run("rebuild", "--follow", "01old").exit_code, world.orders) == (0, [])


def test_an_audit_that_was_left_is_mended_by_nobody_who_was_not_asked(run, world):
    world.jobs["01old"] = [differing(rebuild_id="01old")]
    result = run("rebuild", "--follow", "01old")
    assert (result.exit_code, world.orders) == (2, [])
