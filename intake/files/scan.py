"""How a malware scan of an object ended, and where GuardDuty says so: in an event, and in a tag of the object.

Sources: Amazon GuardDuty User Guide, "Monitoring S3 object scans with Amazon EventBridge", "S3 object potential scan
status and result status" and "Monitoring S3 object scans with GuardDuty managed tags".
"""

from enum import StrEnum
from typing import Any

TAG = "GuardDutyMalwareScanStatus"
"""The object tag in which GuardDuty leaves a scan's result. Nobody else may write tags into the incoming bucket."""

EVENT = "GuardDuty Malware Protection Object Scan Result"
"""The `detail-type` of the event that tells of a scan's result."""

SOURCE = "aws.guardduty"
"""Its `source`; EventBridge lets nobody but AWS use names that begin with `aws.`."""

VALIDATION_OBJECT = "malware-protection-resource-validation-object"
"""The key under which GuardDuty tries whether it may write into a bucket. Nobody's file."""


class Scan(StrEnum):
    """A scan's result, in GuardDuty's words. Only CLEAN is clean."""

    CLEAN = "NO_THREATS_FOUND"
    THREAT = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    """The file cannot be scanned: it is protected by a password, or beyond the scan's limits."""
    ACCESS_DENIED = "ACCESS_DENIED"
    """GuardDuty was not let in."""
    FAILED = "FAILED"

    @classmethod
    def from_status(cls, status: object) -> "Scan":
        """Return a result by its name; one that nobody knows yet is as good as a scan that failed."""
        return next((scan for scan in cls if scan == status), cls.FAILED)


def result_of(detail: dict[str, Any]) -> Scan:
    """Return the result that an event's `detail` tells. Raises KeyError and TypeError for a detail that is none.

    What says that it is clean and says otherwise elsewhere is not.
    """
    result = detail["scanResultDetails"]
    scan = Scan.from_status(result["scanResultStatus"])
    contradicted = detail["scanStatus"] != "COMPLETED" or result.get("threats")
    return Scan.FAILED if scan is Scan.CLEAN and contradicted else scan
