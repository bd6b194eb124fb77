"""A rule is set aside only where the resource itself says that the rule does not mean it."""

from aws_cdk import App, Stack
from aws_cdk import aws_codebuild as codebuild

from infra.compliance.checks import explain_misread

RULE = "HIPAA.Security-CodeBuildProjectSourceRepoUrl"


def app_with(*sources):
    app = App()
    first, *more = [codebuild.CfnProject.SourceProperty(type=kind, location="there") for kind in sources]
    codebuild.CfnProject(
        Stack(app, "Delivery"),
        "Project",
        service_role="arn:aws:iam::111122223333:role/build",
        artifacts=codebuild.CfnProject.ArtifactsProperty(type="NO_ARTIFACTS"),
        environment=codebuild.CfnProject.EnvironmentProperty(type="", image="", compute_type=""),
        source=first,
        secondary_sources=more,
    )
    return app


def test_a_project_that_its_pipeline_hands_the_source_is_not_meant_by_the_rule_on_oauth():
    assert explain_misread(app_with("CODEPIPELINE"), RULE, "Delivery/Project")


def test_a_project_that_fetches_from_github_is_meant():
    assert explain_misread(app_with("GITHUB"), RULE, "Delivery/Project") == ""
    assert explain_misread(app_with("CODEPIPELINE", "GITHUB"), RULE, "Delivery/Project") == ""


def test_other_rules_mean_every_project():
    assert explain_misread(app_with("CODEPIPELINE"), "AwsSolutions-CB4", "Delivery/Project") == ""
