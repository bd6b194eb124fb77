from datetime import UTC, datetime

from infra.build.texts import list_page_texts
from intake.files.model import TimelineEntry
from intake.files.states import State
from portal.presentation import labels
from processor.judge import judge
from processor.judge.dicom.dictionary.attributes import NUMBERS, TEXTS
from tests.document_files import SEEDS
from tests.records import WARNING, a_file
from tests.unit.processor.judge.sources import CountedSource


def test_every_state_has_a_look_of_its_own():
    badges = [*labels.STATE_BADGES.values(), labels.WARNED]
    assert set(labels.STATE_BADGES) == set(State)
    assert len({badge.icon for badge in badges}) == len(badges)
    assert len({badge.label for badge in badges}) == len(badges)


def test_an_accepted_file_with_warnings_does_not_look_merely_accepted():
    assert labels.choose_file_badge(a_file(state=State.ACCEPTED, findings=(WARNING,))) == labels.WARNED
    assert labels.STATE_BADGES[State.ACCEPTED] == labels.choose_file_badge(a_file(state=State.ACCEPTED))


def test_a_timeline_names_parts_and_no_ids_of_people():
    entry = TimelineEntry(datetime.now(UTC), "3f1c5b0e", "reserved")
    assert (labels.name_event(entry), labels.name_actor(entry)) == ("Announced", "Sender")
    assert labels.name_actor(TimelineEntry(entry.at, "sweep", "expired")) == "Housekeeping"
    assert labels.name_event(TimelineEntry(entry.at, "processor", "put_back")) == "Put back"


def test_each_key_that_the_judge_writes_has_a_label_in_the_catalogues():
    texts = [content for seed in SEEDS.values() for content in seed if isinstance(content, bytes)]
    assert len(texts) >= len(SEEDS)
    keys = {key for content in texts for key in list_keys(judge(CountedSource(content)).metadata)}
    keys |= {part for attribute in (*TEXTS, *NUMBERS) for part in attribute.key.split(".") if part}
    known = {text for _, text in list_page_texts()}
    assert {key for key in keys - {"Observation"} if labels.spell_key(key) not in known} == set()


def list_keys(metadata):
    """Yield the keys of metadata, those within others too."""
    for key, value in metadata.items():
        yield key
        if isinstance(value, dict):
            yield from list_keys(value)
