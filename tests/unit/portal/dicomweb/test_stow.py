"""STOW-RS: small instances take the way of every file."""

import threading
from dataclasses import dataclass, field, replace
from io import BytesIO

import pytest
from pydicom import dcmread

from infra.stages import PROD
from intake.files.states import State
from portal.auth.identity import identify_partner
from portal.dicomweb import stow
from portal.dicomweb.stow_messages import OTHER_STUDY, UNREADABLE, split_by_study
from portal.errors import ClinicInactiveError, StorageUnavailableError
from portal.http.messages import write_message
from portal.wiring import PATIENCE
from processor.judge.rules.catalogue import RULES
from tests.dicom_files import ct_slice, element, item, part10, text, uid
from tests.records import a_file
from tests.unit.portal.pool import partner_token

GOOD = ct_slice(rows=8, columns=8)
CUT = ct_slice(rows=8, columns=8, instance=2)[:-40]


def store(portal, *bodies, token="", **headers):
    message, content_type = write_message(bodies, "application/dicom")
    return portal.machine(token).post(
        "/dicomweb/studies", content=message, headers={"content-type": content_type, **headers}
    )


def test_what_is_stored_is_told_with_its_address(portal, judging):
    answer = store(portal, GOOD)
    assert answer.status_code == 200
    (item,) = answer.json()["00081199"]["Value"]
    address = item["00081190"]["Value"][0].removeprefix("https://portal.test")
    assert portal.machine().get(f"{address}/metadata").status_code == 200
    assert answer.headers["location"].startswith("/api/v1/uploads/")


def test_each_instance_has_its_own_verdict(portal, judging):
    answer = store(portal, GOOD, CUT)
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [stow.NOT_UNDERSTOOD]


def test_a_message_of_which_nothing_was_stored_is_a_conflict(portal, judging):
    assert store(portal, CUT).status_code == 409


def test_verdicts_that_take_too_long_are_followed_elsewhere(portal, monkeypatch):
    monkeypatch.setattr(stow, "PATIENCE_S", 0)
    answer = store(portal, GOOD)
    assert (answer.status_code, answer.json()) == (202, {})
    assert portal.machine().get(answer.headers["location"]).json()["declared"] == 1


def test_a_token_that_only_reads_stores_nothing(portal):
    assert store(portal, GOOD, token=partner_token(scope="scalper/read")).status_code == 403
    assert not portal.table.files


@pytest.mark.parametrize("content_type", ["application/dicom+json", "multipart/form-data; boundary=x", ""])
def test_what_is_no_message_of_instances_is_refused(portal, content_type):
    answer = portal.machine().post("/dicomweb/studies", content=GOOD, headers={"content-type": content_type})
    assert answer.status_code == 406
    assert "multipart/related" in answer.json()["acceptable"][0]


def test_a_message_above_the_limit_is_refused_and_says_what_to_do(portal):
    answer = store(portal, b"\0" * (4 * 1024 * 1024))
    assert answer.status_code == 413
    told = answer.json()["instead"]
    assert all(way in told for way in ("API Gateway", "scalper upload", "POST /api/v1/uploads"))
    assert not portal.table.files


def test_one_instance_is_stored_as_a_message_of_its_own(portal, judging):
    answer = portal.machine().post("/dicomweb/studies", content=GOOD, headers={"content-type": "Application/DICOM"})
    assert answer.status_code == 200
    assert len(answer.json()["00081199"]["Value"]) == 1


def store_in(portal, study, *bodies, **headers):
    message, content_type = write_message(bodies, "application/dicom")
    headers = {"content-type": content_type, **headers}
    return portal.machine().post(f"/dicomweb/studies/{study}", content=message, headers=headers)


OTHER = ct_slice(study=uid("another study"), rows=8, columns=8, instance=3)


