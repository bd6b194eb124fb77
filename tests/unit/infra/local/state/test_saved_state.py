"""A state is whole, or it is told why not, and the last whole one comes back."""

import errno
import json
import os
import shutil

import pytest

from infra.errors import RunnerError
from infra.local.state.saved_state import SavedState, report_unwritable

TABLE = "Scalper-Records-1"


class Emulator:
    """Writes its files as the emulator does: each anew, and then in the place of the one before."""

    def __init__(self, folder):
        self.services, self.said, self.asked = folder / "services", [], []
        self.saved = SavedState(folder)

    def start(self, *, agrees=False):
        def confirm(question):
            self.asked.append(question)
            return agrees

        self.saved.open(self.said.append, confirm)

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
    return {"StackName": "Scalper", "StackStatus": status, "_resources": resources}


@pytest.fixture
def emulator(tmp_path):
    """One that has run once, with one file, and was stopped whole."""
    one = Emulator(tmp_path)
    one.start()
    one.stop(files=1)
    assert one.saved.close() is None
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
    assert emulator.saved.close() == f"{unwritten}.json was not written"
    emulator.start(agrees=True)
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
    emulator.start(agrees=True)
    assert emulator.files() == 1
    assert "dynamodb.json is half written" in emulator.said[0]


def test_going_back_can_be_repeated(emulator):
    for _ in range(3):
        emulator.start()
    assert emulator.files() == 1
    assert emulator.asked == []
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
    assert emulator.saved.close() is None
    assert emulator.saved.list_standing() == (set(), set())


def test_streams_are_read_from_their_start_and_the_kept_file_stays_as_it_was(emulator):
    emulator.write("lambda", {"dynamodb_stream_positions": {"a": 3}, "functions": {}})
    emulator.start()
    assert json.loads((emulator.services / "lambda.json").read_text())["payload"] == {"functions": {}}


def test_what_is_being_written_is_told_with_its_size(emulator):
    assert emulator.saved.describe_writing() == ""
    (emulator.services / "dynamodb.json.tmp").write_bytes(bytes(3_200_000))
    assert emulator.saved.describe_writing() == "dynamodb.json, 3 MB"


def test_what_was_written_after_the_last_whole_state_is_left_as_it_is_until_somebody_agrees(emulator):
    emulator.start()
    emulator.stop(files=2, without=["sqs"])
    left = {file.name: file.read_bytes() for file in emulator.services.iterdir()}
    for _ in range(2):
        with pytest.raises(RunnerError, match=r"sqs.json was not written. The last whole one is of 20.*--go-back"):
            emulator.start()
    assert {file.name: file.read_bytes() for file in emulator.services.iterdir()} == left
    assert emulator.asked[0].endswith("Go on from there, and keep what is newer aside?")
    emulator.start(agrees=True)
    assert emulator.files() == 1
    aside = emulator.services.with_name("services.incomplete")
    assert {file.name: file.read_bytes() for file in aside.iterdir()} == left


@pytest.mark.parametrize("damage", ["damaged", "half written"])
def test_a_state_that_is_damaged_after_its_stop_offers_the_one_of_the_stop_before(emulator, damage):
    emulator.start()
    emulator.stop(files=2)
    assert emulator.saved.close() is None
    harmed = "dynamodb.json" if damage == "damaged" else "dynamodb.json.tmp"
    (emulator.services / harmed).write_text('{"payload": {"tab')
    with pytest.raises(RunnerError, match=rf"{damage}.*The last whole one is of 20.*Nothing has been changed"):
        emulator.start()
    emulator.start(agrees=True)
    assert emulator.files() == 1
    assert "goes on from the last whole one" in emulator.said[0]
    assert (emulator.services.with_name("services.incomplete") / harmed).exists()


def test_a_copy_that_is_damaged_too_is_not_gone_back_to(emulator):
    emulator.start()
    (emulator.services / "dynamodb.json.tmp").touch()
    (emulator.services.with_name("services.before") / "dynamodb.json").write_text("{")
    with pytest.raises(RunnerError, match="and of the copy kept beside it"):
        emulator.start(agrees=True)


def test_a_first_run_that_deployed_and_wrote_little_is_not_whole(tmp_path):
    one = Emulator(tmp_path)
    one.start()
    one.saved.note_deployment()
    one.write("eventbridge", {"rules": {}})
    assert one.saved.close() == "cloudformation.json was not written"
    with pytest.raises(RunnerError, match=r"There is no whole one before it.*To begin afresh"):
        one.start()
    one.start(agrees=True)
    assert not any(one.services.glob("*.json"))


def test_a_run_in_which_nothing_changed_leaves_nothing_to_tell(emulator):
    emulator.start()
    emulator.saved.release()
    emulator.start()
    assert (emulator.files(), emulator.said) == (1, [])


def test_a_state_of_a_newer_emulator_is_refused_and_stays(emulator):
    file = emulator.services / "sqs.json"
    file.write_text(file.read_text().replace('"__ministack_format__": 2', '"__ministack_format__": 9'))
    with pytest.raises(RunnerError, match=r"sqs.json was written by a newer emulator \(format 9; this one reads 2\)"):
        emulator.start(agrees=True)
    assert '"__ministack_format__": 9' in file.read_text()


@pytest.mark.parametrize(("written", "named"), [("1.4.0\n", "1.4.0"), (None, "an older version")])
def test_a_state_of_an_older_emulator_is_told_of_once_and_taken_up(emulator, written, named):
    note = emulator.services.with_name("emulator-version")
    note.unlink()
    if written:
        note.write_text(written)
    for _ in range(2):
        emulator.start()
        emulator.stop()
        emulator.saved.close()
    (told,) = emulator.said
    assert told.startswith(f"The saved state was written by {named} of the emulator, and is taken up by ")


def test_a_copy_that_broke_off_halfway_is_never_taken_for_a_whole_one(emulator, monkeypatch):
    def break_off(_source, _target):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", break_off)
        broken.setattr(shutil, "copy2", break_off)
        with (
            pytest.raises(RunnerError, match=r"cannot be written: .*No space left"),
            report_unwritable(emulator.services.parent),
        ):
            emulator.start()
    emulator.start()
    assert (emulator.files(), emulator.said) == (1, [])


def test_what_a_stack_should_find_is_listed(emulator):
    assert emulator.saved.list_standing() == ({"Scalper"}, {TABLE})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path, number):
    said = r"The state folder .* cannot be written: .*\(local.json\)\."
    with pytest.raises(RunnerError, match=said), report_unwritable(tmp_path):
        raise OSError(number, os.strerror(number), "local.json")


def test_other_faults_are_not_taken_for_the_folder_s(tmp_path):
    with pytest.raises(FileNotFoundError), report_unwritable(tmp_path):
        raise FileNotFoundError
