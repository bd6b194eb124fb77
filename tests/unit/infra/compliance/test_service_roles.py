"""Roles for AWS's own services may do what AWS itself writes for them, and what is left out is left out for a reason.

`service_roles.json` holds what AWS writes: managed policies with their version and its date, and statements of guides
with the name of the page and the day on which they were written down here.
"""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infra.compliance.physical_names import Deployed, Place
from infra.stages import STAGES
from tests.grants.granted import may
from tests.unit.infra.template import listed

FACTS = json.loads((Path(__file__).parent / "service_roles.json").read_text())


@pytest.fixture(scope="module", params=["prod", "example"])
def stage(request):
    return STAGES[request.param]


@pytest.fixture(scope="module")
def deployed(stage, assemblies):
    return Deployed.read(assemblies[stage.name], Place("us-east-1"))


def service_roles(deployed):
    """Yield stack, logical id and service of each role that a service takes on."""
    for stack, template in deployed.templates.items():
        for name, body in template["Resources"].items():
            if body["Type"] == "AWS::IAM::Role":
                for statement in body["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                    for service in listed(statement["Principal"].get("Service", [])):
                        yield stack, name, service


def facts_about(role, service, stage):
    """Return what AWS writes for such a role, but for what the stage has not switched on (`where`)."""
    return [
        one
        for one in FACTS["roles"]
        if one["service"] == service
        and any(role.startswith(name) for name in one.get("roles", [""]))
        and ("where" not in one or getattr(stage, one["where"]))
    ]


def test_each_role_may_do_what_aws_writes_for_its_service(deployed, stage):
    for stack, role, service in service_roles(deployed):
        facts = facts_about(role, service, stage)
        assert facts, f"nothing is written down of {service}, which takes on {stack}/{role}"
        allowed = may(deployed, stack, role)
        for one in facts:
            missing = set(one["actions"]) - {action for action, _ in allowed} - set(one["left_out"])
            assert not missing, f"{stack}/{role} lacks {sorted(missing)} of {one['source']} {one['version']}"


def test_they_may_do_it_to_what_the_service_does_it_to(deployed, stage):
    for stack, role, service in service_roles(deployed):
        allowed = may(deployed, stack, role)
        for one in facts_about(role, service, stage):
            for action, example in one.get("about", {}).items():
                assert any(known == action and fnmatchcase(example, resource) for known, resource in allowed), action


def test_what_is_left_out_has_a_reason_and_is_written_by_aws_and_not_allowed_after_all(deployed, stage):
    for stack, role, service in service_roles(deployed):
        allowed = {action for action, _ in may(deployed, stack, role)}
        for one in facts_about(role, service, stage):
            assert set(one["left_out"]) <= set(one["actions"])
            assert all(one["left_out"].values())
            for action in set(one["left_out"]) & allowed:
                assert any(role.startswith(name) for name in one.get("left_out_but", {}).get(action, [])), (
                    role,
                    action,
                )


def test_each_fact_tells_its_page_and_day_and_is_about_a_role_there_is(assemblies):
    example = Deployed.read(assemblies["example"], Place("us-east-1"))
    known = [
        one for _, role, service in service_roles(example) for one in facts_about(role, service, STAGES["example"])
    ]
    for one in FACTS["roles"]:
        assert one["source"]
        assert one["date"] <= "2026-11-30"
        assert one in known, one["source"]


def key_statements(deployed):
    """Yield service and condition keys of each statement by which a service uses a key."""
    for stack, template in deployed.templates.items():
        for body in template["Resources"].values():
            if body["Type"] == "AWS::KMS::Key":
                for statement in deployed.resolve(stack, body["Properties"]["KeyPolicy"]["Statement"]):
                    tests = statement.get("Condition", {}).values()
                    for service in listed(statement["Principal"].get("Service", [])):
                        yield service, {key for test in tests for key in test}, statement


def test_services_use_keys_under_no_condition_that_their_guides_do_not_write(deployed):
    written = {one["service"]: set(one["conditions"]) for one in FACTS["key_users"]}
    for service, conditions, statement in key_statements(deployed):
        assert service in written, f"nothing is written down of how {service} uses a key"
        assert conditions <= written[service], f"{service} need not tell the key {conditions - written[service]}"
        assert "kms:Decrypt" in listed(statement["Action"])
