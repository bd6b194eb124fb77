"""Rules whose code finds more than their text means: recognised by what the resource really says, never by its name."""

from collections.abc import Iterator

from aws_cdk import App, Stack
from aws_cdk import aws_codebuild as codebuild
from constructs import IConstruct

_OAUTH = "HIPAA.Security-CodeBuildProjectSourceRepoUrl"
_FROM_A_PIPELINE = (
    "The rule asks projects that fetch from GitHub or Bitbucket to do so by OAuth. This one is handed its source by "
    "its pipeline, which fetches by its connection (cdk-nag, issue 1590)."
)


def explain_misread(app: App, rule: str, resource: str) -> str:
    """Return why a rule does not mean the resource at a construct path; empty where it does."""
    if rule != _OAUTH:
        return ""
    return _FROM_A_PIPELINE if all(kind == "CODEPIPELINE" for kind in _list_source_types(app, resource)) else ""


def _list_source_types(app: App, path: str) -> Iterator[str]:
    project = _find_project(app, path)
    source = Stack.of(project).resolve(project.source)
    yield source["type"]
    yield from (one["type"] for one in Stack.of(project).resolve(project.secondary_sources) or [])


def _find_project(app: App, path: str) -> codebuild.CfnProject:
    """Return the project at a path, which may name the construct around it."""
    node: IConstruct = app
    for name in path.split("/"):
        node = node.node.find_child(name)
    found = node if isinstance(node, codebuild.CfnProject) else node.node.default_child
    if not isinstance(found, codebuild.CfnProject):
        raise TypeError(f"{path} is no build project.")
    return found
