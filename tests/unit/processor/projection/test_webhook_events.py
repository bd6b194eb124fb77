from intake.files.states import State
from intake.messaging.model import EventKind
from processor.projection.webhook_events import describe_completion, list_events
from tests.records import NOON, UPLOAD_ID, a_file, an_instance, an_upload
from tests.unit.intake.projections.test_projections import a_change


def test_a_rejected_and_a_failed_file_are_told_by_the_ids_of_the_change_feed():
    rejected = a_change(0, after=State.REJECTED, codes=("empty-file",))
    failed = a_change(1, after=State.FAILED, revision=3)

    first, second = list_events([rejected, failed, rejected])

    assert (first.event_id, first.kind) == (f"{a_file(0).file_id}.1", EventKind.FILE_REJECTED)
    assert first.data == {"file_id": a_file(0).file_id, "upload_id": UPLOAD_ID, "codes": ["empty-file"]}
    assert (second.event_id, second.kind) == (f"{a_file(1).file_id}.3", EventKind.FILE_FAILED)


def test_what_was_judged_again_to_the_same_end_is_not_told_again():
    assert list_events([a_change(0, before=State.REJECTED, after=State.REJECTED, revision=2)]) == []


def test_a_batch_tells_once_of_each_study_and_in_any_order_the_same():
    one, other = an_instance("1.2.3", "1.2.3.1"), an_instance("1.2.4", "1.2.4.1")
    changes = [a_change(number, instance=one) for number in range(5)] + [a_change(5, instance=other)]

    events = list_events(changes)

    assert [event.data["study_uid"] for event in events] == ["1.2.3", "1.2.4"]
    assert events[0].event_id == f"{a_file(4).file_id}.1.study"
    assert {event.event_id for event in list_events(changes[::-1])} == {event.event_id for event in events}


def test_an_upload_that_is_complete_again_with_more_files_is_another_event():
    counts = {State.ACCEPTED: 2, State.REJECTED: 1, State.AWAITING_UPLOAD: 0}
    event = describe_completion(an_upload(declared=3, counts=counts), NOON)
    again = describe_completion(an_upload(declared=4, counts=counts), NOON)

    assert event.data["counts"] == {"accepted": 2, "rejected": 1}
    assert event.event_id == f"{UPLOAD_ID}.3" != again.event_id


def test_no_event_names_a_file_or_a_patient():
    change = a_change(
        0, after=State.REJECTED, codes=("empty-file",), instance=an_instance("1.2.3", "1.2.3.1", patient="a-digest")
    )
    told = repr(list_events([change]))
    assert "slice" not in told
    assert "a-digest" not in told
