"""The price table: list prices in US dollars, without free tiers, discounts and taxes.

They were written down from memory of AWS's price pages, without a connection to them; where a source is named with its
date, that was read besides. Compare them with the pages before a decision hangs on them, and set `KNOWN`. Only what is
named here is ever multiplied.
"""

from dataclasses import dataclass

REGION = "us-east-1"
KNOWN = "2026-11"
"""Year and month as of which the prices were known."""

GB = 2**30
"""Bytes: AWS bills what it calls a gigabyte by the power of two (Amazon S3 FAQs, "How will I be charged")."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs."""

    usd: float
    per: float
    """Units that `usd` buys."""
    unit: str
    page: str
    """Name of AWS's price page, and what else was read, with its date."""

    def charge(self, amount: float) -> float:
        """Return what so many units cost."""
        return self.usd * amount / self.per


_MILLION = 1_000_000

PRICES = {
    "s3 put": Price(0.005, 1000, "PUT, COPY or LIST request", "Amazon S3 pricing"),
    "s3 get": Price(0.0004, 1000, "GET or HEAD request", "Amazon S3 pricing"),
    "s3 storage": Price(0.023, 1, "GB and month, Standard", "Amazon S3 pricing"),
    "dynamodb write": Price(0.625, _MILLION, "write request unit, on demand", "Amazon DynamoDB pricing, on-demand"),
    "dynamodb read": Price(0.125, _MILLION, "read request unit, on demand", "Amazon DynamoDB pricing, on-demand"),
    "dynamodb storage": Price(0.25, 1, "GB and month, Standard", "Amazon DynamoDB pricing, on-demand"),
    "dynamodb recovery": Price(0.20, 1, "GB and month of point-in-time recovery", "Amazon DynamoDB pricing"),
    "backup": Price(0.10, 1, "GB and month of a table's copy, warm", "AWS Backup pricing, DynamoDB"),
    "cold backup": Price(0.03, 1, "GB and month of a table's copy, cold", "AWS Backup pricing, DynamoDB"),
    "lambda time": Price(0.0000133334, 1, "GB-second, arm64", "AWS Lambda pricing"),
    "lambda request": Price(0.20, _MILLION, "invocation", "AWS Lambda pricing"),
    "sqs request": Price(0.40, _MILLION, "request, standard queue", "Amazon SQS pricing"),
    "sns publish": Price(0.50, _MILLION, "request to publish", "Amazon SNS pricing"),
    "schedule": Price(1.00, _MILLION, "invocation of a schedule", "Amazon EventBridge pricing, Scheduler"),
    "kms key": Price(1.00, 1, "customer key and month, before it was ever rotated", "AWS KMS pricing"),
    "kms request": Price(0.03, 10_000, "request", "AWS KMS pricing"),
    "logs": Price(0.50, 1, "GB taken in, Standard class", "Amazon CloudWatch pricing, Logs"),
    "searched logs": Price(0.25, 1, "GB taken in, Infrequent Access class", "Amazon CloudWatch pricing, Logs"),
    "logs storage": Price(0.03, 1, "GB and month", "Amazon CloudWatch pricing, Logs"),
    "alarm": Price(0.10, 1, "metric of an alarm and month, standard resolution", "Amazon CloudWatch pricing"),
    "dashboard": Price(3.00, 1, "dashboard and month, beyond the third", "Amazon CloudWatch pricing"),
    "metric": Price(0.30, 1, "custom metric and month", "Amazon CloudWatch pricing"),
    "trace": Price(5.00, _MILLION, "trace recorded", "AWS X-Ray pricing"),
    "http api": Price(1.00, _MILLION, "request to an HTTP API", "Amazon API Gateway pricing"),
    "cloudfront request": Price(0.0100, 10_000, "HTTPS request, United States", "Amazon CloudFront pricing"),
    "cloudfront out": Price(0.085, 1, "GB sent to viewers, United States", "Amazon CloudFront pricing"),
    "waf acl": Price(5.00, 1, "web ACL and month", "AWS WAF pricing"),
    "waf rule": Price(1.00, 1, "rule or managed group and month", "AWS WAF pricing"),
    "waf request": Price(0.60, _MILLION, "request", "AWS WAF pricing"),
    "secret": Price(0.40, 1, "secret and month", "AWS Secrets Manager pricing"),
    "person": Price(0.02, 1, "active user of the Plus plan and month", "Amazon Cognito pricing"),
    "machine token": Price(
        2.25,
        1000,
        "token of an app client for machines, which itself costs nothing any more",
        "Amazon Cognito pricing; AWS What's New, 3 November 2025: the price by app client is removed",
    ),
    "trail": Price(0.10, 100_000, "data event", "AWS CloudTrail pricing"),
    "scan": Price(0.09, 1, "GB scanned in S3", "Amazon GuardDuty pricing, Malware Protection for S3"),
    "scan object": Price(0.215, 1000, "object scanned in S3", "Amazon GuardDuty pricing, Malware Protection for S3"),
    "m7g.large": Price(0.0816, 1, "hour, 2 vCPU and 8 GiB", "Amazon EC2 on-demand pricing"),
    "c7g.2xlarge": Price(0.29, 1, "hour, 8 vCPU and 16 GiB", "Amazon EC2 on-demand pricing"),
    "db.m7g.large": Price(0.336, 1, "hour, PostgreSQL in two zones", "Amazon RDS for PostgreSQL pricing"),
    "db storage": Price(0.23, 1, "GB and month, gp3 in two zones", "Amazon RDS for PostgreSQL pricing"),
    "gp3": Price(0.08, 1, "GB and month", "Amazon EBS pricing"),
    "balancer": Price(0.0225, 1, "hour of an Application Load Balancer", "Elastic Load Balancing pricing"),
    "balancer unit": Price(0.008, 1, "capacity unit and hour (1 GB an hour)", "Elastic Load Balancing pricing"),
    "transfer hour": Price(0.30, 1, "hour of one protocol's endpoint", "AWS Transfer Family pricing"),
    "transfer gb": Price(0.04, 1, "GB taken in", "AWS Transfer Family pricing"),
    "imaging storage": Price(0.105, 1, "GB and month, frequent access", "AWS HealthImaging pricing"),
}
