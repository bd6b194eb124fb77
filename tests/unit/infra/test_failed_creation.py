"""What would be left of a first deployment that fails, in every stack of every stage that AWS gets: nothing.

A creation that is rolled back deletes what it made, in reverse, but for what is retained, protected, denied to be
deleted or no longer empty. What is left then stands in the way of the second try where its name is fixed.

Sources: CloudFormation reference, "DeletionPolicy attribute", "DeletionProtectionEnabled" of AWS::DynamoDB::Table,
"DeletionProtection" of AWS::Cognito::UserPool; CDK, "RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE"; S3 guide, "Deleting a
bucket"; CloudTrail guide, "Creating a trail": a trail belongs to all regions, and has one name in an account.
"""

import json
from dataclasses import replace

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.app import placeholder_bundles, synthesize
from infra.config import Edge
from infra.stages import EXAMPLE, PROD, STAGING
from tests.unit.infra.template import listed, switched

DEPLOYED = (PROD, STAGING, EXAMPLE)
LEAVES_NOTHING = {None, "Delete", "RetainExceptOnCreate"}
ENDS = ("dynamodb:DeleteTable", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "backup:DeleteBackupVault")
"""What CloudFormation calls to take back what it made; a resource's own policy may deny none of them meanwhile."""
GLOBAL = ("AWS::CloudFront::", "AWS::CloudTrail::Trail", "AWS::IAM::", "AWS::S3::Bucket", "AWS::Budgets::")
"""Types whose names an account has once, whatever the region."""


@pytest.fixture(scope="session")
def stacks(tmp_path_factory):
    """Return every template, by stage and stack."""
    return {
        (stage.name, path.name.removesuffix(".template.json")): json.loads(path.read_text())
        for stage in DEPLOYED
        for path in sorted(_synthesize(stage, tmp_path_factory).glob("*.template.json"))
    }


def _synthesize(stage, folders):
    return synthesize(config=stage, bundles=placeholder_bundles(), out=folders.mktemp(stage.name))


@pytest.fixture(scope="session")
def resources(stacks):
    return [
        (f"{stage}: {stack}.{name}", body)
        for (stage, stack), template in stacks.items()
        for name, body in template["Resources"].items()
    ]


def while_created(body):
    """Return a resource's properties as CloudFormation takes them while the stack is made."""
    return switched(body.get("Properties", {}), protected=False)


def names_of(body):
    """Return the properties by which a resource is called what we say, and not what CloudFormation makes up."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", body["Type"]).schema
    given = [pointer for pointer in schema.get("createOnlyProperties", ()) if pointer.endswith(("Name", "Domain"))]
    pointers = {*schema["primaryIdentifier"], *given} - {*schema.get("readOnlyProperties", ())}
    named = {pointer.removeprefix("/properties/") for pointer in pointers}
    return {name: value for name, value in body.get("Properties", {}).items() if name in named}


def is_made_anew(name, template):
    """Say whether a name has a part that another creation of the stack would not have."""
    text = json.dumps(name)
    return "AWS::StackId" in text or any(f'"{other}"' in text for other in template["Resources"])


def test_what_is_made_is_taken_back_where_the_creation_fails(resources):
    kept = [where for where, body in resources if body.get("DeletionPolicy") not in LEAVES_NOTHING]
    assert kept == []


def test_what_keeps_data_is_kept_all_the_same_once_it_stands(resources):
    policies = {
        body["UpdateReplacePolicy"] for _, body in resources if body.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert policies == {"Retain"}


def test_nothing_refuses_to_be_deleted_while_its_stack_is_made(resources):
    protected = [
        where
        for where, body in resources
        for name, value in while_created(body).items()
        if name in ("DeletionProtection", "DeletionProtectionEnabled") and value not in (False, "INACTIVE")
    ]
    assert protected == []


def test_no_policy_denies_the_deletion_of_what_it_hangs_on_while_its_stack_is_made(resources):
    denied = [
        (where, action)
        for where, body in resources
        for statement in statements_in(while_created(body))
        if statement["Effect"] == "Deny" and "Condition" not in statement
        for action in listed(statement["Action"])
        if action in ENDS
    ]
    assert denied == []


def statements_in(value):
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from statements_in(one)


def test_what_outlives_its_stack_has_no_name_that_the_next_one_wants(stacks):
    fixed = [
        (stage, stack, name, property_name)
        for (stage, stack), template in stacks.items()
        for name, body in template["Resources"].items()
        if body.get("DeletionPolicy", "Delete") != "Delete"
        for property_name, value in names_of(body).items()
        if not is_made_anew(value, template)
    ]
    assert fixed == []


def test_what_writes_into_a_bucket_begins_when_nothing_can_fail_any_more(stacks):
    """A trail writes at once, and what it writes is locked: no rollback could delete the bucket any more."""
    for (stage, stack), template in stacks.items():
        for name, body in template["Resources"].items():
            if body["Type"] == "AWS::CloudTrail::Trail":
                others = set(template["Resources"]) - {name}
                assert others <= reached_from(name, template["Resources"]), (stage, stack)


def reached_from(name, resources):
    """Return the resources that stand before this one does."""
    text = json.dumps(resources[name])
    before = {other for other in resources if other != name and f'"{other}"' in text}
    return before.union(*(reached_from(other, resources) for other in before))


def test_the_same_stage_fits_twice_into_an_account_by_another_region(tmp_path_factory):
    elsewhere = Edge(admits_old_tls=True, firewall_arn="arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/b")
    one, other = (
        {name for path in _synthesize(stage, tmp_path_factory).glob("*.template.json") for name in global_names(path)}
        for stage in (PROD, replace(PROD, region="eu-central-1", edge=elsewhere))
    )
    assert one & other == set()


def global_names(path):
    for body in json.loads(path.read_text())["Resources"].values():
        if body["Type"].startswith(GLOBAL):
            for property_name, value in named_in(body.get("Properties", {})):
                if isinstance(value, str):
                    yield body["Type"], property_name, value


def named_in(value, inside=""):
    """Yield what is called something: a name of the resource, or one of the settings within it."""
    for name, one in value.items() if isinstance(value, dict) else ():
        if name in ("Name", "TrailName", "BucketName", "RoleName", "PolicyName", "ManagedPolicyName", "BudgetName"):
            yield f"{inside}{name}", one
        yield from named_in(one, f"{inside}{name}.")
