"""The pipeline's build projects, each with a role of its own: what runs the tests cannot deploy, and what deploys
runs no tests."""

import json
from collections.abc import Mapping, Sequence

from aws_cdk import Aws
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.build.runtime import RUNTIME
from infra.config import StageConfig
from infra.delivery.artifacts import ASSEMBLY, SOURCE, Artifacts
from infra.handmade import Delivery
from infra.iam import add_role, allow, allow_logging
from infra.retention import PROTECTION

_IMAGE = "aws/codebuild/standard:7.0"
"""It holds several Pythons, by pyenv; the build says which one `python3` is (CodeBuild guide, "Available runtimes")."""
_NODE = "24"
"""As `package.json` asks for."""
_UV = "sh infra/install-uv.sh .scalper/tools"  # By name, since an artifact may have lost what may be executed.
_RUN = ".scalper/tools/bin/uv run"
_BUILT = "assembly"
_BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")
"""What the CDK's command works with. Only CloudFormation takes on the execution role, at the deploy role's word."""

_SMOKE_SETTINGS = {
    "SCALPER_API_URL": "api_url",
    "SCALPER_CLIENT_ID": "client_id",
    "SCALPER_CLIENT_SECRET": "client_secret",
}
"""What `scalper.Client` reads from the environment, and the member of the secret that holds it."""


class Projects(Construct):
    """Check, Build, one Deploy per stage, Smoke."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        delivery: Delivery,
        production: StageConfig,
        staging: StageConfig,
        artifacts: Artifacts,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix, self._artifacts, self._log_group = production.prefix, artifacts, log_group
        source, credentials = artifacts.read(SOURCE), delivery.smoke_credentials_arn
        secret = allow(["secretsmanager:GetSecretValue"], credentials)
        self.check = self._add_project("Check", [_UV, "bash .ci/run"], source, minutes=90)
        self.build = self._add_project(
            "Build", _list_build_commands(production, staging), artifacts.build(), minutes=30
        )
        self.stage = self._add_deployment("DeployStaging", staging)
        self.smoke = self._add_project(
            "Smoke",
            [_UV, f"{_RUN} --no-default-groups python -m tests.smoke"],
            [*source, secret],
            minutes=15,
            secrets={name: f"{credentials}:{member}" for name, member in _SMOKE_SETTINGS.items()},
        )
        self.release = self._add_deployment("DeployProduction", production)

    @property
    def arns(self) -> list[str]:
        return [one.attr_arn for one in (self.check, self.build, self.stage, self.smoke, self.release)]

    def _add_deployment(self, name: str, stage: StageConfig) -> codebuild.CfnProject:
        cdk = f"{_RUN} --no-default-groups --group infra"
        assembly = f'"$CODEBUILD_SRC_DIR_{ASSEMBLY}/{stage.name}"'
        # Whatever the last deployment by hand came to, a release leaves everything protected.
        protected = f" --parameters {stage.prefix}:{PROTECTION}=true" if stage.retain_data else ""
        # The person who approves has the change before them; what deploys it has nobody to ask.
        unasked = "--require-approval never --ci --progress events"
        deploy = f"{cdk} npx --no-install cdk deploy --all --app {assembly}{protected} {unasked}"
        commands = [_UV, f"{cdk} npm ci --ignore-scripts", deploy]
        account = stage.account or Aws.ACCOUNT_ID
        roles = [
            f"arn:{Aws.PARTITION}:iam::{account}:role/cdk-hnb659fds-{role}-{account}-{stage.region}"
            for role in _BOOTSTRAP_ROLES
        ]
        may = [*self._artifacts.read(SOURCE, ASSEMBLY), allow(["sts:AssumeRole"], *roles)]
        return self._add_project(name, commands, may, minutes=60)

    def _add_project(
        self,
        name: str,
        commands: Sequence[str],
        grants: Sequence[iam.PolicyStatement],
        *,
        minutes: int,
        secrets: Mapping[str, str] | None = None,
    ) -> codebuild.CfnProject:
        project = f"{self._prefix}-{name}"
        arn = f"arn:{Aws.PARTITION}:codebuild:{Aws.REGION}:{Aws.ACCOUNT_ID}:project/{project}"
        # CodeBuild as it works for this one project (CodeBuild guide, "Cross-service confused deputy prevention").
        ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnEquals": {"aws:SourceArn": arn}}
        service = iam.ServicePrincipal("codebuild.amazonaws.com", conditions=ours)
        role = add_role(self, service, [*grants, allow_logging(self._log_group)], name=f"{name}Role")
        # The functions' own Python, so that the tests run on it, and bundles get its bytecode. What is not named is the
        # image's oldest (CodeBuild guide, "Available runtimes").
        install = {"runtime-versions": {"python": RUNTIME, "nodejs": _NODE}}
        phases = {"install": install, "build": {"commands": list(commands)}}
        spec: dict[str, object] = {"version": "0.2", "phases": phases}
        if name == "Build":
            spec["artifacts"] = {"base-directory": _BUILT, "files": ["**/*"]}
        build = codebuild.CfnProject
        return build(
            self,
            name,
            name=project,
            service_role=role.role_arn,
            encryption_key=self._artifacts.key.key_arn,
            timeout_in_minutes=minutes,
            source=build.SourceProperty(type="CODEPIPELINE", build_spec=json.dumps(spec)),
            artifacts=build.ArtifactsProperty(type="CODEPIPELINE"),
            environment=build.EnvironmentProperty(
                type="LINUX_CONTAINER",
                compute_type="BUILD_GENERAL1_MEDIUM" if name == "Check" else "BUILD_GENERAL1_SMALL",
                image=_IMAGE,
                privileged_mode=False,
                environment_variables=[
                    build.EnvironmentVariableProperty(name=variable, type="SECRETS_MANAGER", value=member)
                    for variable, member in (secrets or {}).items()
                ],
            ),
            logs_config=build.LogsConfigProperty(
                cloud_watch_logs=build.CloudWatchLogsConfigProperty(
                    status="ENABLED", group_name=self._log_group.log_group_name, stream_name=name.lower()
                )
            ),
        )


def _list_build_commands(*stages: StageConfig) -> list[str]:
    """Bundle and synthesize once, for both stages: what staging has proven is what production gets."""
    run = f"{_RUN} python -m"
    synthesize = [
        f"PATH=$PATH:$PWD/.scalper/tools/bin {run} infra.app --stage {stage.name} --without-delivery"
        f" --out {_BUILT}/{stage.name}"
        for stage in stages
    ]
    return [_UV, f"{run} infra.build.web", *synthesize]
