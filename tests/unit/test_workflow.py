"""GitHub checks a change as a contributor does, asks daily what became known, and may do nothing besides."""

import re
import tomllib

import pytest
import yaml

from infra.build.cache import ROOT
from infra.build.runtime import RUNTIME

FOLDER = ROOT / ".github" / "workflows"
ALL = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def read(file):
    return yaml.safe_load(file.read_text())


def only_job(workflow):
    (job,) = workflow["jobs"].values()
    return job


@pytest.fixture(scope="module")
def check():
    return read(FOLDER / "check.yml")


def test_it_runs_on_pull_requests_and_on_main(check):
    triggers = check[True]  # YAML 1.1 reads `on` as a truth value.
    assert set(triggers) == {"pull_request", "push"}
    assert triggers["push"] == {"branches": ["main"]}


def test_it_runs_what_contributors_run(check):
    assert [step["run"] for step in only_job(check)["steps"] if "run" in step] == [".ci/run"]
    ci = (ROOT / ".ci" / "run").read_text()
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    for target in ("lint", "test"):
        assert f'make --no-print-directory {target} "${{runtime[@]}}"\n' in ci
        assert f"$ make {target} " in contributing


def test_it_has_the_python_of_the_functions_and_the_oldest_that_the_client_takes(check):
    (setup,) = [step for step in only_job(check)["steps"] if "setup-python" in step.get("uses", "")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert setup["with"]["python-version"].split() == [oldest, RUNTIME]
    assert f"\noldest={oldest}\n" in (ROOT / ".ci" / "run").read_text()


def test_it_ends_and_gives_way_to_a_newer_commit(check):
    assert "pull_request" in check["concurrency"]["cancel-in-progress"]


def test_advisories_are_asked_for_every_day():
    advisories = read(FOLDER / "advisories.yml")
    assert [each["cron"].split()[2:] for each in advisories[True]["schedule"]] == [["*", "*", "*"]]
    assert "make advisories" in [step.get("run") for step in only_job(advisories)["steps"]]


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_a_workflow_may_read_the_repository_and_nothing_else(file):
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in only_job(workflow)
    assert "secrets." not in file.read_text()
    steps = only_job(workflow)["steps"]
    (checkout,) = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_every_action_is_pinned_to_a_commit(file):
    lines = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses:" in line]
    assert len(lines) == sum("uses" in step for step in only_job(read(file))["steps"]) > 0
    assert all(PINNED.fullmatch(line) for line in lines), lines


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_a_workflow_ends(file):
    assert only_job(read(file))["timeout-minutes"] <= 60