def test_instances_of_another_study_fail_each_by_itself_and_are_never_sent(portal, judging):
    study = dcmread(BytesIO(GOOD)).StudyInstanceUID
    answer = store_in(portal, study, GOOD, OTHER, b"no image")
    failed = answer.json()["00081198"]["Value"]
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == len(portal.table.files) == 1
    assert [item["00081197"]["Value"] for item in failed] == [[OTHER_STUDY], [UNREADABLE]]
    assert failed[0]["00081155"]["Value"] == [dcmread(BytesIO(OTHER)).SOPInstanceUID]
    assert "do not belong to the study" in answer.headers["warning"]


def test_where_no_instance_belongs_to_the_study_nothing_is_announced(portal):
    answer = store_in(portal, uid("a third study"), GOOD, OTHER)
    assert (answer.status_code, "location" in answer.headers) == (409, False)
    assert not portal.table.files
    assert not portal.table.uploads


def test_the_uid_of_a_study_is_read_outside_of_sequences_alone():
    study, within = uid("its own"), uid("a reference to another")
    inner = element(0x0020000D, "UI", text(within, pad=b"\0"))
    sequence = element(0x00081110, "SQ", item(inner))
    body = part10(sequence + element(0x0020000D, "UI", text(study, pad=b"\0")), sop="1.2.3")
    assert [len(each) for each in split_by_study([body], study)] == [1, 0]
    assert [len(each) for each in split_by_study([body], within)] == [0, 1]


def test_a_message_of_many_small_elements_is_given_up_rather_than_read_at_length():
    many = b"".join(element(0x00090010 + number % 240, "LO", b"") for number in range(100_000))
    body = part10(many + element(0x0020000D, "UI", text("1.2", pad=b"\0")), sop="1.2.3")
    belonging, refused = split_by_study([body] * 5, "1.2")
    assert len(belonging) < 5
    assert refused[-1].reason == UNREADABLE


def test_what_was_accepted_and_is_no_instance_is_told_without_an_address():
    directory = a_file(state=State.ACCEPTED, metadata={"sop_class_uid": "1.2.840.10008.1.3.10"})
    told = stow.write_response(stow.Stored("upload", (directory,), 0), "https://portal.test/dicomweb")
    assert told["00081199"]["Value"] == [
        {"00081150": {"vr": "UI", "Value": ["1.2.840.10008.1.3.10"]}, "00081155": {"vr": "UI"}}
    ]


@dataclass
class SlowBucket:
    """A bucket that takes a body every so many seconds of a clock that it puts forward itself, and some never."""

    portal: object
    seconds: float = 0.0
    refuses: frozenset[int] = frozenset()
    at: float = 0.0
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, presigned, body):
        with self.lock:
            self.sent += 1
            self.at += self.seconds
            number = self.sent
        if number in self.refuses:
            raise StorageUnavailableError("Not now.")
        self.portal.sent(presigned, body)

    def monotonic(self):
        with self.lock:
            return self.at

    def sleep(self, seconds):
        with self.lock:
            self.at += seconds


@pytest.fixture
def slow(portal, monkeypatch):
    """Return a function that has the bucket be slow, and the clock of storing be the bucket's."""

    def make(**options):
        bucket = SlowBucket(portal, **options)
        monkeypatch.setattr(stow, "time", bucket)
        return bucket

    return make


def stored(portal, bucket, count):
    identity = identify_partner("partner-1", portal.directory.partner("partner-1"), frozenset({"scalper/upload"}))
    services = replace(portal.services, send=bucket)
    return stow.store(services, identity, [b"%d" % number for number in range(count)], 0.0)


def test_a_message_of_many_instances_is_answered_in_time_and_says_what_was_not_stored(portal, slow):
    bucket = slow(seconds=0.5)
    answer = stored(portal, bucket, 500)
    assert bucket.at <= stow.ANSWER_WITHIN_S
    assert answer.waiting == bucket.sent < 500
    assert answer.unsent == 500 - bucket.sent
    assert answer.status == 202
    told = stow.write_response(answer, "https://portal.test/dicomweb")["00081198"]["Value"]
    assert [item["00081197"]["Value"] for item in told] == [[stow.OUT_OF_RESOURCES]] * answer.unsent
    assert len(answer.warnings) == 2


