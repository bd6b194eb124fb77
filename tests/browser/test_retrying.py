"""Another try, from a browser, on the deployed stack: files that failed on our side are judged again by one click."""

from playwright.sync_api import Page, expect

from infra.local.stack import LocalStack
from tests.browser.test_main_job import VERDICT, page, sign_in
from tests.dicom_files import ct_slice, uid
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

__all__ = ["page"]


def fail(lane: Lane, count: int) -> str:
    """Have files arrive whose judging comes to nothing, and return their upload."""
    lane.pause()
    try:
        files = lane.reserve(count)
        for number, file in enumerate(files):
            data = ct_slice(study=uid("retry"), series=uid("retry", 1), sop=uid("retry", 1, number), rows=8, columns=8)
            lane.aws.s3.put_object(Bucket=file.incoming.bucket, Key=file.incoming.key, Body=data)
        until(lambda: _discard(lane) or None, "the events", 20)
        for file in files:
            assert lane.verdicts.fail(file, "Timeout")
    finally:
        lane.go_on()
    return files[0].upload_id


def _discard(lane: Lane) -> int:
    """Take what waits in the queue away, as its retention would, and return how much it was."""
    taken = 0
    queue = lane.outputs["QueueUrl"]
    while messages := lane.aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            lane.aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        taken += len(messages)
    return taken


def test_all_failed_files_are_judged_again_by_one_click(page: Page, stack: LocalStack, portal_url: str) -> None:
    upload_id = fail(Lane(stack), 4)
    sign_in(page, portal_url, next(person for person in stack.demo.staff if person.clinic_id == "northside"))
    page.goto(f"{portal_url}/uploads/{upload_id}")
    button = page.get_by_role("button", name="Retry all 4 failed files")
    until(lambda: button.count() or (page.reload() and None), "the receipt's counts")
    button.click()
    expect(page.get_by_text("4 files checked again")).to_be_visible(timeout=3 * VERDICT)
    expect(page.get_by_text("All 4 files accepted")).to_be_visible(timeout=3 * VERDICT)
    page.get_by_role("link", name="CT, ").click()
    expect(page.get_by_text("1 series · 4 images")).to_be_visible()
