"""What a clinic's files cost on AWS, estimated from list prices: the prices and the quantities are data, dated.

An estimate to compare clinics by, not a bill: without free tiers, discounts, transfer out, logs, and what costs the
same however many files come (the keys' monthly price, alarms).
"""

from dataclasses import dataclass

GIB = 2**30
MONTH = 30
"""Days of verdicts that a month's cost is estimated from."""

PRICES_OF = "2026-11"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Price:
    """One line of the estimate."""

    what: str
    unit: str
    usd: float
    """For one unit."""
    units_per_file: float
    """How many a file takes; the storage lines go by size instead and have none."""
    source: str


STORAGE = Price("S3 Standard, accepted files", "GiB and month", 0.023, 0, "aws.amazon.com/s3/pricing")
PER_FILE = (
    Price("S3 PUT, COPY (the upload and its filing)", "1,000 requests", 0.005, 0.002, "aws.amazon.com/s3/pricing"),
    Price("S3 GET (the judge's read)", "1,000 requests", 0.0004, 0.001, "aws.amazon.com/s3/pricing"),
    Price(
        "DynamoDB writes (record, claims and sums with their indexes)",
        "million units",
        0.625,
        17 / 1e6,
        "aws.amazon.com/dynamodb/pricing/on-demand",
    ),
    Price(
        "DynamoDB reads (pages and sums)", "million units", 0.125, 1 / 1e6, "aws.amazon.com/dynamodb/pricing/on-demand"
    ),
    Price("Lambda, arm64 (50 ms at 1 GiB)", "GB-second", 0.0000133334, 0.05, "aws.amazon.com/lambda/pricing"),
    Price("Lambda and SQS requests", "million requests", 0.60, 4 / 1e6, "aws.amazon.com/sqs/pricing"),
    Price("KMS requests", "10,000 requests", 0.03, 0.02 / 1e4, "aws.amazon.com/kms/pricing"),
)

USD_PER_FILE = sum(price.usd * price.units_per_file for price in PER_FILE)


@dataclass(frozen=True, slots=True)
class Cost:
    """A clinic's estimated month, in US dollars."""

    clinic_id: str
    files: int
    """Stored now."""
    bytes: int
    judged: int
    """Files that got a verdict within `MONTH` days."""
    storage: float
    processing: float

    @property
    def month(self) -> float:
        return self.storage + self.processing


def estimate_cost(clinic_id: str, *, files: int, stored: int, judged: int) -> Cost:
    """Estimate a month: `stored` bytes kept for it, and `judged` files like in the last one."""
    return Cost(clinic_id, files, stored, judged, STORAGE.usd * stored / GIB, USD_PER_FILE * judged)