def test_what_cannot_be_sent_in_time_is_not_announced(portal, slow):
    answer = stored(portal, slow(seconds=1.0), 500)
    assert len(portal.table.files) <= answer.waiting + stow.BATCH
    (upload,) = portal.table.uploads
    assert answer.upload_id == upload


def test_five_hundred_instances_are_sent_where_the_bucket_is_quick(portal, slow):
    answer = stored(portal, slow(seconds=0.01), 500)
    assert (answer.waiting, answer.unsent) == (500, 0)
    assert [record.name for record in portal.table.files.values()] == [f"{number:05d}.dcm" for number in range(1, 501)]


def test_verdicts_are_waited_for_until_the_answer_is_due_however_long_sending_took(portal, slow):
    bucket = slow(seconds=0.39)
    stored(portal, bucket, 30)
    assert stow.SEND_WITHIN_S - 1 <= bucket.at <= stow.ANSWER_WITHIN_S


def test_an_instance_that_the_bucket_refuses_fails_alone_and_is_awaited_no_longer(portal, slow):
    answer = stored(portal, slow(refuses=frozenset({2})), 3)
    assert (answer.waiting, answer.unsent, answer.status) == (2, 1, 202)
    assert [one.state for one in portal.table.files.values()].count(State.EXPIRED) == 1


def test_where_the_bucket_takes_nothing_nothing_was_stored(portal, slow):
    with pytest.raises(StorageUnavailableError):
        stored(portal, slow(refuses=frozenset(range(1, 10))), 3)


def test_a_clinic_that_is_deactivated_meanwhile_has_the_rest_told_as_not_stored(portal, slow, monkeypatch):
    bucket = slow()
    once = iter([None])

    def require(_services, _clinic_id):
        if next(once, True):
            raise ClinicInactiveError("Deactivated.")

    monkeypatch.setattr("portal.admin.clinics.require_active", require)
    answer = stored(portal, bucket, 100)
    assert (answer.waiting, answer.unsent) == (stow.BATCH, 100 - stow.BATCH)


def test_what_is_still_being_checked_is_told_by_a_warning_that_says_where_to_look(portal, monkeypatch):
    monkeypatch.setattr(stow, "PATIENCE_S", 0)
    answer = store(portal, GOOD, GOOD)
    assert answer.headers["warning"].startswith('299 silent-scalper "2 instances are still being checked')
    assert answer.headers["location"].startswith("/api/v1/uploads/")


def test_the_answer_is_due_before_the_gateway_and_the_function_end_it():
    assert stow.SEND_WITHIN_S < stow.ANSWER_WITHIN_S < PROD.portal.timeout_s
    assert stow.ANSWER_WITHIN_S + PATIENCE.read_timeout <= 30


@pytest.mark.parametrize(
    ("state", "code", "status", "told"),
    [
        (State.ACCEPTED, "rewrapped", 202, ("00081199", "00081196", stow.WITH_WARNINGS)),
        (State.ACCEPTED, "re-encoded", 202, ("00081199", "00081196", stow.WITH_WARNINGS)),
        (State.ACCEPTED, "sop-instance-first-kept", 409, ("00081198", "00081197", stow.DUPLICATE_INSTANCE)),
        (State.REJECTED, "sop-instance-conflict", 409, ("00081198", "00081197", stow.DUPLICATE_INSTANCE)),
        (State.REJECTED, "sop-instance-uncompared", 409, ("00081198", "00081197", stow.DUPLICATE_INSTANCE)),
        (State.REJECTED, "sop-instance-refused", 409, ("00081198", "00081197", stow.DUPLICATE_INSTANCE)),
    ],
)
def test_what_stands_under_a_known_uid_is_answered_for_what_it_is(state, code, status, told):
    odd = RULES["preamble-unusual"].finding()
    record = a_file(state=state, kind="dicom", findings=(odd, RULES[code].finding()), metadata={})
    stored = stow.Stored(record.upload_id, (record,), 0)
    sequence, tag, reason = told
    (item,) = stow.write_response(stored, "")[sequence]["Value"]
    assert (stored.status, item[tag]["Value"]) == (status, [reason])
