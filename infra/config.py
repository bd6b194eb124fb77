"""What differs between the places where the stack is deployed. Everything else is the same everywhere."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionConfig:
    """Size of one Lambda function."""

    memory_mib: int
    timeout_s: int
    reserved_concurrency: int | None = None
    """Concurrent executions that the function may have at the most; None leaves it to the account's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """A stage. The defaults are production's, so that what a stage forgets to say is safe."""

    name: str
    retain_data: bool = True
    """Keep buckets, table, keys and users when the stack is deleted, and refuse to delete the table."""
    mfa_required: bool = True
    branded_sign_in: bool = True
    """Managed login's own pages need a branding resource, which the emulator does not know."""
    loopback_webhooks: bool = False
    """Let webhooks lead to the machine itself by http, where the emulator and its tests listen."""
    log_retention_days: int = 400
    """More than a year: a review looks back on the whole of the last one."""
    quarantine_days: int = 90
    judge_maximum_concurrency: int = 50
    """Batches that the queue hands to the judge at the same time; at least 2."""
    api_requests_per_second: int = 200
    api_burst: int = 400
    judge: FunctionConfig = field(
        # A copy of 5 GiB within S3 takes a minute or two; the limit leaves room for copies in parts.
        default_factory=lambda: FunctionConfig(memory_mib=1024, timeout_s=300, reserved_concurrency=60)
    )
    projector: FunctionConfig = field(
        default_factory=lambda: FunctionConfig(memory_mib=512, timeout_s=60, reserved_concurrency=20)
    )
    sweep: FunctionConfig = field(
        # One at a time: a sweep that overtakes another would enqueue the same objects twice.
        default_factory=lambda: FunctionConfig(memory_mib=512, timeout_s=240, reserved_concurrency=1)
    )
    portal: FunctionConfig = field(
        default_factory=lambda: FunctionConfig(memory_mib=1024, timeout_s=29, reserved_concurrency=100)
    )


PROD = StageConfig(name="prod")

LOCAL = StageConfig(
    name="local",
    retain_data=False,
    mfa_required=False,
    branded_sign_in=False,
    loopback_webhooks=True,
    log_retention_days=7,
    judge_maximum_concurrency=4,
    judge=FunctionConfig(memory_mib=1024, timeout_s=30),
    projector=FunctionConfig(memory_mib=512, timeout_s=30),
    sweep=FunctionConfig(memory_mib=512, timeout_s=60),
    portal=FunctionConfig(memory_mib=1024, timeout_s=29),
)

STAGES = {stage.name: stage for stage in (LOCAL, PROD)}
