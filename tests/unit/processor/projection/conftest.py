"""The table as the stack makes it, in moto: what is linked is found by its indexes."""

from tests.unit.intake.conftest import aws, dynamodb, sdk

__all__ = ["aws", "dynamodb", "sdk"]
