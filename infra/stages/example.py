"""Production with every switch turned, to copy from. `make lint` checks it, so that nothing optional goes unchecked.

Nobody's account has this number (it is the one of AWS's own examples), so it is never deployed.
"""

from infra.config import Delivery, Edge, Retention, StageConfig

EXAMPLE = StageConfig(
    name="example",
    prefix="ScalperExample",
    account="111122223333",
    malware_protection=True,
    edge=Edge(
        domain="scans.example.org",
        certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab",
        countries=("US", "CA"),
    ),
    alert_emails=("operations@example.org",),
    retention=Retention(accepted_infrequent_days=90, accepted_glacier_days=365),
    delivery=Delivery(
        repository="example-org/silent-scalper",
        connection_arn="arn:aws:codeconnections:us-east-1:111122223333:connection/0a1b2c3d-0000-4000-8000-0123456789ab",
        smoke_credentials_arn="arn:aws:secretsmanager:us-east-1:111122223333:secret:silent-scalper/smoke-aBcDeF",
        approvers=("release@example.org",),
    ),
)
