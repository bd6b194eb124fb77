"""A state is whole, or it is told why not, and the last whole one comes back."""

import json

import pytest

from infra.errors import RunnerError
from infra.local.saved_state import SavedState

TABLE = "Scalper-Records-1"


class Emulator:
    """Writes its files as the emulator does: each anew, and then in the place of the one before."""

    def __init__(self, folder):
        self.services, self.said = folder / "services", []
        self.saved = SavedState(folder)

    def start(self):
        self.saved.open(self.said.append)

    def write(self, service, payload):
        part = self.services / f"{service}.json.tmp"
        part.write_text(json.dumps({"__ministack_format__": 2, "payload": payload}))
        part.replace(self.services / f"{service}.json")

    def stop(self, *, files=1, without=()):
        payloads = {
            "cloudformation": {"stacks": scoped("Scalper", a_stack())},
            "dynamodb": {"tables": scoped(TABLE, {"items": files})},
            "sqs": {"queues": scoped("Main", {"messages": files})},
            "sts": {},
        }
        for service, payload in payloads.items():
            if service not in without:
                self.write(service, payload)

    def files(self):
        content = json.loads((self.services / "dynamodb.json").read_text())["payload"]["tables"]["data"]
        return next(iter(content.values()))["items"]


def scoped(name, value):
    return {"__account_region_scoped__": True, "data": {f"000000000000\0us-east-1\0{name!r}": value}}


def a_stack(status="UPDATE_COMPLETE"):
    resources = {
        "Records": {"ResourceType": "AWS::DynamoDB::Table", "PhysicalResourceId": TABLE},
        "Main": {"ResourceType": "AWS::SQS::Queue", "PhysicalResourceId": "Main"},
        "Odd": {"ResourceType": "Custom::Thing", "PhysicalResourceId": "odd"},
    }
    return {"StackStatus": status, "_resources": resources}


@pytest.fixture
def emulator(tmp_path):
    """One that has run once, with one file, and was stopped whole."""
    one = Emulator(tmp_path)
    one.start()
    one.stop(files=1)
    one.saved.close()
    return one


def test_a_whole_state_is_read_again_and_nothing_is_told(emulator):
    emulator.start()
    emulator.stop(files=2)
    emulator.saved.close()
    emulator.start()
    assert (emulator.files(), emulator.said) == (2, [])


def test_a_stop_that_nobody_saw_the_end_of_is_whole_all_the_same(emulator):
    emulator.start()
    emulator.stop(files=2)
    emulator.start()
    assert (emulator.files(), emulator.said) == (2, [])


@pytest.mark.parametrize("unwritten", ["cloudformation", "dynamodb", "sqs"])
def test_a_service_that_could_not_be_written_is_named_and_the_last_whole_state_comes_back(emulator, unwritten):
    emulator.start()
    emulator.stop(files=2, without=[unwritten])
    with pytest.raises(RunnerError, match=rf"{unwritten}.json was not written.*next start goes back"):
        emulator.saved.close()
    emulator.start()
    assert emulator.files() == 1
    (told,) = emulator.said
    assert f"{unwritten}.json was not written" in told
    assert "goes on from the last whole one" in told
    (aside,) = emulator.services.parent.glob("services.incomplete")
    assert str(aside) in told


def test_one_that_was_killed_before_it_wrote_anything_goes_back_too(emulator):
    emulator.start()
    emulator.start()
    assert emulator.files() == 1
    assert "cloudformation.json was not written" in emulator.said[0]
    assert not (emulator.services.parent / "services.incomplete").exists()


def test_one_that_was_killed_in_the_middle_of_a_file_goes_back(emulator):
    emulator.start()
    emulator.stop(files=2)
    (emulator.services / "dynamodb.json.tmp").write_text('{"payload": {"tab')
    emulator.start()
    assert emulator.files() == 1
    assert "dynamodb.json is half written" in emulator.said[0]


def test_going_back_can_be_repeated(emulator):
    for _ in range(3):
        emulator.start()
    assert emulator.files() == 1
    emulator.stop(files=2)
    emulator.saved.close()
    emulator.start()
    assert emulator.files() == 2


def test_the_first_run_killed_before_it_wrote_anything_begins_afresh_and_says_so(tmp_path):
    one = Emulator(tmp_path)
    one.start()
    one.start()
    (told,) = one.said
    assert "nothing was written" in told
    assert "begins afresh" in told


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"dynamodb": {"tables": scoped("Another", {})}}, f"the table {TABLE} is missing"),
        ({"sqs": None}, "sqs.json is missing"),
        ({"s3": "{"}, "s3.json is damaged"),
        ({"s3": "[]"}, "s3.json is damaged"),
        ({"s3": ""}, "s3.json is damaged"),
    ],
)
def test_what_a_stack_names_and_is_not_there_is_told_before_anything_is_written(emulator, damage, said):
    for service, content in damage.items():
        if content is None:
            (emulator.services / f"{service}.json").unlink()
        elif isinstance(content, str):
            (emulator.services / f"{service}.json").write_text(content)
        else:
            emulator.write(service, content)
    before = {file.name: file.read_bytes() for file in emulator.services.iterdir()}
    with pytest.raises(RunnerError, match=said):
        emulator.start()
    assert {file.name: file.read_bytes() for file in emulator.services.iterdir()} == before


def test_a_stack_that_was_deleted_misses_nothing(emulator):
    emulator.start()
    emulator.stop()
    emulator.write("cloudformation", {"stacks": scoped("Scalper", a_stack("DELETE_COMPLETE"))})
    emulator.write("dynamodb", {"tables": {"__account_region_scoped__": True, "data": {}}})
    emulator.saved.close()


def test_streams_are_read_from_their_start_and_the_kept_file_stays_as_it_was(emulator):
    emulator.write("lambda", {"dynamodb_stream_positions": {"a": 3}, "functions": {}})
    emulator.start()
    assert json.loads((emulator.services / "lambda.json").read_text())["payload"] == {"functions": {}}


def test_what_is_being_written_is_told_with_its_size(emulator):
    assert emulator.saved.describe_writing() == ""
    (emulator.services / "dynamodb.json.tmp").write_bytes(bytes(3_200_000))
    assert emulator.saved.describe_writing() == "dynamodb.json, 3 MB"
