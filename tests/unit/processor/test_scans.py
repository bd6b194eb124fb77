"""Arrivals that a malware scan tells of, over fakes: only what is explicitly clean is judged, and nothing is lost."""

import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import boto3
import pytest

from intake.errors import LateThreatError, ObjectMissingError, ScanUnfinishedError
from intake.events import notification, parse
from intake.ports import Outcome
from intake.record import ObjectVersion, Severity
from intake.review import obstacles
from intake.scan import TAG, Scan
from intake.states import State
from processor.scans import CODES
from processor.telemetry import metrics
from tests.records import NOON
from tests.scan_results import RECORDED, scan_result
from tests.unit.processor.test_process import ACCEPTED, INCOMING, QUARANTINE, World, _judge

CLEAN, THREAT, UNSUPPORTED = "NO_THREATS_FOUND", "THREATS_FOUND", "UNSUPPORTED"
NO_RESULT = ["ACCESS_DENIED", "FAILED"]
GOOD = b"good1234"


class Scanned(World):
    """A world whose objects a scan tells of; `required` is the switch."""

    def __init__(self, *, required=True):
        super().__init__()
        self.objects.clock = lambda: NOON
        self.judged = 0
        self.processor = self.processor_with(self.judge, scan_required=required)

    def judge(self, source, facts):
        self.judged += 1
        return _judge(source, facts)

    def put(self, data=GOOD):
        """Reserve a file and let it arrive. Return its record's id and the object version."""
        (file,) = self.reserve()
        return file.file_id, self.objects.put(INCOMING, file.incoming.key, data)

    def told(self, status, version):
        """Deliver the recorded event of a status."""
        (arrival,) = parse(scan_result(status, version)).arrivals
        return self.processor.process(arrival)

    def notified(self, version):
        """Deliver what S3 or the sweep says: that there is an object, and nothing of a scan."""
        arrival = replace(parse(scan_result(CLEAN, version)).arrivals[0], scan=None)
        (again,) = parse(notification(arrival)).arrivals
        return self.processor.process(again)

    def tag(self, version, status):
        self.objects.tags[version] = {TAG: status, "other": CLEAN}


@pytest.fixture(params=[True, False], ids=["required", "optional"])
def world(request):
    """With the switch on and with it off: what a scan says holds in both."""
    return Scanned(required=request.param)


@pytest.fixture
def strict():
    return Scanned(required=True)


def test_a_clean_file_is_judged_as_always_and_its_record_says_that_it_was_scanned(world):
    file_id, version = world.put()

    processed = world.told(CLEAN, version)

    record = world.verdicts.file(file_id)
    assert (record.state, record.scan, record.incoming) == (State.ACCEPTED, Scan.CLEAN, version)
    assert (processed.outcome, world.objects.calls) == (Outcome.RECORDED, {"read": 1, "copy": 1})


def test_a_clean_file_may_still_be_rejected_by_the_judge(world):
    file_id, version = world.put(b"bad")
    world.told(CLEAN, version)
    assert world.verdicts.file(file_id).codes == ("a-refusal",)


@pytest.mark.parametrize(("status", "code"), [(THREAT, "malware-found"), (UNSUPPORTED, "scan-unsupported")])
def test_what_the_scan_keeps_out_is_quarantined_unread_with_a_finding_of_its_own(world, status, code):
    file_id, version = world.put()

    processed = world.told(status, version)

    record = world.verdicts.file(file_id)
    (finding,) = record.findings
    assert (record.state, record.stored.bucket, record.scan) == (State.REJECTED, QUARANTINE, Scan(status))
    assert (finding.code, finding.severity, processed.codes) == (code, Severity.REJECT, (code,))
    assert world.objects.data(record.stored) == GOOD
    assert (world.judged, world.objects.bytes_read, world.objects.calls["read"]) == (0, 0, 0)
    assert world.stored(ACCEPTED) == []


def test_no_threats_name_gets_into_the_record(world):
    file_id, version = world.put()
    world.told(THREAT, version)
    (threat,) = RECORDED[THREAT]["detail"]["scanResultDetails"]["threats"]
    assert threat["name"] not in repr(world.verdicts.file(file_id))


