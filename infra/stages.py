"""The stages. Every default of `infra/config.py` is the safe one: a stage says only where it departs from it."""

from infra.config import Edge, Retention, StageConfig
from infra.handmade import Delivery, Mail

PROD = StageConfig(name="prod", edge=Edge(admits_old_tls=True))
"""Production: say here what is yours. First of all its domain, in place of old TLS."""

STAGING = StageConfig(name="staging", prefix="SilentScalperStaging", retain_data=False, monthly_budget_usd=50)
"""Where a release proves itself before production: the same, but it may be thrown away."""

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
    reserve_concurrency=False,
)
"""This machine: the emulator, without what it does not know (docs/what-is-proven-locally.md), at production's times."""

EXAMPLE = StageConfig(
    name="example",
    prefix="ScalperExample",
    account="111122223333",
    malware_protection=True,
    traces=True,
    browser_origins=("https://viewer.example.org",),
    edge=Edge(
        domain="scans.example.org",
        certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab",
        countries=("US", "CA"),
    ),
    alert_emails=("operations@example.org",),
    mail=Mail(
        identity_arn="arn:aws:ses:us-east-1:111122223333:identity/example.org", sender="no-reply@scans.example.org"
    ),
    retention=Retention(accepted_infrequent_days=90, accepted_glacier_days=365),
    delivery=Delivery(
        repository="example-org/silent-scalper",
        connection_arn="arn:aws:codeconnections:us-east-1:111122223333:connection/0a1b2c3d-0000-4000-8000-0123456789ab",
        smoke_credentials_arn="arn:aws:secretsmanager:us-east-1:111122223333:secret:silent-scalper/smoke-aBcDeF",
        approvers=("release@example.org",),
    ),
)
"""Production with every switch turned, to copy from. `make lint` checks it, so that nothing optional goes unchecked.

Nobody's account has this number (it is the one of AWS's own examples), so it is never deployed."""

STAGES = {stage.name: stage for stage in (LOCAL, STAGING, PROD, EXAMPLE)}
