"""Findings that we know of and leave, each on one resource. `infra/compliance/checks.py` lets no other one pass.

At most fifteen, and none on a stack or the app: a test sees to that.
"""

from dataclasses import dataclass
from datetime import date

OWNER = "infrastructure maintainers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What stays as it is on one resource, why, who answers for it, and when it is looked at again."""

    resource: str
    """Construct path below the core stack, or `-Suffix/path` in one of the stacks beside it."""
    findings: frozenset[str]
    """As cdk-nag and checkov name them; several where they are one concern."""
    reason: str
    where_switched_on: frozenset[str] = frozenset()
    """More of the same concern, in stages that have what the others leave out."""
    owner: str = OWNER
    review: date = date(2027, 11, 1)

    def path(self, prefix: str) -> str:
        """Return the construct's path in the app of a stage."""
        return f"{prefix}{self.resource}" if self.resource.startswith("-") else f"{prefix}/{self.resource}"


_OUTSIDE_VPC = frozenset({"HIPAA.Security-LambdaInsideVPC", "CKV_AWS_117"})
_RULES_OF_GUARDDUTY = (
    "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"
)
_TESTED_RUNTIME = frozenset({"AwsSolutions-L1"})
_NOT_REPLICATED = "HIPAA.Security-S3BucketReplicationEnabled"


def _excuse_function(function: str, reason: str) -> Acknowledgement:
    return Acknowledgement(
        resource=f"{function}/Function",
        findings=_OUTSIDE_VPC | _TESTED_RUNTIME,
        reason=f"{reason} It listens nowhere and reaches AWS's public endpoints over TLS under its own role; endpoints "
        "inside a VPC cost more than the rest of an idle system and would hide nothing. Its runtime is the newest that "
        "all tests run on, not the newest there is (docs/adr/0057); Lambda keeps it up until June 2029.",
    )


def _excuse_from_replication(bucket: str, reason: str, *more: str) -> Acknowledgement:
    return Acknowledgement(resource=bucket, findings=frozenset({_NOT_REPLICATED, *more}), reason=reason)


ACKNOWLEDGED = (
    _excuse_function("Judge", "It talks to S3, DynamoDB and SQS only."),
    _excuse_function("Projector", "It talks to DynamoDB and SNS only."),
    _excuse_function("Exporter", "It reads the table's stream and writes to S3 only."),
    _excuse_function("Sweep", "It talks to S3, DynamoDB, SQS, SNS, Lambda and API Gateway's control plane only."),
    _excuse_function("Rebuild", "It talks to DynamoDB and SNS only."),
    _excuse_function("Renderer", "It talks to S3 and SQS only."),
    _excuse_function("Portal", "It talks to DynamoDB, SQS, SNS, Lambda, Cognito and Athena, and signs requests to S3."),
    _excuse_from_replication(
        "Storage/Incoming",
        "Files stay for a week at most and are copied to another bucket within seconds; the clinic still has them.",
    ),
    _excuse_from_replication(
        "Storage/Accepted",
        "S3 keeps three copies in as many zones, every version stays, and nobody may delete one. "
        "A copy in a second region doubles the cost of storage: who needs it adds it here (docs/runbook.md).",
    ),
    _excuse_from_replication(
        "Storage/Quarantine", "Rejected files are kept for people to look at; the clinic sends a good one."
    ),
    _excuse_from_replication(
        "Storage/Renditions", "Pictures are made anew of their files whenever somebody wants one."
    ),
    _excuse_from_replication(
        "Storage/Logs",
        "S3 delivers access logs only to buckets with S3's own encryption, and a bucket cannot log itself without end. "
        "What must outlive a region is in the trail.",
        "HIPAA.Security-S3DefaultEncryptionKMS",
        "CKV_AWS_18",
    ),
    _excuse_from_replication(
        "-Audit/Archive/Bucket",
        "The trail records all regions into one bucket that nobody can empty; what it tells of a region that is lost "
        "is no help in getting it back. An account that must keep it elsewhere sends its organization's trail there.",
    ),
    Acknowledgement(
        resource="-Edge/Distribution",
        findings=frozenset({"AwsSolutions-CFR3", "CKV_AWS_86", "AwsSolutions-CFR4", "CKV_AWS_174"}),
        reason="CloudFront's older log holds whole addresses, and theirs hold ids of studies and patients; the newer "
        "one, of chosen fields, is invisible to the rules. TLS below 1.2 can be refused under an own domain only: "
        "with edge.domain, the last two findings are gone and leave this list.",
    ),
    Acknowledgement(
        resource="Unscoped/Policy",
        findings=frozenset({"AwsSolutions-IAM5[Resource::*]"}),
        where_switched_on=frozenset({f"AwsSolutions-IAM5[Resource::{_RULES_OF_GUARDDUTY}]"}),
        reason="AWS knows no resources for these actions, and GuardDuty names its rules as it likes; conditions on the "
        "role's tag name the functions that need each.",
    ),
)
