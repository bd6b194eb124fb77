"""This machine: the emulator, without what it does not know (docs/what-is-proven-locally.md)."""

from infra.config import FunctionConfig, Retention, StageConfig

LOCAL = StageConfig(
    name="local",
    retain_data=False,
    mfa_required=False,
    branded_sign_in=False,
    threat_protection=False,
    rotate_secret=False,
    loopback_webhooks=True,
    backup=False,
    audit=False,
    edge=None,
    monthly_budget_usd=None,
    retention=Retention(logs_days=7),
    gather_changes_s=0,
    judge_maximum_concurrency=4,
    judge=FunctionConfig(memory_mib=1024, timeout_s=30),
    projector=FunctionConfig(memory_mib=512, timeout_s=30),
    sweep=FunctionConfig(memory_mib=512, timeout_s=60),
    exporter=FunctionConfig(memory_mib=512, timeout_s=30),
    portal=FunctionConfig(memory_mib=1024, timeout_s=29),
)
