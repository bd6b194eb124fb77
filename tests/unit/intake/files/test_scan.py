"""GuardDuty's scan results, read into the domain's words."""

from datetime import UTC, datetime

import pytest

from intake.files.model import ObjectVersion
from intake.files.scan import VALIDATION_OBJECT, Scan
from intake.messaging.events import Arrival, MalwareScanResult, Unknown, notification, parse
from tests.records import NOON
from tests.scan_results import RECORDED, scan_result

VERSION = ObjectVersion("incoming", "northside/2026/11/22/u/f", "v1")


def test_there_is_a_recorded_event_of_every_status():
    assert set(RECORDED) == {scan.value for scan in Scan}


@pytest.mark.parametrize("status", RECORDED)
def test_a_recorded_event_tells_of_its_object_version_and_how_its_scan_ended(status):
    sample = ObjectVersion("amzn-s3-demo-bucket", "APKAEIBAERJR2EXAMPLE", "d41d8cd98f00b204e9800998eEXAMPLE")
    at = datetime(2024, 2, 28, 1, 1, 1, tzinfo=UTC)

    assert parse(RECORDED[status]) == MalwareScanResult((Arrival(sample, at, Scan(status)),))


@pytest.mark.parametrize("key", ["northside/a b+c/ü&?.dcm", "northside/50%25 done.dcm", "northside/a+b%2Bc.dcm"])
def test_keys_are_taken_as_they_are_for_eventbridge_does_not_encode_them(key):
    (arrival,) = parse(scan_result("NO_THREATS_FOUND", ObjectVersion("incoming", key, "v1"))).arrivals
    assert arrival.object == ObjectVersion("incoming", key, "v1")


def test_a_status_that_nobody_knows_yet_is_not_clean():
    event = scan_result("NO_THREATS_FOUND", VERSION)
    for status in ("NO_THREATS_FOUND ", "no_threats_found", "CLEAN", "", None, ["NO_THREATS_FOUND"]):
        event["detail"]["scanResultDetails"]["scanResultStatus"] = status
        assert parse(event).arrivals[0].scan is Scan.FAILED


@pytest.mark.parametrize(
    "contradiction",
    [
        {"scanStatus": "SKIPPED"},
        {"scanStatus": "FAILED"},
        {"scanResultDetails": {"scanResultStatus": "NO_THREATS_FOUND", "threats": [{"name": "x"}]}},
    ],
)
def test_a_result_that_contradicts_itself_is_not_clean(contradiction):
    event = scan_result("NO_THREATS_FOUND", VERSION)
    event["detail"] |= contradiction
    assert parse(event).arrivals[0].scan is Scan.FAILED


def test_the_object_by_which_guardduty_tries_its_permissions_is_nobodys_file():
    assert not parse(scan_result("NO_THREATS_FOUND", ObjectVersion("incoming", VALIDATION_OBJECT, "v1"))).arrivals


def test_s3s_own_notification_of_it_is_none_either():
    tried = Arrival(ObjectVersion("incoming", VALIDATION_OBJECT, "v1"), NOON)
    assert not parse(notification(tried)).arrivals


def _without(path):
    event = scan_result("NO_THREATS_FOUND", ObjectVersion("incoming", "northside/DOE^JOHN", "v1"))
    inner = event
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return event


@pytest.mark.parametrize(
    "path",
    [
        ("source",),
        ("time",),
        ("detail",),
        ("detail", "scanStatus"),
        ("detail", "resourceType"),
        ("detail", "s3ObjectDetails"),
        ("detail", "s3ObjectDetails", "bucketName"),
        ("detail", "s3ObjectDetails", "objectKey"),
        ("detail", "s3ObjectDetails", "versionId"),
        ("detail", "scanResultDetails"),
        ("detail", "scanResultDetails", "scanResultStatus"),
    ],
)
def test_an_incomplete_event_is_refused_without_repeating_what_it_says(path):
    unknown = parse(_without(path))

    assert isinstance(unknown, Unknown)
    assert "DOE" not in unknown.reason


@pytest.mark.parametrize(
    "change",
    [
        {"source": "example.forged"},
        {"time": "2026-11-22T12:00:00"},
        {"detail": None},
        {"detail": {"resourceType": "EBS_VOLUME"}},
    ],
)
def test_an_event_of_another_kind_is_refused(change):
    assert isinstance(parse(scan_result("NO_THREATS_FOUND", VERSION) | change), Unknown)


@pytest.mark.parametrize("version_id", ["", None, 7])
def test_a_result_of_no_certain_version_is_refused(version_id):
    result = scan_result("NO_THREATS_FOUND", ObjectVersion("incoming", "northside/f", version_id))

    assert isinstance(parse(result), Unknown)
