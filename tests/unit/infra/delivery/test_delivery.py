"""The pipeline: what happens in which order, who may do what in it, and what takes a release back."""

import json
import re
from dataclasses import replace

import pytest
from aws_cdk import App

from infra.app import FEATURE_FLAGS, placeholder_bundles, synthesize
from infra.build.runtime import RUNTIME
from infra.delivery.stack import DeliveryPipeline
from infra.stages import EXAMPLE, PROD, STAGES, STAGING
from tests.unit.infra.template import Template, listed

NODE = "24"
"""As `package.json` asks for."""

PRODUCTION = replace(PROD, account="111122223333", delivery=EXAMPLE.delivery, alert_emails=EXAMPLE.alert_emails)
STAGED = replace(STAGING, account="444455556666", region="us-west-2", edge=None)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    out = tmp_path_factory.mktemp("delivery")
    app = App(outdir=str(out), context=FEATURE_FLAGS, analytics_reporting=False)
    letters = "arn:aws:sqs:us-east-1:111122223333:undelivered"
    DeliveryPipeline(app, delivery=PRODUCTION.delivery, production=PRODUCTION, staging=STAGED, undelivered=letters)
    app.synth()
    return Template(json.loads((out / "SilentScalper-Delivery.template.json").read_text()))


@pytest.fixture(scope="module")
def pipeline(delivery):
    (found,) = delivery.properties_of("AWS::CodePipeline::Pipeline")
    return found


@pytest.fixture(scope="module")
def projects(delivery):
    return {
        project["Name"].removeprefix("SilentScalper-"): project
        for project in delivery.properties_of("AWS::CodeBuild::Project")
    }


def stage(pipeline, name):
    return next(one for one in pipeline["Stages"] if one["Name"] == name)


def statements(delivery, role):
    """Return what a role may do, one action and one resource in each, with references written out."""
    (policy,) = delivery.resources[role["Fn::GetAtt"][0]]["Properties"]["ManagedPolicyArns"]
    document = delivery.resources[policy["Ref"]]["Properties"]["PolicyDocument"]
    return {
        (action, json.dumps(resource))
        for one in document["Statement"]
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    }


def commands(project):
    return json.loads(project["Source"]["BuildSpec"])["phases"]["build"]["commands"]


def may(delivery, projects, name):
    return statements(delivery, projects[name]["ServiceRole"])


def on(granted, action):
    return {resource for allowed, resource in granted if allowed == action}


def test_a_commit_is_checked_staged_proven_approved_and_released_in_this_order(pipeline):
    steps = [
        (one["Name"], sorted((action["RunOrder"], action["Name"]) for action in one["Actions"]))
        for one in pipeline["Stages"]
    ]
    assert steps == [
        ("Source", [(1, "Commit")]),
        ("Check", [(1, "Build"), (1, "Check")]),
        ("Staging", [(1, "Deploy"), (2, "Smoke")]),
        ("Approval", [(1, "Release")]),
        ("Production", [(1, "Deploy")]),
    ]


