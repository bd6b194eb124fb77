"""What somebody changed by hand at night: no deployment puts it back by itself, and the runbook says what does."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
UNDONE = re.compile(r"\b(again|back|restores?|renews?|undo(es)?|reopens?)\b")
HONEST = ("revert", "No deployment", "changes none", "A deployment leaves", "compares the new template")
"""How a paragraph says that a deployment alone does not do it."""

ANOTHER_MATTER = (
    "The origin secret goes round in four steps",  # A parameter differs.
    "**The region does not come back**",
    "**An administrator deleted the stack**",
    "What arrived after the chosen moment",
    "Have it scanned again",
    "Switching it off: set it to False and deploy",  # The template differs.
    "there a deployment? Then roll back",  # So it does.
    "| `make deploy` fails again and again |",  # Of deployments themselves.
)
"""Beginnings of paragraphs in which a deployment brings something that the templates say otherwise than before."""


STUCK = re.compile(r"^## A deployment that is stuck$.*?^## ", re.DOTALL | re.MULTILINE)
"""What to do when a deployment itself has failed: it is repeated, and nothing was changed by hand."""


def paragraphs():
    """Return the runbook's paragraphs, list items and rows of tables, without its commands."""
    text = STUCK.sub("## ", BLOCK.sub("", RUNBOOK))
    return [one for one in re.split(r"\n\n|\n(?=- |\d\. |\|)", text) if "deploy" in one.lower()]


def test_no_paragraph_has_a_deployment_put_back_what_was_changed_by_hand():
    """CloudFormation guide, "Detect unmanaged configuration changes": it compares templates, and not what stands."""
    promised = [one for one in paragraphs() if UNDONE.search(one) and not any(word in one for word in HONEST)]
    assert [one for one in promised if not any(matter in one for matter in ANOTHER_MATTER)] == []


def test_the_deployments_own_command_can_revert_drift():
    """CDK command line, `cdk deploy --revert-drift`: a drift-aware change set (CloudFormation guide)."""
    assert "--revert-drift" in RUNBOOK
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]["version"]
    assert tuple(map(int, locked.split("."))) >= (2, 1148, 1), "the first in whose sources the option was found"


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("PortalFunction", "ReservedConcurrentExecutions"),
        *((f"{bucket}Bucket", "LifecycleConfiguration") for bucket in ("Incoming", "Accepted", "Quarantine")),
    ],
)
def test_what_the_runbook_changes_is_said_by_the_template_so_that_it_is_drift(prod, output, name):
    """Only what a template says is compared (CloudFormation guide, "What is drift?")."""
    assert prod.named_by(output)[name]


def test_a_closed_portal_is_opened_with_what_it_had():
    closing, opening = (
        block for block in BLOCK.findall(RUNBOOK) if "function-concurrency" in block and "PortalFunction" in block
    )
    assert closing.index("get-function-concurrency") < closing.index("put-function-concurrency")
    assert "reserved.txt" in closing
    assert "reserved.txt" in opening
    assert {"delete-function-concurrency", "put-function-concurrency"} <= set(
        re.findall(r"[a-z]+-function-\w+", opening)
    )
    assert "--reserved-concurrent-executions 0" in closing
