"""What a stage names in its file that a person has made by hand in the account: it is not deployed, but looked for.

`infra/config.py` says what else a stage may say, and refuses what cannot be.
"""

import re
from dataclasses import dataclass

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_CONNECTION = re.compile(r"arn:aws[a-z-]*:code(star-)?connections:[a-z0-9-]+:\d{12}:connection/[0-9a-f-]+")
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}")
_IDENTITY = re.compile(r"arn:aws[a-z-]*:ses:([a-z0-9-]+):\d{12}:identity/(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The pipeline that brings each commit of a branch to another stage first, and by a person's word to this one."""

    repository: str
    """`owner/name`, at the provider that the connection leads to."""
    connection_arn: str
    """CodeConnections' connection, made and confirmed by hand: a person has to say yes to the provider."""
    smoke_credentials_arn: str
    """Secrets Manager's secret with `api_url`, `client_id` and `client_secret` of the synthetic clinic's partner."""
    approvers: tuple[str, ...]
    """E-mail addresses that are told when a release waits for its approval, or has failed."""
    branch: str = "main"
    staging: str = "staging"
    """Name of the stage where a release proves itself."""
    watch_minutes: int = 30
    """How long after a release an alarm still takes it back."""

    def list_faults(self, stage: str) -> dict[str, bool]:
        """Return what could be wrong in the file of this stage, and whether it is."""
        approvers, connection, secret = self.approvers, self.connection_arn, self.smoke_credentials_arn
        return {
            "delivery.repository is written owner/name": not _REPOSITORY.fullmatch(self.repository),
            "delivery.connection_arn must be a connection of CodeConnections": not _CONNECTION.fullmatch(connection),
            "delivery.smoke_credentials_arn must be a whole ARN of Secrets Manager": not _SECRET.fullmatch(secret),
            "delivery.approvers must be e-mail addresses, at least one": not approvers
            or any(not EMAIL.fullmatch(one) for one in approvers),
            "delivery.staging must be another stage": self.staging == stage,
            "delivery.watch_minutes must be between 1 and 1440": not 1 <= self.watch_minutes <= 1440,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Amazon SES, by which invitations and codes are sent; without it Cognito sends them itself, 50 a day at the most.

    Source: Cognito guide, "Email settings for user pools".
    """

    identity_arn: str
    """A verified identity of SES: a domain, or one address."""
    sender: str
    """Address from which people get their mails; the identity's own, or one of its domain."""

    def list_faults(self, region: str) -> dict[str, bool]:
        """Return what could be wrong in the file of a stage of this region, and whether it is."""
        identity = _IDENTITY.fullmatch(self.identity_arn)
        verified = identity[2] if identity else ""
        return {
            "mail.identity_arn must be an identity of SES": not identity,
            "mail.identity_arn is of a region whose SES the stage's Cognito does not use": identity is not None
            and identity[1] not in {region, *_SES_REGIONS},
            "mail.sender must be an e-mail address of the identity's": not EMAIL.fullmatch(self.sender)
            or not f"@{self.sender}".endswith((f"@{verified}", f".{verified}")),
        }


_SES_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
"""Whose SES a user pool of any region may use, beside its own."""
