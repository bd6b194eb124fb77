import pytest

from intake.files.model import Source
from intake.files.states import State
from portal.presentation import upload_labels as labels
from tests.records import an_upload


def upload(declared: int, **counts: int):
    return an_upload(declared=declared, counts={State(state): count for state, count in counts.items()})


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (upload(0), "No files announced yet"),
        (upload(4, awaiting_upload=4), "0 of 4 files checked"),
        (upload(4), "0 of 4 files checked"),
        (upload(4, accepted=3, awaiting_upload=1), "3 of 4 files checked"),
        (upload(1, accepted=1), "1 file, accepted"),
        (upload(4, accepted=4), "All 4 files accepted"),
        (upload(4, accepted=1, rejected=3), "1 of 4 files accepted, 3 rejected"),
        (upload(3, failed=1, expired=2), "0 of 3 files accepted, 1 failed on our side, 2 missing"),
    ],
)
def test_an_upload_is_told_in_one_sentence(told, text):
    assert text == labels.describe_upload(told)


@pytest.mark.parametrize(
    ("told", "badge"),
    [
        (upload(0), ("In progress", "wait")),
        (upload(2, accepted=1), ("In progress", "wait")),
        (upload(2, rejected=1), ("In progress", "wait")),
        (upload(2, accepted=1, rejected=1), ("Needs attention", "bad")),
        (upload(2, accepted=1, failed=1), ("Needs attention", "bad")),
        (upload(2, accepted=1, expired=1), ("Missing 1", "warn")),
        (upload(3, accepted=1, expired=1, rejected=1), ("Missing 1", "warn")),
        (upload(2, accepted=2), ("Complete", "ok")),
        (an_upload(declared=57, counts={State.ACCEPTED: 57}, expected_images=60), ("Missing 3", "warn")),
        (an_upload(containers={State.REJECTED: 1}), ("Needs attention", "bad")),
        (an_upload(declared=1, counts={State.ACCEPTED: 1}, warnings=1), ("Complete, with warnings", "warn")),
    ],
)
def test_an_upload_shows_its_one_state(told, badge):
    shown = labels.choose_upload_badge(told)
    assert (shown.label, shown.tone) == badge


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"declared": 11, "counts": {State.ACCEPTED: 11}, "expected_images": 12}, "11 files accepted, 1 missing"),
        ({"declared": 11, "counts": {State.ACCEPTED: 11}, "duplicates": 11}, "All 11 files accepted, 11 already here"),
        ({"declared": 2, "counts": {State.ACCEPTED: 2}, "containers": {State.REJECTED: 1}},
         "All 2 files accepted, 1 archive rejected"),
        ({"containers": {State.REJECTED: 1}}, "No files, 1 archive rejected"),
        ({"declared": 1, "counts": {State.ACCEPTED: 1}, "expected": 1200}, "1 file accepted, 1,199 missing"),
    ],
)  # fmt: skip
def test_the_receipts_line_never_says_all_where_something_is_missing_or_refused(told, text):
    assert text == labels.describe_upload(an_upload(**told))


def test_archives_have_a_line_of_their_own():
    one = an_upload(announced=1, declared=11, containers={State.ACCEPTED: 1}, counts={State.ACCEPTED: 11})
    assert labels.describe_archives(one) == "1 archive, 11 files in it"
    two = an_upload(announced=3, declared=12, containers={State.ACCEPTED: 2}, counts={State.ACCEPTED: 12})
    assert labels.describe_archives(two) == "2 archives, 11 files in them"
    assert not labels.describe_archives(upload(2, accepted=2))


def test_what_is_short_of_the_expected_is_told_in_the_words_of_the_question():
    short = an_upload(declared=57, counts={State.ACCEPTED: 57}, expected_images=60)
    assert labels.describe_shortage(short) == "3 images of the 60 that you expected are missing."
    assert labels.describe_shortage(an_upload(declared=1, counts={State.ACCEPTED: 1}, expected=2)) == (
        "1 file of the 2 that you expected is missing."
    )
    assert not labels.describe_shortage(upload(2, accepted=1, expired=1))


def test_counts_that_lag_behind_leave_an_upload_waiting():
    assert upload(5, accepted=2).waiting == 3
    assert upload(1, accepted=2).waiting == 0


def test_an_upload_without_a_reference_is_named_by_how_it_came():
    assert labels.name_upload(an_upload(reference="Batch 7")) == "Batch 7"
    assert labels.name_upload(an_upload(source=Source.DIRECT)) == "Files dropped into S3"
    assert labels.name_upload(an_upload()) == "Upload without a reference"


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (
            {"declared": 2, "counts": {State.ACCEPTED: 1, State.REJECTED: 1}, "causes": {"0#truncated": 1}},
            "Send corrected files",
        ),
        ({"declared": 2, "counts": {State.ACCEPTED: 2}, "causes": {"0#truncated": 0}}, ""),
        ({"declared": 1, "counts": {State.REJECTED: 1}, "causes": {"0#malware-found": 1}}, ""),
        ({"declared": 1, "counts": {State.FAILED: 1}, "causes": {"1#": 1}}, ""),
        ({"declared": 1, "counts": {State.ACCEPTED: 1}, "causes": {"3#truncated": 1}}, ""),
        ({"declared": 2, "expected": 3, "counts": {State.ACCEPTED: 2}}, "Send missing files"),
        ({"declared": 2, "expected": 3, "counts": {State.AWAITING_UPLOAD: 2}}, ""),
    ],
)
def test_a_list_leads_to_the_repair_where_files_that_are_sent_would_repair_something(told, word):
    assert labels.invite_repair(an_upload(**told), ("malware-found",)) == word
