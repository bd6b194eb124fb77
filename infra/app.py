"""The CDK app. `STAGE=local|staging|prod` chooses the stage; `python -m infra.app --help` tells the rest."""

import argparse
import os
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path

from aws_cdk import App, Stack, Tags

from infra.audit.stack import Audit
from infra.build.bundle import EMULATOR, LAMBDA, Platform
from infra.build.bundle import build as build_bundle
from infra.build.cache import BUILD
from infra.config import StageConfig
from infra.delivery.stack import DeliveryPipeline
from infra.edge.stack import EdgeStack
from infra.errors import RunnerError
from infra.malware import Malware
from infra.observability.stack import Operations
from infra.retention import UNPROTECTED
from infra.stack import Bundles, SilentScalper
from infra.stages import STAGES

FEATURE_FLAGS = {
    # Turns faults that would break a deployment (a circle of key, bucket and queue, for one) into errors at synthesis.
    "@aws-cdk/core:validateAgainstDefaultRules": True,
    # Access logs are let in by the logs bucket's policy, and not by an ACL, which its ownership rule forbids.
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    # Nothing is asked of an account at synthesis, and nothing is told to AWS about the app.
    "aws:cdk:version-reporting": False,
    "aws:cdk:enable-path-metadata": False,
}


def synthesize(
    *,
    config: StageConfig,
    bundles: Bundles,
    out: Path | None,
    unprotected: Collection[str] = (),
    with_pipeline: bool = True,
) -> Path:
    """Write the cloud assembly of a stage and return its folder. Needs no network and no account."""
    app = build(config=config, bundles=bundles, out=out, unprotected=unprotected, with_pipeline=with_pipeline)
    return Path(app.synth().directory)


def build(
    *,
    config: StageConfig,
    bundles: Bundles,
    out: Path | None,
    unprotected: Collection[str] = (),
    with_pipeline: bool = True,
) -> App:
    """Return the app of a stage: the core first, then what stands around it, each as the stage asks for it.

    What the emulator does not know lives in stacks of its own, so that the core is the same everywhere. A stage that
    keeps its data protects every stack from being deleted, but for those named `unprotected`: the CDK's command
    protects a stack before it is made, and one whose creation failed could not be made again
    (`infra/delivery/rollout.py`).
    """
    app = App(outdir=str(out) if out else None, context=FEATURE_FLAGS, analytics_reporting=False)
    core = SilentScalper(app, config=config, bundles=bundles)
    parts = core.parts
    edge = None
    if config.edge:
        api_id, log_key = parts.api.http.api_id, parts.keys.messages
        edge = EdgeStack(app, config=config, edge=config.edge, api_id=api_id, log_key=log_key)
    Operations(app, config=config, core=core, alert_topic=parts.alerts.topic)
    if config.audit:
        Audit(app, config=config, core=core, distribution_arn=edge.distribution_arn if edge else None)
    if core.scanning:
        Malware(app, config=config, storage=parts.storage, scanning=core.scanning)
    letters = parts.webhooks.dead_letters.queue_arn
    if config.delivery and with_pipeline:
        staging = STAGES[config.delivery.staging]
        DeliveryPipeline(app, delivery=config.delivery, production=config, staging=staging, undelivered=letters)
    elif config.delivery:
        # The pipeline's stack stands and imports it: CloudFormation removes no export that is in use.
        core.export_value(letters)
    for stack in app.node.children:
        if isinstance(stack, Stack):
            stack.termination_protection = config.retain_data and stack.stack_name not in unprotected
    Tags.of(app).add("project", "silent-scalper")
    Tags.of(app).add("stage", config.name)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description="Synthesize the cloud assembly.")
    parser.add_argument("--stage", choices=sorted(STAGES), default=os.environ.get("STAGE", "prod"))
    parser.add_argument("--out", type=Path, help="where to write; the CDK command's own choice by default")
    parser.add_argument("--without-code", action="store_true", help="build no bundles: for checks of the template")
    parser.add_argument("--without-delivery", action="store_true", help="leave out the pipeline: for its own builds")
    given = parser.parse_args()
    config = STAGES[given.stage]
    if given.without_code:
        bundles = placeholder_bundles()
    else:
        try:
            bundles = _build_bundles(EMULATOR if config.name == "local" else LAMBDA)
        except RunnerError as error:
            sys.exit(str(error))
    synthesize(
        config=config,
        bundles=bundles,
        out=given.out,
        unprotected=os.environ.get(UNPROTECTED, "").split(),
        with_pipeline=not given.without_delivery,
    )


def _build_bundles(platform: Platform) -> Bundles:
    return Bundles(
        processor=build_bundle("processor", platform),
        render=build_bundle("render", platform),
        portal=build_bundle("portal", platform),
    )


def placeholder_bundles() -> Bundles:
    """Return bundles that hold nothing, for checks that look at the template only."""
    BUILD.mkdir(parents=True, exist_ok=True)
    empty = BUILD / "empty.zip"
    with zipfile.ZipFile(empty, "w"):
        pass
    return Bundles(processor=empty, render=empty, portal=empty)


if __name__ == "__main__":
    main()
