"""A service that takes what was tampered with is told of, and no way to tamper leaves a request as it was."""

from dataclasses import replace

import httpx
import pytest

from tests.attack.presigned import Tampering
from tests.attack.report import Attack
from tests.attack.tampering import BODY, Case, Signed, checksum, common, gets, parts, puts

SIGNED = Signed(
    "PUT",
    "http://s3.test/incoming/northside/2026/01/01/a/a-0?X-Amz-Signature=" + "ab" * 32 + "&X-Amz-Expires=900"
    "&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&uploadId=mine&partNumber=1&versionId=v1",
    {
        "Content-Type": "application/octet-stream",
        "If-None-Match": "*",
        "x-amz-checksum-sha256": checksum(BODY),
        "x-amz-meta-sha256": "00",
        "x-amz-meta-extension": "dcm",
    },
    BODY,
)
OTHER = Signed("PUT", "http://s3.test/incoming/lakeview/2026/01/01/b/b-0?X-Amz-Signature=" + "cd" * 32)
DOWNLOAD = replace(SIGNED, method="GET", body=b"")
CASES = [
    *((SIGNED, case) for case in (*common(OTHER), *puts({"accepted": "accepted"}, OTHER), *parts("theirs"))),
    *((DOWNLOAD, case) for case in gets()),
]


@pytest.mark.parametrize(("signed", "case"), CASES, ids=[case.name for _, case in CASES])
def test_a_way_to_tamper_changes_the_request(signed, case):
    assert case.change(signed) != signed


@pytest.mark.parametrize(("status", "breaches"), [(200, 1), (403, 0), (412, 0), (500, 1)])
def test_what_takes_a_changed_request_or_breaks_on_it_is_a_breach(status, breaches):
    report = Attack("tampering", 1)
    tampering = Tampering(None, None, None, report)
    tampering.s3 = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status)))

    tampering._try("PUT", Case("longer", lambda it: it), SIGNED)

    assert (report.attempts, len(report.breaches)) == (1, breaches)


@pytest.mark.parametrize("unasked", [{"enforced": False}, {"only_aws": True}])
def test_what_is_not_enforced_is_told_and_not_counted(unasked):
    report = Attack("tampering", 1)
    tampering = Tampering(None, None, None, report)
    tampering.s3 = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)))

    tampering.everything_enforced = "only_aws" in unasked
    tampering._try("PUT", Case("unsigned", lambda it: it, **unasked), SIGNED)
    tampering._restated()

    assert report.attempts == 0
    assert "NOT ENFORCED HERE" in report.notes[0]