@pytest.mark.parametrize("status", NO_RESULT)
def test_a_scan_that_came_to_nothing_is_no_verdict_and_asks_to_be_told_again(world, status):
    file_id, version = world.put()
    world.tag(version, status)

    for _ in range(5):
        with pytest.raises(ScanUnfinishedError):
            world.told(status, version)

    assert world.verdicts.file(file_id).state is State.AWAITING_UPLOAD
    assert (world.judged, world.stored(ACCEPTED), world.stored(QUARANTINE)) == (0, [], [])


@pytest.mark.parametrize("status", NO_RESULT)
def test_a_file_that_was_scanned_again_is_judged_by_either_message(world, status):
    """By the new scan's own event, or by the dead letter of the old one, which then finds the new tag."""
    file_id, version = world.put()
    world.verdicts.fail(world.verdicts.file(file_id), "retries-exhausted")
    world.tag(version, CLEAN)

    assert world.told(status, version).outcome is Outcome.RECORDED
    assert world.told(CLEAN, version).outcome is Outcome.ALREADY_RECORDED
    assert world.verdicts.file(file_id).state is State.ACCEPTED


@pytest.mark.parametrize("tagged", [None, *NO_RESULT, "CLEAN", "no_threats_found", ""])
def test_with_the_switch_on_a_plain_notification_gets_nothing_in_that_is_not_tagged_clean(strict, tagged):
    file_id, version = strict.put()
    if tagged is not None:
        strict.tag(version, tagged)

    with pytest.raises(ScanUnfinishedError):
        strict.notified(version)

    assert strict.verdicts.file(file_id).state is State.AWAITING_UPLOAD
    assert (strict.judged, strict.stored(ACCEPTED)) == (0, [])


@pytest.mark.parametrize("status", [CLEAN, THREAT, UNSUPPORTED])
def test_with_the_switch_on_a_plain_notification_goes_by_the_tag(strict, status):
    file_id, version = strict.put()
    strict.tag(version, status)

    strict.notified(version)

    record = strict.verdicts.file(file_id)
    assert record.state is (State.ACCEPTED if status == CLEAN else State.REJECTED)
    assert record.scan is Scan(status)


def test_the_tag_of_another_version_of_the_object_says_nothing(strict):
    _, first = strict.put()
    strict.tag(first, CLEAN)
    second = strict.objects.put(INCOMING, first.key, b"good5678")

    with pytest.raises(ScanUnfinishedError):
        strict.notified(second)


def test_the_version_that_was_scanned_is_the_one_that_is_judged(world):
    file_id, first = world.put()
    world.objects.put(INCOMING, first.key, b"bad")

    world.told(CLEAN, first)

    assert world.objects.data(world.verdicts.file(file_id).stored) == GOOD


def test_with_the_switch_off_a_plain_notification_asks_for_no_tag():
    world = Scanned(required=False)
    file_id, version = world.put()
    world.notified(version)
    record = world.verdicts.file(file_id)
    assert (record.state, record.scan, world.objects.calls["tag"]) == (State.ACCEPTED, None, 0)


@pytest.mark.parametrize("status", [CLEAN, THREAT, UNSUPPORTED])
def test_the_same_result_told_twice_changes_nothing(world, status):
    file_id, version = world.put()
    world.told(status, version)
    record, objects = world.verdicts.file(file_id), dict(world.objects.versions)

    assert world.told(status, version).outcome is Outcome.ALREADY_RECORDED

    assert (world.verdicts.file(file_id), world.objects.versions) == (record, objects)


@pytest.mark.parametrize("first", [CLEAN, THREAT, UNSUPPORTED])
@pytest.mark.parametrize("late", [CLEAN, UNSUPPORTED, *NO_RESULT])
def test_a_later_result_of_another_kind_leaves_the_verdict_as_it_is(world, first, late):
    file_id, version = world.put()
    world.told(first, version)
    record = world.verdicts.file(file_id)

    assert world.told(late, version).outcome is Outcome.ALREADY_RECORDED

    assert world.verdicts.file(file_id) == record


