"""What closes trouble: what was sent in a file's place, what a person says of it, and what can be taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.files.dealing import DEALT_WITH, REOPENED, REPLACED, Dealing, Reason
from intake.files.model import TimelineEntry
from intake.files.states import State
from processor.handlers.record_changes import describe_change
from tests.records import NOON, REFUSAL, UPLOAD_ID, a_file, a_verdict, an_upload, stored_item

DEALING = Dealing(reason=Reason.NOT_NEEDED, by="user-1", by_name="Ada Quinn", at=NOON, words="Taken twice")


def step(event, detail=""):
    return TimelineEntry(NOON + timedelta(minutes=9), "user-1", event, detail)


@pytest.fixture
def files(stores, prepare):
    """A rejected file, one that was accepted in its place, and an accepted one of another name."""

    def write_files():
        reserved = [a_file(number, name=name) for number, name in enumerate(["ct/1.dcm", "ct/1.dcm", "ct/2.dcm"])]
        stores.records.create_upload(an_upload())
        stores.records.add_files(an_upload(), reserved)
        refused = {"state": State.REJECTED, "findings": (REFUSAL,), "metadata": {"sop_instance_uid": "1.2.3"}}
        for record, more in zip(reserved, (refused, {}, {"sop_instance_uid": "1.2.3"}), strict=True):
            stores.verdicts.record(a_verdict(record, **more), reserved=True)
            stores.apply([describe_change(stored_item(record), stored_item(stores.verdicts.file(record.file_id)))])
        return [stores.records.file(None, record.file_id) for record in reserved]

    return prepare(write_files)


def test_a_file_is_replaced_once_and_by_its_own_clinic(stores, files):
    bad, good, _ = files
    told = step(REPLACED, good.file_id)
    assert not stores.repairs.replace(replace(bad, clinic_id="lakeview"), good.file_id, told)
    assert not stores.repairs.replace(good, bad.file_id, told)
    assert stores.repairs.replace(bad, good.file_id, told)
    assert not stores.repairs.replace(bad, good.file_id, told)
    kept = stores.records.file(None, bad.file_id)
    assert (kept.state, kept.replaced_by, kept.is_handled, kept.timeline[-1]) == (
        State.REJECTED,
        good.file_id,
        True,
        told,
    )


def test_a_file_is_dealt_with_and_reopened_on_the_condition_of_what_was_read(stores, files):
    bad = files[0]
    assert not stores.repairs.reopen(bad, step(REOPENED))
    assert stores.repairs.deal(bad, DEALING, step(DEALT_WITH))
    assert not stores.repairs.deal(bad, DEALING, step(DEALT_WITH))
    dealt = stores.records.file(None, bad.file_id)
    assert (dealt.dealt_with, dealt.revision) == (DEALING, bad.revision + 1)
    assert stores.repairs.list_open(UPLOAD_ID, 5).rows == ()
    assert stores.repairs.reopen(dealt, step(REOPENED))
    assert not stores.repairs.reopen(dealt, step(REOPENED))
    assert [one.file_id for one in stores.repairs.list_open(UPLOAD_ID, 5).rows] == [bad.file_id]
    assert stores.records.file(None, bad.file_id).dealt_with is None


def test_an_upload_is_closed_once_and_reopened_once_by_its_own_clinic(stores, files):
    upload = stores.records.upload(None, UPLOAD_ID)
    assert not stores.repairs.close(upload, None)
    assert stores.repairs.close(upload, DEALING)
    assert not stores.repairs.close(upload, DEALING)
    assert not stores.repairs.close(replace(upload, clinic_id="lakeview"), None)
    closed = stores.records.upload(None, UPLOAD_ID)
    assert (closed.closed, closed.closing) == (True, DEALING)
    assert stores.repairs.close(upload, None)
    assert not stores.records.upload(None, UPLOAD_ID).closed


def test_what_is_in_trouble_is_listed_and_what_may_stand_in_its_place_is_found(stores, files):
    bad, good, same = files
    page = stores.repairs.list_open(UPLOAD_ID, 5)
    assert ([one.file_id for one in page.rows], page.next) == ([bad.file_id], None)
    assert [one.file_id for one in stores.repairs.list_behind(bad, 5)] == [good.file_id, same.file_id]
    found = {one.file_id for one in stores.repairs.find_accepted([bad], 5)}
    assert good.file_id in found
    assert bad.file_id not in found
    assert stores.repairs.find_accepted([replace(bad, name="other", metadata={})], 5) == ()
