"""Where a release proves itself before production: the same, but it may be thrown away."""

from infra.config import StageConfig

STAGING = StageConfig(name="staging", prefix="SilentScalperStaging", retain_data=False, monthly_budget_usd=50)
