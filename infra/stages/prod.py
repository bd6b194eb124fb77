"""Production. Every default of `infra/config.py` is the safe one: say here only what is yours."""

from infra.config import StageConfig

PROD = StageConfig(name="prod")
