import pytest

from intake.events import Arrival, UnreadableEventError, arrivals, notification
from intake.record import ObjectVersion
from tests.records import NOON


def test_a_notification_tells_of_each_object_it_names():
    first = Arrival(ObjectVersion("incoming", "northside/a b+c/ü&?.dcm", "v1"), NOON)
    second = Arrival(ObjectVersion("incoming", "lakeview/2.dcm"), NOON)
    body = {"Records": [*notification(first)["Records"], *notification(second)["Records"]]}

    assert list(arrivals(body)) == [first, second]


def test_keys_come_url_encoded_with_plus_signs_for_spaces():
    body = notification(Arrival(ObjectVersion("incoming", "x", "v"), NOON))
    body["Records"][0]["s3"]["object"]["key"] = "northside/a+b%2Bc.dcm"

    assert next(arrivals(body)).object.key == "northside/a b+c.dcm"


def test_s3s_test_message_tells_of_nothing():
    assert not list(arrivals({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "incoming"}))


@pytest.mark.parametrize(("key", "size", "is_file"), [("a/", 0, False), ("a/", 3, True), ("a", 0, True)])
def test_what_has_a_folder_show_in_s3s_console_is_no_file(key, size, is_file):
    body = notification(Arrival(ObjectVersion("incoming", f"northside/{key}", "v1"), NOON))
    body["Records"][0]["s3"]["object"]["size"] = size

    assert len(list(arrivals(body))) == is_file


def test_removals_are_no_arrivals():
    body = notification(Arrival(ObjectVersion("incoming", "x", "v"), NOON))
    body["Records"][0]["eventName"] = "ObjectRemoved:Delete"

    assert not list(arrivals(body))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Records": None},
        {"Records": [{}]},
        {"Records": [{"eventName": 7}]},
        {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": "noon", "s3": {}}]},
        {
            "Records": [
                {
                    "eventName": "ObjectCreated:Put",
                    "eventTime": "2026-11-22T12:00:00",
                    "s3": {"bucket": {"name": "b"}, "object": {"key": "DOE^JOHN"}},
                }
            ]
        },
    ],
)
def test_what_is_no_event_is_refused_without_repeating_what_it_says(body):
    with pytest.raises(UnreadableEventError) as raised:
        list(arrivals(body))
    assert "DOE" not in str(raised.value)
    assert raised.value.__cause__ is None
