"""How the API knows the edge: a secret with each request, made by `origin_secret.py` and never in a template."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from infra.config import StageConfig

HEADER = "x-origin-verify"
"""What the portal looks for, too (`portal/crypto/deployment_secrets.py`)."""


def secret_name(config: StageConfig) -> str:
    return f"silent-scalper/{config.name}/origin"


def read_secret(config: StageConfig) -> iam.PolicyStatement:
    """Let a function read it. Secrets Manager adds six characters of its own to a secret's ARN."""
    secret = f"arn:{Aws.PARTITION}:secretsmanager:{Aws.REGION}:{Aws.ACCOUNT_ID}:secret:{secret_name(config)}-??????"
    return iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret])
