"""The core stack. Read it as a table of contents: one construct per concern, who may do what, what others may know."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import FunctionConfig, StageConfig
from infra.edge.origin_secret import HEADER
from infra.functions.function import Function, FunctionSettings
from infra.functions.grants import Grants
from infra.functions.schedule import EveryFiveMinutes
from infra.functions.unscoped import SCANNING, Unscoped
from infra.iam import allow
from infra.malware import Scanning
from infra.observability.alarms import Alarms
from infra.observability.metrics import Dashboard, Watched
from infra.resources import Resources, list_outputs
from infra.retention import choose_removal
from processor.projection.exporter import EXPORTED
from processor.projection.projector import COUNTED


@dataclass(frozen=True, slots=True)
class Bundles:
    """The functions' code, each a ZIP archive."""

    processor: Path
    render: Path
    portal: Path


class SilentScalper(Stack):
    """From an object in the incoming bucket to a verdict, an alert and a page that shows them."""

    def __init__(self, scope: Construct, *, config: StageConfig, bundles: Bundles) -> None:
        super().__init__(
            scope,
            config.prefix,
            env=Environment(account=config.account, region=config.region),
        )
        self._config, self._bundles = config, bundles
        self._removal = choose_removal(config)
        self.parts = Resources(self, config, self._removal)
        self._unscoped = Unscoped(self, "Unscoped", scanning=config.malware_protection, traced=config.traces)
        self._build_functions()
        self._connect_parts()
        self._watch()
        functions = {f"{name}Function": part.function.function_name for name, part in self._name_functions().items()}
        for name, value in {**list_outputs(self.parts), **functions}.items():
            CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)

    def _build_functions(self) -> None:
        config, processor = self._config, self._bundles.processor
        grants, settings = Grants(self.parts), FunctionSettings(self.parts, config)
        self.judge = self._add_function(
            "Judge",
            handler="processor.handlers.judge.handle",
            bundle=processor,
            config=config.judge,
            grants=grants.judge(),
            settings=settings.judge(),
        )
        self.projector = self._add_function(
            "Projector",
            handler="processor.handlers.project.handle",
            bundle=processor,
            config=config.projector,
            grants=grants.projector(),
            settings=settings.projector(),
            dead_letters=self.parts.alerts.mailbox,
        )
        self.exporter = self._add_function(
            "Exporter",
            handler="processor.handlers.export.handle",
            bundle=processor,
            config=config.exporter,
            grants=grants.exporter(),
            settings=settings.exporter(),
        )
        self.renderer = self._add_function(
            "Renderer",
            handler="processor.handlers.render.handle",
            bundle=self._bundles.render,
            config=config.renderer,
            grants=grants.renderer(),
            settings=settings.renderer(),
        )
        self.rebuild = self._add_function(
            "Rebuild",
            handler="processor.handlers.rebuild.handle",
            bundle=processor,
            config=config.rebuild,
            grants=grants.rebuild(),
            settings=settings.rebuild(),
        )
        wake = allow(["lambda:InvokeFunction"], self.rebuild.function.function_arn)
        ask = allow(["lambda:InvokeFunction"], self.rebuild.function.function_arn, self.renderer.function.function_arn)
        woken = {"SCALPER_REBUILD_FUNCTION": self.rebuild.function.function_name}
        asked = {**woken, "SCALPER_RENDERER_FUNCTION": self.renderer.function.function_name}
        self.sweep = self._add_function(
            "Sweep",
            handler="processor.handlers.sweep.handle",
            bundle=processor,
            config=config.sweep,
            grants=[*grants.sweep(), wake],
            settings={**settings.sweep(), **woken},
        )
        self.portal = self._add_function(
            "Portal",
            handler="portal.handler.handle",
            bundle=self._bundles.portal,
            config=config.portal,
            grants=[*grants.portal(), ask, *([grants.origin_secret(config)] if config.edge else [])],
            apart=grants.portal_apart(),
            settings={**settings.portal(), **asked},
            dead_letters=self.parts.webhooks.dead_letters,
        )

        grants.open_buckets(
            judge=self.judge.role,
            sweep=self.sweep.role,
            portal=self.portal.role,
            exporter=self.exporter.role,
            renderer=self.renderer.role,
        )

    def _connect_parts(self) -> None:
        parts = self.parts
        self.scanning = self._announce_arrivals()
        self.judge.consume(parts.queueing.main, maximum_concurrency=self._config.judge_maximum_concurrency)
        self.projector.follow(
            parts.records.table,
            failures=parts.queueing.projection_failures,
            gather_s=self._config.gather_changes_s,
            states=sorted(COUNTED),
        )
        self.projector.consume(parts.queueing.projection_redrives, maximum_concurrency=2, batch_size=1)
        # Few files are read at less cost than many: the exporter waits for up to five minutes, or for a full batch.
        self.exporter.follow(
            parts.records.table,
            failures=parts.queueing.export_failures,
            batch_size=1000,
            gather_s=300,
            states=sorted(EXPORTED),
        )
        self.exporter.consume(parts.queueing.export_redrives, maximum_concurrency=2, batch_size=1)
        # One at a time: what a file does to its worker, it does to no other file.
        self.renderer.consume(
            parts.queueing.renditions, maximum_concurrency=self._config.renderer_maximum_concurrency, batch_size=1
        )
        given_up, key = parts.queueing.failed_invocations, parts.keys.messages
        EveryFiveMinutes(self, "Sweeping", function=self.sweep.function, dead_letters=given_up, key=key)
        if self._config.rotate_secret:
            parts.portal_secret.rotate(self.sweep.function)
        by_edge = HEADER if self._config.edge else None
        parts.api.route(self.portal.function, edge_header=by_edge, websites=self._config.browser_origins)
        parts.api.publish(config=self._config, log_key=parts.keys.messages, removal_policy=self._removal)

    def _announce_arrivals(self) -> Scanning | None:
        """Have S3 tell the judge of what arrives; or, where malware is looked for, have the scan tell it."""
        parts = self.parts
        if not self._config.malware_protection:
            parts.storage.notify(parts.queueing.main, after=parts.queueing.main_policy)
            return None
        parts.storage.publish()
        parts.keys.admit_unconditionally("events")
        scanning = Scanning(
            self, "Scanning", incoming=parts.storage.incoming, key=parts.keys.data, queueing=parts.queueing
        )
        scanning.role.add_managed_policy(self._unscoped.policy)
        self._unscoped.admit(scanning.role, SCANNING)
        return scanning

    def _watch(self) -> None:
        parts = self.parts
        watched = Watched(
            functions=tuple(part.function for part in self._name_functions().values()),
            # The exporter is not among them: what it gives up is a dead letter, and no file waits for it.
            processors=(self.judge.function, self.projector.function, self.sweep.function),
            followers=(self.projector.function, self.exporter.function),
            main_queue=parts.queueing.main,
            dead_letters=(
                parts.queueing.dead_letters,
                parts.queueing.projection_failures,
                parts.queueing.export_failures,
                parts.queueing.failed_invocations,
                parts.webhooks.dead_letters,
            ),
            rules=self._name_rules(),
            namespace=self._config.prefix,
            api_id=parts.api.http.api_id,
            table=parts.records.table,
        )
        Alarms(self, "Alarms", watched=watched, topic=parts.alerts.topic, config=self._config)
        Dashboard(self, "Dashboard", watched=watched, config=self._config)

    def _name_rules(self) -> dict[str, events.CfnRule]:
        backup = self.parts.recovery.backup
        return {
            **({"BackupFailed": backup.failed.rule} if backup else {}),
            **({"ScanResults": self.scanning.results} if self.scanning else {}),
        }

    def _name_functions(self) -> dict[str, Function]:
        return {
            "Judge": self.judge,
            "Projector": self.projector,
            "Exporter": self.exporter,
            "Sweep": self.sweep,
            "Rebuild": self.rebuild,
            "Renderer": self.renderer,
            "Portal": self.portal,
        }

    def _add_function(
        self,
        name: str,
        *,
        handler: str,
        bundle: Path,
        config: FunctionConfig,
        grants: list[iam.PolicyStatement],
        settings: dict[str, str],
        apart: Mapping[str, list[iam.PolicyStatement]] | None = None,
        dead_letters: sqs.IQueue | None = None,
    ) -> Function:
        return Function(
            self,
            name,
            bundle=bundle,
            handler=handler,
            config=config if self._config.reserve_concurrency else replace(config, reserved_concurrency=None),
            environment={"POWERTOOLS_METRICS_NAMESPACE": self._config.prefix, **settings},
            grants=grants,
            apart=apart or {},
            unscoped=self._unscoped,
            dead_letters=dead_letters or self.parts.queueing.failed_invocations,
            log_key=self.parts.keys.messages,
            log_days=self._config.retention.logs_days,
            traced=self._config.traces,
            removal_policy=self._removal,
        )
