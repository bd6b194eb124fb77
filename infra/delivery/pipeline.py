"""The pipeline's stages in their order: source, check, staging, approval, production."""

from collections.abc import Mapping

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline

from infra.config import Delivery, StageConfig
from infra.delivery.artifacts import ASSEMBLY, SOURCE
from infra.delivery.projects import Projects
from infra.observability.alarms import alarm_name

WATCHED = ("DeadLettersWaiting", "JudgeErrors", "PortalFailures", "ProjectionFailuresWaiting", "ProjectorErrors")
"""Production's alarms that take a release back: five at most (CodePipeline quotas), so those that tell of code.
What tells of load (a backlog, a slow hour) would take back the innocent."""

_QUESTION = "Staging runs this release, and its smoke test passed. Shall production have it?"

_Action = codepipeline.CfnPipeline.ActionDeclarationProperty
_Stage = codepipeline.CfnPipeline.StageDeclarationProperty


def list_stages(*, delivery: Delivery, production: StageConfig, projects: Projects) -> list[_Stage]:
    """Return the stages. The approval stands alone: a rollback repeats its whole stage, and waits for nobody."""
    return [
        _Stage(name="Source", actions=[_fetch_source(delivery)]),
        _Stage(
            name="Check",
            actions=[_run_project("Check", projects.check), _run_project("Build", projects.build, output=ASSEMBLY)],
        ),
        _Stage(
            name="Staging",
            actions=[
                _run_project("Deploy", projects.stage, with_assembly=True),
                _run_project("Smoke", projects.smoke, after=1),
            ],
        ),
        _Stage(
            name="Approval",
            actions=[
                _declare_action("Release", ("Approval", "AWS", "Manual"), configuration={"CustomData": _QUESTION})
            ],
        ),
        _Stage(
            name="Production",
            actions=[_run_project("Deploy", projects.release, with_assembly=True)],
            on_success=_roll_back_on_alarm(production, delivery.watch_minutes),
            on_failure=codepipeline.CfnPipeline.FailureConditionsProperty(result="ROLLBACK"),
        ),
    ]


def list_watched_alarms(production: StageConfig) -> list[str]:
    """Return the names of the alarms that take a release back."""
    return [alarm_name(production.prefix, alarm) for alarm in WATCHED]


def _fetch_source(delivery: Delivery) -> _Action:
    return _declare_action(
        "Commit",
        ("Source", "AWS", "CodeStarSourceConnection"),
        output=SOURCE,
        configuration={
            "ConnectionArn": delivery.connection_arn,
            "FullRepositoryId": delivery.repository,
            "BranchName": delivery.branch,
            "OutputArtifactFormat": "CODE_ZIP",
            "DetectChanges": "true",
        },
    )


def _run_project(
    name: str, project: codebuild.CfnProject, *, with_assembly: bool = False, output: str | None = None, after: int = 0
) -> _Action:
    configuration = {"ProjectName": project.ref, **({"PrimarySource": SOURCE} if with_assembly else {})}
    inputs = [SOURCE, *[ASSEMBLY] * with_assembly]
    kind = ("Build", "AWS", "CodeBuild")
    return _declare_action(name, kind, inputs=inputs, output=output, configuration=configuration, run_order=1 + after)


def _declare_action(
    name: str,
    kind: tuple[str, str, str],
    *,
    configuration: Mapping[str, str],
    inputs: list[str] | None = None,
    output: str | None = None,
    run_order: int = 1,
) -> _Action:
    category, owner, provider = kind
    pipeline = codepipeline.CfnPipeline
    return _Action(
        name=name,
        action_type_id=pipeline.ActionTypeIdProperty(category=category, owner=owner, provider=provider, version="1"),
        configuration=configuration,
        input_artifacts=[pipeline.InputArtifactProperty(name=one) for one in inputs or []],
        output_artifacts=[pipeline.OutputArtifactProperty(name=output)] if output else None,
        run_order=run_order,
    )


def _roll_back_on_alarm(production: StageConfig, minutes: int) -> codepipeline.CfnPipeline.SuccessConditionsProperty:
    """Deploy what ran before once more when one of the alarms goes off (CodePipeline guide, "CloudWatchAlarm")."""
    pipeline = codepipeline.CfnPipeline
    rules = [
        pipeline.RuleDeclarationProperty(
            name=name,
            rule_type_id=pipeline.RuleTypeIdProperty(
                category="Rule", owner="AWS", provider="CloudWatchAlarm", version="1"
            ),
            configuration={"AlarmName": name, "AlarmStates": "ALARM", "WaitTime": str(minutes)},
        )
        for name in list_watched_alarms(production)
    ]
    return pipeline.SuccessConditionsProperty(conditions=[pipeline.ConditionProperty(result="ROLLBACK", rules=rules)])
