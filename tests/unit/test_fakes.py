"""Every fake is held against the adapter that it stands for (`tests/unit/intake/contracts`)."""

import ast

from tests.architecture.sources import ROOT

EXCUSED = {
    "FakeAthena": "It answers what a test gives it; the adapter is asked by stubs, and on the emulator.",
    "FakeDeliveries": "It writes down what it is asked; the adapter is held to moto's queue by test_sqs.py.",
    "FakeHookSubscriptions": "Its tokens are its own, and moto confirms any; the emulator sends real ones.",
    "FakeMachines": "moto's user pool wants a library of its own; the emulator's tests make and end clients.",
    "FakePeople": "As FakeMachines; the emulator's tests invite, disable and reset people.",
    "FakeUploadAudits": "It answers what a test gives it; the auditor is asked over a table by test_samples.py.",
    "FakeTopicSubscription": "No port: a row of FakeSubscribers.",
    "FakeWorker": "It counts; the adapter's one call is held to a stub by test_aws_lambda.py.",
}


def test_every_fake_is_held_against_its_adapter_or_excused():
    assert sorted(unheld(ROOT)) == sorted(EXCUSED)


def test_a_new_fake_wants_a_contract_and_an_import_of_it_is_none(tmp_path):
    for folder in ("tests/fakes", "tests/unit/any/contracts"):
        (tmp_path / folder).mkdir(parents=True)
    contract = tmp_path / "tests/unit/any/contracts/test_new.py"
    (tmp_path / "tests/fakes/new.py").write_text("class FakeNew: ...\n")
    contract.write_text("from tests.fakes import FakeNew\n")
    assert unheld(tmp_path) == {"FakeNew"}
    contract.write_text("from tests.fakes import FakeNew\nboth(FakeNew, DynamoNew)\n")
    assert unheld(tmp_path) == set()


def unheld(root):
    """Return the fakes that no contract speaks of, wherever contracts stand."""
    unit = root / "tests" / "unit"
    fakes = {node.name for node in nodes((root / "tests" / "fakes").glob("*.py")) if isinstance(node, ast.ClassDef)}
    contracts = [*unit.rglob("contracts/*.py"), *unit.rglob("test_revocations.py")]
    held = {node.id for node in nodes(contracts) if isinstance(node, ast.Name)}
    return {name for name in fakes if name.startswith("Fake")} - held


def nodes(paths):
    return (node for path in paths for node in ast.walk(ast.parse(path.read_text())))
