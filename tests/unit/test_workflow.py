"""GitHub checks a change as a contributor does, and may do nothing besides."""

import re

import pytest
import yaml

from infra.build_cache import ROOT

FILE = ROOT / ".github" / "workflows" / "check.yml"
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(FILE.read_text())


@pytest.fixture(scope="module")
def job(workflow):
    (job,) = workflow["jobs"].values()
    return job


def test_it_runs_on_pull_requests_and_on_main(workflow):
    triggers = workflow[True]  # YAML 1.1 reads `on` as a truth value.
    assert set(triggers) == {"pull_request", "push"}
    assert triggers["push"] == {"branches": ["main"]}


def test_it_runs_what_contributors_run(job):
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    ci = (ROOT / ".ci" / "run").read_text()
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    for target in ("lint", "test"):
        assert f"make --no-print-directory {target}\n" in ci
        assert f"$ make {target} " in contributing


def test_it_may_read_the_repository_and_nothing_else(workflow, job):
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in job
    assert "secrets." not in FILE.read_text()
    (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}


def test_every_action_is_pinned_to_a_commit(job):
    lines = [line.strip().removeprefix("- ") for line in FILE.read_text().splitlines() if "uses:" in line]
    assert len(lines) == sum("uses" in step for step in job["steps"]) > 0
    assert all(PINNED.fullmatch(line) for line in lines), lines


def test_it_ends_and_gives_way_to_a_newer_commit(workflow, job):
    assert job["timeout-minutes"] <= 60
    assert "pull_request" in workflow["concurrency"]["cancel-in-progress"]
