"""The delivery stack: what is merged is checked, proves itself on staging, goes to production by a person's word."""

from collections.abc import Mapping

from aws_cdk import Aws, Environment, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codestarnotifications as notifications
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import StageConfig
from infra.data.keys import add_key, let_logs_encrypt
from infra.delivery.artifacts import ASSEMBLY, SOURCE, Artifacts
from infra.delivery.projects import Projects
from infra.handmade import Delivery
from infra.iam import add_role, allow, let_service
from infra.observability.alarms import alarm_name
from infra.observability.logs import add_log_group
from infra.retention import choose_removal

_TOLD = ("codepipeline-pipeline-manual-approval-needed", "codepipeline-pipeline-pipeline-execution-failed")
"""Events of the pipeline that the approvers hear of (Developer Tools guide, "Events for notification rules")."""


class DeliveryPipeline(Stack):
    """A pipeline of type V2, one build project per step with a role of its own, and a topic for those who approve.

    It stands beside the production that it delivers to, and is deployed by hand: no run changes its own rules.
    `undelivered` is the ARN of that production's queue, for what does not reach the approvers.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        delivery: Delivery,
        production: StageConfig,
        staging: StageConfig,
        undelivered: str,
    ) -> None:
        super().__init__(
            scope,
            f"{production.prefix}-Delivery",
            env=Environment(account=production.account, region=production.region),
        )
        self._delivery, self._production = delivery, production
        removal = choose_removal(production)
        # Developer Tools guide, "Configure Amazon SNS topics".
        through_sns = {"StringEquals": {"kms:ViaService": f"sns.{Aws.REGION}.amazonaws.com"}}
        use_key = ["kms:Decrypt", "kms:GenerateDataKey*"]
        notify = let_service("codestar-notifications", use_key, "*", conditions=through_sns)
        key = add_key(self, "Key", "artifacts and logs of delivery", removal, let_logs_encrypt(), notify)
        artifacts = Artifacts(pipeline=production.prefix[:100], key=key)
        log_days = production.retention.logs_days
        projects = Projects(
            self,
            "Projects",
            delivery=delivery,
            production=production,
            staging=staging,
            artifacts=artifacts,
            log_group=add_log_group(self, "Logs", key=key, days=log_days, removal_policy=removal),
        )
        # Nothing says that CodePipeline tells for which pipeline it takes on a role, so nothing asks for that.
        service = iam.ServicePrincipal("codepipeline.amazonaws.com")
        self.pipeline = codepipeline.CfnPipeline(
            self,
            "Pipeline",
            name=artifacts.pipeline,
            pipeline_type="V2",
            execution_mode="SUPERSEDED",
            role_arn=add_role(self, service, self._list_grants(projects, artifacts), name="Role").role_arn,
            artifact_store=artifacts.store,
            stages=list_stages(delivery=delivery, production=production, projects=projects),
        )
        self._notify_approvers(key, undelivered)

    def _list_grants(self, projects: Projects, artifacts: Artifacts) -> list[iam.PolicyStatement]:
        """All that the pipeline itself may do: fetch, have built, look at alarms. It deploys nothing."""
        # Both names of the service: which one IAM asks for depends on the ARN's age.
        use = [f"{service}:UseConnection" for service in ("codeconnections", "codestar-connections")]
        alarm = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm"
        alarms = [f"{alarm}:{name}" for name in list_watched_alarms(self._production)]
        return [
            *artifacts.carry(),
            allow(use, self._delivery.connection_arn),
            allow(["codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"], *projects.arns),
            allow(["cloudwatch:DescribeAlarms"], *alarms),
        ]

    def _notify_approvers(self, key: kms.IKey, undelivered: str) -> None:
        topic = sns.Topic(self, "Approvals", display_name="Scalper", master_key=key, enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("codestar-notifications.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
            )
        )
        # By its ARN: the core's own policy lets the topics of this stack leave letters.
        letters = sqs.Queue.from_queue_arn(self, "Undelivered", undelivered)
        for number, address in enumerate(self._delivery.approvers):
            sns.Subscription(
                self,
                f"Approver{number}",
                topic=topic,
                protocol=sns.SubscriptionProtocol.EMAIL,
                endpoint=address,
                dead_letter_queue=letters,
            )
        notifications.CfnNotificationRule(
            self,
            "Notifications",
            name=f"{self.stack_name}-notifications",
            detail_type="BASIC",
            event_type_ids=list(_TOLD),
            resource=f"arn:{Aws.PARTITION}:codepipeline:{Aws.REGION}:{Aws.ACCOUNT_ID}:{self.pipeline.ref}",
            targets=[
                notifications.CfnNotificationRule.TargetProperty(target_type="SNS", target_address=topic.topic_arn)
            ],
        )


WATCHED = ("DeadLettersWaiting", "JudgeErrors", "PortalFailures", "ProjectionFailuresWaiting", "ProjectorErrors")
"""Production's alarms that take a release back: five at most (CodePipeline quotas), so those that tell of code.
What tells of load (a backlog, a slow hour) would take back the innocent."""

_QUESTION = "Staging runs this release, and its smoke test passed. Shall production have it?"

_Action = codepipeline.CfnPipeline.ActionDeclarationProperty
_Stage = codepipeline.CfnPipeline.StageDeclarationProperty


def list_stages(*, delivery: Delivery, production: StageConfig, projects: Projects) -> list[_Stage]:
    """Return the stages. The approval stands alone: a rollback repeats its whole stage, and waits for nobody."""
    commit = {
        "ConnectionArn": delivery.connection_arn,
        "FullRepositoryId": delivery.repository,
        "BranchName": delivery.branch,
        "OutputArtifactFormat": "CODE_ZIP",
        "DetectChanges": "true",
    }
    fetch = _declare_action(
        "Commit", ("Source", "AWS", "CodeStarSourceConnection"), output=SOURCE, configuration=commit
    )
    ask = _declare_action("Release", ("Approval", "AWS", "Manual"), configuration={"CustomData": _QUESTION})
    return [
        _Stage(name="Source", actions=[fetch]),
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
        _Stage(name="Approval", actions=[ask]),
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
