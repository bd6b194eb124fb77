"""The afternoon's script for an account says what there is: commands, targets, stages, outputs, rows, sums, leftovers.

Whether AWS answers as it says, only AWS can tell.
"""

import json
import re

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.stages import EXAMPLE, PROD, STAGES, STAGING
from tests.architecture.sources import ROOT
from tests.aws_commands import complaints_of

DOCS = ROOT / "docs"
PAGE = (DOCS / "first-account.md").read_text()
STEPS = re.findall(r"^### (\d+)\. (.*?)\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
LEAVING = PAGE.partition("## Leave nothing behind")[2]
MOST_USD = 5
LINES = ("Prints", "Proves", "Else", "Costs")
OUR_OWN = {"AWS_PROFILE", "SCALPER_API_URL", "STACK", "PATH"}
PACKED = {"AWS::S3::Bucket", "AWS::Backup::BackupVault"}
"""What CloudFormation cannot delete while there is anything in it, whatever its policy."""


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Return the templates of every stage that AWS gets, by stack."""
    folders = (
        synthesize(config=stage, bundles=placeholder_bundles(), out=tmp_path_factory.mktemp(stage.name))
        for stage in (PROD, STAGING, EXAMPLE)
    )
    return {
        path.name.removesuffix(".template.json"): json.loads(path.read_text())
        for folder in folders
        for path in folder.glob("*.template.json")
    }


def test_steps_are_numbered_one_by_one_and_each_says_all_of_four_things():
    assert [int(number) for number, _, _ in STEPS] == list(range(1, len(STEPS) + 1))
    for number, title, body in STEPS:
        assert re.findall(r"^- \*(\w+)\*: \S", body, re.MULTILINE) == list(LINES), (number, title)
        assert "```console\n$ " in body, (number, title)


@pytest.mark.parametrize(("number", "body"), [(number, body) for number, _, body in STEPS])
def test_what_a_step_proves_is_a_guarantee_that_only_aws_can_prove(number, body):
    guarantee = re.search(r"^- \*Proves\*: \"(.+)\"\.$", body, re.MULTILINE)[1]
    rows = [row.split("|") for row in (DOCS / "what-is-proven-locally.md").read_text().splitlines()]
    (row,) = [cells for cells in rows if len(cells) > 5 and cells[1].strip().startswith(guarantee)]
    assert row[5].strip(), f"step {number}: nothing is left to AWS there"


def test_it_costs_what_its_steps_cost_together_and_less_than_five_dollars():
    costs = [float(re.search(r"^- \*Costs\*: ([\d.]+) USD", body, re.MULTILINE)[1]) for _, _, body in STEPS]
    said = float(re.search(r"\*\*Together at most ([\d.]+) USD\*\*", PAGE)[1])
    assert said == pytest.approx(sum(costs))
    assert said < MOST_USD


def test_targets_modules_and_stages_are_there():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", PAGE)) <= targets
    modules = re.findall(r"python -m ([\w.]+)", PAGE)
    assert all((ROOT / f"{module.replace('.', '/')}.py").is_file() for module in modules)
    assert set(re.findall(r"(?:STAGE=|--stage )(\w+)", PAGE)) == {"staging"} <= set(STAGES)


def test_variables_are_outputs_of_the_stage_or_set_on_the_page(templates):
    outputs = {
        name for stack, one in templates.items() if stack.startswith(STAGING.prefix) for name in one.get("Outputs", ())
    }
    set_here = set(re.findall(r"\b([A-Z_]+)=", PAGE)) | set(re.findall(r"for ([A-Z]) in", PAGE)) | OUR_OWN
    assert set(re.findall(r"\$([A-Za-z_]+)", PAGE)) - set_here <= outputs
    assert {"Table", "AuditBucket", "TrailArn"} <= outputs


def test_alarms_and_stacks_are_those_of_the_templates(templates):
    names = {
        body["Properties"]["AlarmName"]
        for one in templates.values()
        for body in one["Resources"].values()
        if body["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert {f"SilentScalperStaging-{name}" for name in re.findall(r"--alarm-name \$STACK-(\w+)", PAGE)} <= names
    assert {f"SilentScalperStaging{name}" for name in re.findall(r"\$STACK(-\w+)(?=[ ;])", PAGE)} <= {
        *templates, *names,
    }  # fmt: skip


def test_every_kind_of_resource_that_outlives_its_stack_is_listed_with_what_deletes_it(templates):
    kept = {
        body["Type"]
        for one in templates.values()
        for body in one["Resources"].values()
        if body.get("DeletionPolicy", "Delete") != "Delete" or body["Type"] in PACKED
    }
    rows = {row.split("|")[1].strip(" `"): row for row in LEAVING.splitlines() if row.startswith("| `")}
    assert kept <= set(rows)
    for kind, row in rows.items():
        assert "`aws " in row.split("|")[-2], kind


PAGES = ("first-account.md", "delivery.md", "runbook.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_aws_is_one_and_takes_what_it_is_given(page):
    text = (DOCS / page).read_text()
    assert complaints_of(text) == []


def test_a_command_that_there_is_not_is_found():
    wrong = "`aws s3api remove-bucket --bucket x`, `aws kms list-keys --every`, `aws backup list-backup-vaults`"
    assert complaints_of(wrong) == ["s3api remove-bucket", "kms list-keys --every"]