def test_the_source_comes_by_the_connection_and_only_of_the_branch(pipeline):
    (action,) = stage(pipeline, "Source")["Actions"]
    assert action["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert action["Configuration"]["ConnectionArn"] == PRODUCTION.delivery.connection_arn
    assert action["Configuration"]["FullRepositoryId"] == "example-org/silent-scalper"
    assert action["Configuration"]["BranchName"] == "main"


def test_the_check_is_the_one_that_contributors_run(projects):
    assert commands(projects["Check"])[-1] == "bash .ci/run"


def test_every_build_runs_on_the_python_that_the_functions_run_on(projects):
    for project in projects.values():
        phases = json.loads(project["Source"]["BuildSpec"])["phases"]
        assert phases["install"]["runtime-versions"] == {"python": RUNTIME, "nodejs": NODE}


def test_both_stages_are_built_once_and_without_the_pipeline_itself(projects):
    spec = json.loads(projects["Build"]["Source"]["BuildSpec"])
    synthesized = [command for command in commands(projects["Build"]) if "infra.app" in command]
    assert [re.search(r"--stage (\w+)", command)[1] for command in synthesized] == ["prod", "staging"]
    assert all("--without-delivery" in command for command in synthesized)
    assert spec["artifacts"]["base-directory"] == "assembly"


def test_a_release_leaves_what_the_pipelines_stack_imports(tmp_path):
    """CloudFormation reference, Fn::ImportValue: an export that a stack imports can be neither removed nor changed."""
    cores = []
    for with_pipeline in (True, False):
        options = {"config": PRODUCTION, "bundles": placeholder_bundles(), "out": tmp_path / str(with_pipeline)}
        folder = synthesize(**options, with_pipeline=with_pipeline)
        cores.append(json.loads((folder / f"{PRODUCTION.prefix}.template.json").read_text()))
        assert (folder / f"{PRODUCTION.prefix}-Delivery.template.json").exists() == with_pipeline
    assert cores[0] == cores[1]


@pytest.mark.parametrize(("project", "name"), [("DeployStaging", "staging"), ("DeployProduction", "prod")])
def test_what_was_built_is_deployed_and_nothing_is_built_again(projects, project, name):
    last = commands(projects[project])[-1]
    assert f'--app "$CODEBUILD_SRC_DIR_Assembly/{name}"' in last
    assert "deploy --all" in last
    assert not any("infra.app" in command or "pytest" in command for command in commands(projects[project]))


def test_a_release_leaves_protected_what_keeps_data_whatever_was_done_by_hand(projects):
    protected = "--parameters SilentScalper:DeletionProtection=true"
    assert protected in commands(projects["DeployProduction"])[-1]
    assert "DeletionProtection" not in commands(projects["DeployStaging"])[-1], "staging has no such parameter"


def test_a_deployment_gets_source_and_assembly(pipeline):
    for name in ("Staging", "Production"):
        action = next(one for one in stage(pipeline, name)["Actions"] if one["Name"] == "Deploy")
        assert [artifact["Name"] for artifact in action["InputArtifacts"]] == ["Source", "Assembly"]
        assert action["Configuration"]["PrimarySource"] == "Source"


def test_an_alarm_takes_a_release_back_and_so_does_a_failed_deployment(pipeline):
    production = stage(pipeline, "Production")
    assert production["OnFailure"] == {"Result": "ROLLBACK"}
    (condition,) = production["OnSuccess"]["Conditions"]
    assert condition["Result"] == "ROLLBACK"
    assert 1 <= len(condition["Rules"]) <= 5
    for rule in condition["Rules"]:
        assert rule["RuleTypeId"]["Provider"] == "CloudWatchAlarm"
        assert rule["Configuration"]["AlarmStates"] == "ALARM"
        assert rule["Configuration"]["WaitTime"] == "30"


def test_every_watched_alarm_is_one_of_production(pipeline, prod):
    (condition,) = stage(pipeline, "Production")["OnSuccess"]["Conditions"]
    watched = {rule["Configuration"]["AlarmName"] for rule in condition["Rules"]}
    assert watched <= {alarm["AlarmName"] for alarm in prod.properties_of("AWS::CloudWatch::Alarm")}


def test_a_rollback_asks_nobody(pipeline):
    kinds = [action["ActionTypeId"]["Category"] for action in stage(pipeline, "Production")["Actions"]]
    assert "Approval" not in kinds
    assert [action["ActionTypeId"]["Provider"] for action in stage(pipeline, "Approval")["Actions"]] == ["Manual"]


def test_approvers_hear_of_releases_that_wait_and_of_runs_that_failed(delivery):
    (rule,) = delivery.properties_of("AWS::CodeStarNotifications::NotificationRule")
    assert set(rule["EventTypeIds"]) == {
        "codepipeline-pipeline-manual-approval-needed",
        "codepipeline-pipeline-pipeline-execution-failed",
    }
    (subscription,) = delivery.properties_of("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "release@example.org")
    (topic,) = delivery.of_type("AWS::SNS::Topic")
    assert delivery.denied_without_tls(topic)


def test_only_deployments_may_take_on_another_role_and_each_only_those_of_its_stage(delivery, projects):
    assumed = {name: on(may(delivery, projects, name), "sts:AssumeRole") for name in projects}
    assert not assumed["Check"] | assumed["Build"] | assumed["Smoke"]
    for name, account, region in (
        ("DeployStaging", "444455556666", "us-west-2"),
        ("DeployProduction", "111122223333", "us-east-1"),
    ):
        roles = {re.search(r"role/([\w-]+)", arn)[1] for arn in assumed[name]}
        names = ("deploy-role", "file-publishing-role", "lookup-role")
        assert roles == {f"cdk-hnb659fds-{one}-{account}-{region}" for one in names}


def test_the_pipeline_itself_deploys_nothing(delivery, pipeline):
    granted = {action for action, _ in statements(delivery, pipeline["RoleArn"])}
    assert not {action for action in granted if action.startswith(("sts:", "cloudformation:", "iam:"))}


def test_only_the_build_writes_what_is_deployed(delivery, projects, pipeline):
    written = {name: on(may(delivery, projects, name), "s3:PutObject") for name in projects}
    assert {name for name, keys in written.items() if keys} == {"Build"}
    assert all("/SilentScalper/Assembly/???????" in key for key in written["Build"])
    read = on(may(delivery, projects, "Check"), "s3:GetObject")
    assert all("/SilentScalper/Source/???????" in key for key in read)


def test_only_the_smoke_test_reads_a_secret(delivery, projects):
    readers = {name for name in projects if on(may(delivery, projects, name), "secretsmanager:GetSecretValue")}
    assert readers == {"Smoke"}
    variables = projects["Smoke"]["Environment"]["EnvironmentVariables"]
    assert {one["Name"] for one in variables} == {"SCALPER_API_URL", "SCALPER_CLIENT_ID", "SCALPER_CLIENT_SECRET"}
    assert {one["Type"] for one in variables} == {"SECRETS_MANAGER"}


def test_no_project_has_a_secret_of_its_own_or_privileges(projects):
    for name, project in projects.items():
        assert project["Environment"]["PrivilegedMode"] is False
        assert name == "Smoke" or not project["Environment"].get("EnvironmentVariables")
        assert "Fn::GetAtt" in project["EncryptionKey"]
        assert project["LogsConfig"]["CloudWatchLogs"]["Status"] == "ENABLED"


def test_no_role_may_act_on_anything_with_a_star(delivery, projects, pipeline):
    for role in (pipeline["RoleArn"], *(project["ServiceRole"] for project in projects.values())):
        for action, resource in statements(delivery, role):
            assert "*" not in action
            assert "*" not in resource


def test_each_role_serves_its_own_project_and_no_other(delivery, projects, pipeline):
    roles = [project["ServiceRole"]["Fn::GetAtt"][0] for project in projects.values()]
    assert len(set(roles)) == len(roles) == 5
    for name, project in projects.items():
        (trust,) = delivery.resources[project["ServiceRole"]["Fn::GetAtt"][0]]["Properties"][
            "AssumeRolePolicyDocument"
        ]["Statement"]
        assert trust["Principal"] == {"Service": "codebuild.amazonaws.com"}
        assert json.dumps(trust["Condition"]["ArnEquals"]).endswith(f':project/SilentScalper-{name}"]]}}}}')


def test_no_stage_has_a_pipeline_unless_its_file_says_so():
    assert {name for name, config in STAGES.items() if config.delivery} == {"example"}
