"""Look for findings in every stack of a stage: cdk-nag's HIPAA and AWS Solutions packs, and checkov.

`python -m infra.compliance.checks --stage prod` prints what is acknowledged, and fails on what is not, on an
acknowledgement that fits nothing any more, and on one whose review is due.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from aws_cdk import App, CfnElement, Stack, Validations
from aws_cdk import aws_codebuild as codebuild
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks
from constructs import IConstruct

from infra.app import build, placeholder_bundles
from infra.build.bundle import run_uv
from infra.build.cache import BUILD
from infra.compliance.acknowledged import ACKNOWLEDGED, Acknowledgement
from infra.config import StageConfig
from infra.stages import STAGES


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A rule that a resource breaks."""

    resource: str
    """The construct's path in the app."""
    rule: str
    misread: str = ""
    """Why the rule's own text does not mean this resource, though its code does (`explain_misread`)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is left when acknowledgements are taken off the findings."""

    new: tuple[Finding, ...]
    acknowledged: tuple[Acknowledgement, ...]
    needless: tuple[Acknowledgement, ...]
    """These, or some finding that they name, fit nothing."""
    due: tuple[Acknowledgement, ...]
    misread: tuple[Finding, ...] = ()

    @property
    def passes(self) -> bool:
        return not (self.new or self.needless or self.due)


def collect_findings(config: StageConfig, folder: Path) -> set[Finding]:
    """Synthesize a stage into `folder` and return what the tools find. Raises RunnerError when one cannot run."""
    app = build(config=config, bundles=placeholder_bundles(), out=folder)
    nag = [pack(app, verbose=True) for pack in (HIPAASecurityChecks, AwsSolutionsChecks)]
    Validations.of(app).add_plugins(*nag)
    _synthesize(app, folder)
    found = {*_read_nag_report(folder), *_read_checkov_report(app, folder)}
    return {replace(one, misread=explain_misread(app, one.rule, one.resource)) for one in found}


def judge(
    findings: Iterable[Finding],
    *,
    prefix: str,
    today: date,
    acknowledged: Iterable[Acknowledgement] = ACKNOWLEDGED,
) -> Verdict:
    """Hold findings against acknowledgements. One for a stack that the stage does not have is not needless."""
    told = set(findings)
    found = {one for one in told if not one.misread}
    known = {one: {Finding(one.path(prefix), rule) for rule in one.findings} for one in acknowledged}
    excused = {Finding(one.path(prefix), rule) for one in known for rule in one.findings | one.where_switched_on}
    return Verdict(
        new=tuple(sorted(found - excused)),
        acknowledged=tuple(one for one, covered in known.items() if covered & found),
        needless=tuple(one for one, covered in known.items() if not covered <= found),
        due=tuple(one for one in known if one.review < today),
        misread=tuple(sorted(told - found)),
    )


_OAUTH = "HIPAA.Security-CodeBuildProjectSourceRepoUrl"
_FROM_A_PIPELINE = (
    "The rule asks projects that fetch from GitHub or Bitbucket to do so by OAuth. This one is handed its source by "
    "its pipeline, which fetches by its connection (cdk-nag, issue 1590)."
)


def explain_misread(app: App, rule: str, resource: str) -> str:
    """Return why a rule whose code finds more than its text means does not mean a resource; empty where it does.

    `resource` is a construct path. It is told by what it really says, never by its name.
    """
    if rule != _OAUTH:
        return ""
    project = _find_project(app, resource)
    resolve = Stack.of(project).resolve
    sources = [resolve(project.source), *(resolve(project.secondary_sources) or [])]
    return _FROM_A_PIPELINE if all(source["type"] == "CODEPIPELINE" for source in sources) else ""


def _find_project(app: App, path: str) -> codebuild.CfnProject:
    """Return the project at a path, which may name the construct around it."""
    node: IConstruct = app
    for name in path.split("/"):
        node = node.node.find_child(name)
    found = node if isinstance(node, codebuild.CfnProject) else node.node.default_child
    if not isinstance(found, codebuild.CfnProject):
        raise TypeError(f"{path} is no build project.")
    return found


def _synthesize(app: App, folder: Path) -> None:
    (folder / "validation-report.json").unlink(missing_ok=True)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # CDK tells all findings at length, the acknowledged ones too.
            app.synth()
    except RuntimeError as error:
        # What CDK says of any finding; the report tells them one by one.
        if "ValidationFailed" not in str(error):
            raise


def _read_nag_report(folder: Path) -> Iterator[Finding]:
    report = json.loads((folder / "validation-report.json").read_text())
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                yield Finding(construct["constructPath"].removesuffix("/Resource"), violation["ruleName"])


def _read_checkov_report(app: App, folder: Path) -> Iterator[Finding]:
    paths = {
        (stack.stack_name, str(stack.resolve(element.logical_id))): element.node.path.removesuffix("/Resource")
        for stack in app.node.find_all()
        if isinstance(stack, Stack)
        for element in stack.node.find_all()
        if isinstance(element, CfnElement)
    }
    for result in _run_checkov(folder):
        for failed in result["results"]["failed_checks"]:
            stack = Path(failed["file_path"]).name.removesuffix(".template.json")
            logical_id = failed["resource"].rpartition(".")[2]
            yield Finding(paths[stack, logical_id], failed["check_id"])


def _run_checkov(folder: Path) -> list[dict[str, dict[str, list[dict[str, str]]]]]:
    """Run the locked checkov in an environment of its own: it pins an old AWS SDK."""
    command = ["run", "--quiet", "--frozen", "--only-group", "checkov", "checkov", "--framework", "cloudformation"]
    templates = [argument for file in sorted(folder.glob("*.template.json")) for argument in ("--file", str(file))]
    options = ["--compact", "--quiet", "--skip-download", "--output", "json", "--soft-fail"]
    place = {"UV_PROJECT_ENVIRONMENT": str(BUILD.parent / "checkov")}
    answer = json.loads(run_uv([*command, *templates, *options], place))
    return answer if isinstance(answer, list) else [answer]


def main() -> None:
    parser = argparse.ArgumentParser(description="Look for findings in every stack of a stage.")
    parser.add_argument("--stage", choices=sorted(STAGES), default="prod")
    config = STAGES[parser.parse_args().stage]
    with tempfile.TemporaryDirectory() as folder:
        found = collect_findings(config, Path(folder))
    verdict = judge(found, prefix=config.prefix, today=datetime.now(UTC).date())
    if config.name != "prod":
        # Another stage's switches do away with findings that production has.
        verdict = replace(verdict, needless=())
    for one in verdict.acknowledged:
        print(f"acknowledged: {one.resource}: {', '.join(sorted(one.findings))}")
        print(f"    {one.reason} ({one.owner}, review {one.review})")
    for finding in verdict.misread:
        print(f"misread: {finding.resource}: {finding.rule}\n    {finding.misread}")
    for finding in verdict.new:
        print(f"FINDING: {finding.resource}: {finding.rule}")
    for one in verdict.needless:
        print(f"NEEDLESS: {one.resource} is no longer found to break all of {', '.join(sorted(one.findings))}.")
    for one in verdict.due:
        print(f"REVIEW DUE since {one.review}: {one.resource}")
    print(f"{len(verdict.new)} findings, {len(verdict.acknowledged)} acknowledgements.")
    sys.exit(0 if verdict.passes else 1)


if __name__ == "__main__":
    main()
