"""Findings of the stacks: none but the acknowledged ones, and a new one is told."""

from dataclasses import replace
from datetime import date

import pytest

from infra.compliance.acknowledged import ACKNOWLEDGED
from infra.compliance.checks import Finding, collect_findings, judge
from infra.stages import PROD

TODAY = date(2026, 12, 1)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return collect_findings(PROD, tmp_path_factory.mktemp("checked"))


def judged(findings, acknowledged=ACKNOWLEDGED, today=TODAY):
    return judge(findings, prefix=PROD.prefix, today=today, acknowledged=acknowledged)


def test_production_has_no_finding_but_the_acknowledged_ones(found):
    verdict = judged(found)
    assert verdict.new == ()
    assert verdict.needless == ()


def test_a_new_finding_fails(found):
    new = Finding("SilentScalper/Storage/Incoming", "AwsSolutions-S1")
    assert judged({*found, new}).new == (new,)
    assert not judged({*found, new}).passes


def test_an_acknowledgement_that_fits_nothing_any_more_fails(found):
    (first, *_) = ACKNOWLEDGED
    gone = found - {Finding(first.path(PROD.prefix), rule) for rule in first.findings}
    assert judged(gone).needless == (first,)
    assert not judged(gone).passes


def test_one_whose_review_is_due_fails(found):
    (first, *rest) = ACKNOWLEDGED
    due = (replace(first, review=date(2026, 11, 30)), *rest)
    assert judged(found, due).due == due[:1]
    assert not judged(found, due).passes


def test_there_are_at_most_thirteen_each_on_one_resource_with_reason_owner_and_date(found):
    assert len(ACKNOWLEDGED) <= 15
    assert len({one.resource for one in ACKNOWLEDGED}) == len(ACKNOWLEDGED)
    for one in ACKNOWLEDGED:
        assert one.reason
        assert one.owner
        assert one.review <= date(2028, 1, 1)


def test_none_covers_a_stack_or_the_app():
    for one in ACKNOWLEDGED:
        assert "/" in one.resource.strip("-/"), "a path within a stack names a construct"
        assert "*" not in one.resource


def test_nothing_is_acknowledged_behind_our_back():
    """CDK's own acknowledgements and checkov's comments would hide findings from the list."""
    import pathlib

    for source in pathlib.Path("infra").rglob("*.py"):
        text = source.read_text()
        assert ".acknowledge(" not in text, source
        assert "checkov:skip" not in text, source
        assert '"checkov"' not in text or source.name == "checks.py", source