@pytest.mark.parametrize("data", [GOOD, b"bad"])
def test_a_threat_in_a_file_that_was_judged_without_it_is_left_to_people(world, data):
    file_id, version = world.put(data)
    world.told(CLEAN, version)
    record, objects = world.verdicts.file(file_id), dict(world.objects.versions)

    with pytest.raises(LateThreatError):
        world.told(THREAT, version)

    # The verdict stands, and says from then on what no later order may overlook.
    assert world.verdicts.file(file_id) == replace(record, scan=Scan.THREAT)
    assert world.objects.versions == objects


def test_a_threat_in_what_was_deleted_since_is_no_trouble(world):
    file_id, version = world.put(b"bad")
    world.told(CLEAN, version)
    world.verdicts.delete(world.verdicts.file(file_id), (), NOON)
    assert world.told(THREAT, version).outcome is Outcome.ALREADY_RECORDED


def test_a_result_of_an_object_that_is_gone_is_trouble_and_no_verdict(world):
    (file,) = world.reserve()
    for status in RECORDED:
        with pytest.raises(ObjectMissingError):
            world.told(status, ObjectVersion(INCOMING, file.incoming.key, "v9"))
    assert world.verdicts.file(file.file_id).state is State.AWAITING_UPLOAD


def test_a_file_dropped_into_s3_is_one_file_however_often_and_late_it_is_scanned(world):
    version = world.objects.put(INCOMING, "northside/Some Folder/50%25+.dcm", GOOD)
    first, again = scan_result(CLEAN, version), scan_result(CLEAN, version)
    again["time"] = (NOON + timedelta(days=3)).isoformat()

    placements = {
        world.processor.process(arrival).placement for event in (first, again) for arrival in parse(event).arrivals
    }

    (placement,) = placements
    record = world.verdicts.file(placement.file_id)
    assert (record.created_at, record.name, record.state) == (NOON, "50%25+.dcm", State.ACCEPTED)


def test_what_is_dropped_where_no_clinics_files_belong_says_both(world):
    version = world.objects.put(INCOMING, "lost.dcm", GOOD)
    assert world.told(THREAT, version).codes == ("malware-found", "clinic-unknown")


def test_no_review_overrides_what_the_scan_found():
    assert set(obstacles(CODES.values())) == set(CODES.values())


@pytest.fixture
def deliver(monkeypatch):
    """Run the Lambda's own handler over a world, as SQS does, and return the messages that come again."""
    for name in ("TABLE", "INCOMING_BUCKET", "QUEUE_URL", "ACCEPTED_BUCKET", "QUARANTINE_BUCKET"):
        monkeypatch.setenv(f"SCALPER_{name}", "any")
    monkeypatch.setenv("SCALPER_SCAN_REQUIRED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: None)
    monkeypatch.setattr(metrics.provider, "namespace", "SilentScalper")
    from processor import handler  # It reads its settings when it is imported.

    context = SimpleNamespace(
        function_name="judge", memory_limit_in_mb="1", invoked_function_arn="arn", aws_request_id="request"
    )

    def run(world, bodies):
        judging = SimpleNamespace(processor=world.processor, failure_notes=SimpleNamespace(note=lambda *_: None))
        monkeypatch.setattr(handler, "_judging", judging)
        records = [
            {"messageId": name, "eventSource": "aws:sqs", "body": json.dumps(body), "attributes": {}}
            for name, body in bodies.items()
        ]
        answer = handler.handle({"Records": records}, context)
        return {row["itemIdentifier"] for row in answer["batchItemFailures"]}

    return run


def test_of_a_batch_with_every_status_only_the_clean_one_passes_and_only_the_scans_own_trouble_comes_again(
    strict, deliver
):
    files = strict.reserve(len(RECORDED))
    versions = {
        status: strict.objects.put(INCOMING, file.incoming.key, b"good%04d" % number)
        for number, (status, file) in enumerate(zip(RECORDED, files, strict=True))
    }

    again = deliver(strict, {status: scan_result(status, version) for status, version in versions.items()})

    assert again == set(NO_RESULT)
    states = {status: strict.verdicts.file(file.file_id).state for status, file in zip(RECORDED, files, strict=True)}
    assert states == {
        CLEAN: State.ACCEPTED,
        THREAT: State.REJECTED,
        UNSUPPORTED: State.REJECTED,
        "ACCESS_DENIED": State.AWAITING_UPLOAD,
        "FAILED": State.AWAITING_UPLOAD,
    }
