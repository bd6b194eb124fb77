"""What people order is done with no file that the malware scan keeps out, or has not found clean."""

from dataclasses import replace

import pytest

from intake.files.scan import TAG, Scan
from intake.files.states import State
from intake.orders.model import Answer, Task
from processor.ingest.stored_objects import CODES
from tests.unit.processor.ingest.test_process import ACCEPTED, QUARANTINE
from tests.unit.processor.orders.test_tasks import Desk

TASKS = [Task.REPROCESS, Task.TRY, Task.ACCEPT]


class ScannedDesk(Desk):
    """A desk with the switch on or off."""

    def __init__(self, *, required=True):
        super().__init__(scan_required=required)

    def tag(self, version, status):
        self.objects.tags[version] = {TAG: status}

    def rejected_by_scan(self, scan):
        file = self.rejected()
        (found,) = file.findings
        return self.verdicts.table.save(file, findings=(replace(found, code=CODES[scan]),), scan=scan)

    def arrived(self, file):
        return self.objects.find(file.incoming.bucket, file.incoming.key).version


@pytest.fixture
def desk():
    return ScannedDesk()


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("scan", CODES)
def test_no_order_and_no_review_overturns_what_the_scan_keeps_out(required, task, scan):
    desk = ScannedDesk(required=required)
    file = desk.rejected_by_scan(scan)
    desk.reviewed(file, codes=file.codes)
    desk.tag(desk.arrived(file), Scan.CLEAN)

    answered = desk.do(task, file, actor="admin-2")

    assert (answered.answer, answered.codes) == (Answer.REJECTED, (CODES[scan],))
    kept = desk.record(file)
    assert (kept.state, kept.stored, kept.findings, desk.stored(ACCEPTED)) == (
        file.state, file.stored, file.findings, [],
    )  # fmt: skip


@pytest.mark.parametrize("tagged", [None, Scan.FAILED, Scan.ACCESS_DENIED])
@pytest.mark.parametrize("task", [Task.REPROCESS, Task.TRY])
def test_with_the_switch_on_an_order_judges_no_arrived_file_without_a_clean_result(desk, tagged, task):
    file = desk.failed()
    if tagged:
        desk.tag(desk.arrived(file), tagged)

    assert desk.do(task, file).answer is Answer.UNSCANNED

    assert (desk.record(file), desk.stored(ACCEPTED)) == (file, [])


def test_a_failed_file_that_was_scanned_again_is_judged_when_someone_asks(desk):
    file = desk.failed()
    desk.tag(desk.arrived(file), Scan.CLEAN)

    assert desk.do(Task.REPROCESS, file).answer is Answer.ACCEPTED

    assert desk.record(file).scan is Scan.CLEAN


@pytest.mark.parametrize("scan", CODES)
def test_a_failed_file_that_the_scan_keeps_out_is_rejected_unread_when_someone_asks(desk, scan):
    file = desk.failed()
    desk.tag(desk.arrived(file), scan)

    answered = desk.do(Task.REPROCESS, file)

    record = desk.record(file)
    assert (answered.answer, record.codes, record.stored.bucket) == (Answer.REJECTED, (CODES[scan],), QUARANTINE)
    assert desk.objects.calls["read"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_what_was_quarantined_before_the_switch_was_on_is_not_let_in_unscanned(desk, task):
    file = desk.rejected()
    desk.reviewed(file)
    assert desk.do(task, file, actor="admin-2").answer is Answer.UNSCANNED
    kept = desk.record(file)
    assert (kept.state, kept.stored, kept.findings, desk.stored(ACCEPTED)) == (
        file.state, file.stored, file.findings, [],
    )  # fmt: skip


def test_what_was_clean_when_it_arrived_is_judged_again_though_its_arrival_is_long_gone(desk):
    file = desk.rejected()
    desk.verdicts.table.save(file, scan=Scan.CLEAN)
    del desk.objects.versions[file.incoming.bucket, file.incoming.key]

    assert desk.do(Task.REPROCESS, file).answer is Answer.ACCEPTED

    record = desk.record(file)
    assert (record.state, record.scan) == (State.ACCEPTED, Scan.CLEAN)


def test_a_threat_that_a_later_scan_found_rejects_for_good_what_is_in_quarantine(desk):
    file = desk.rejected()
    desk.verdicts.table.save(file, scan=Scan.CLEAN)
    desk.tag(file.incoming, Scan.THREAT)

    assert desk.do(Task.REPROCESS, desk.record(file)).codes == ("malware-found",)

    record = desk.record(file)
    assert (record.codes, record.stored, record.scan) == (("malware-found",), file.stored, Scan.THREAT)


def test_a_threat_that_was_told_after_the_verdict_is_remembered_though_no_tag_says_so(desk):
    file = desk.rejected()
    desk.verdicts.note_scan(file, Scan.THREAT)
    desk.tag(desk.arrived(file), Scan.CLEAN)

    assert desk.do(Task.REPROCESS, desk.record(file)).codes == ("malware-found",)


def test_a_later_scan_that_came_to_nothing_takes_no_clean_result_back(desk):
    file = desk.rejected()
    desk.verdicts.table.save(file, scan=Scan.CLEAN)
    desk.tag(file.incoming, Scan.FAILED)
    assert desk.do(Task.REPROCESS, desk.record(file)).answer is Answer.ACCEPTED


def test_what_the_scan_keeps_out_can_be_deleted(desk):
    file = desk.rejected_by_scan(Scan.THREAT)
    assert desk.do(Task.DELETE, file).answer is Answer.DELETED
