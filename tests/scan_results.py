"""GuardDuty's scan results as it publishes them, one of each status.

Recorded from the samples of the Amazon GuardDuty User Guide, "Monitoring S3 object scans with Amazon EventBridge", with
AWS's example account and made-up ids; `scan_result` puts an object's own name into one.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from intake.files.model import ObjectVersion

_FOLDER = Path(__file__).parent / "data" / "scan_results"

RECORDED: dict[str, dict[str, Any]] = {
    path.stem.upper(): json.loads(path.read_text()) for path in sorted(_FOLDER.glob("*.json"))
}
"""Status → the event."""


def scan_result(status: str, version: ObjectVersion) -> dict[str, Any]:
    """Return the recorded event of a status, as if it told of `version`."""
    event = deepcopy(RECORDED[status])
    event["detail"]["s3ObjectDetails"] |= {
        "bucketName": version.bucket,
        "objectKey": version.key,
        "versionId": version.version_id,
    }
    return event
