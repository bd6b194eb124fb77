"""Ids of outside facts: nobody computes them without the secret, and no two clinics share one."""

import hashlib
import hmac

import pytest

from intake.files.keys import UNASSIGNED, KeyedIds, is_file_id, is_study_id, is_upload_id
from intake.table.table import Table, TableSecret
from tests.records import IDS, NOON
from tests.unit.intake.conftest import TABLE

OTHER = KeyedIds(lambda: b"another-tables-secret")


def made(ids, clinic_id="northside", fact="1.2.3"):
    """Return an id of every kind that follows from a clinic and one fact."""
    dropped = ids.place_direct("incoming", f"{clinic_id}/{fact}", "v1", NOON)
    return {
        "study": ids.study(clinic_id, fact),
        "series": ids.series(clinic_id, fact),
        "patient": ids.patient(clinic_id, fact).partition("#")[2],
        "upload": dropped.upload_id,
        "file": dropped.file_id.partition("-")[2],
        "address": ids.address(clinic_id, fact),
    }


def test_ids_are_the_same_whoever_makes_them_with_the_same_secret():
    assert made(IDS) == made(KeyedIds(lambda: b"a-tables-secret"))


def test_no_id_is_known_to_whoever_lacks_the_secret():
    assert not set(made(IDS).values()) & set(made(OTHER).values())


def test_two_clinics_share_no_id_of_the_same_facts():
    assert not set(made(IDS).values()) & set(made(IDS, "lakeview").values())


def test_ids_of_two_kinds_never_meet_though_their_facts_are_the_same():
    ids = made(IDS)
    assert len({text[-16:] for text in ids.values()}) == len(ids)
    assert ids["study"] != IDS.series("northside", "1.2.3")


def test_facts_do_not_run_into_each_other():
    assert IDS.study("ab", "c") != IDS.study("a", "bc")
    assert IDS.series("ab", "c") != IDS.series("a", "bc")
    assert IDS.address("ab", "c") != IDS.address("a", "bc")


def test_no_id_is_the_plain_digest_that_it_once_was():
    """An attack computed another clinic's study ids from the UIDs on its referrals."""
    facts = [("study", "northside", "1.2.3"), ("series", "1.2.3"), ("direct", "northside", "2026-11-22")]
    plain = {hashlib.sha256("\0".join(fact).encode()).digest()[:16] for fact in facts}
    assert not {_number(text) for text in made(IDS).values() if len(text) == 26} & {
        int.from_bytes(digest, "big") for digest in plain
    }


def _number(text):
    number = 0
    for character in text:
        number = number << 5 | "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    return number


def test_a_study_says_whose_it_is_before_anything_is_read():
    study = IDS.study("northside", "1.2.3")

    assert is_study_id(study)
    assert IDS.is_study_of("northside", study)
    assert not IDS.is_study_of("lakeview", study)
    assert not OTHER.is_study_of("northside", study)
    for text in ("", study[:-1], study + "0", "z" * 26, IDS.series("northside", "1.2.3")):
        assert not IDS.is_study_of("northside", text)


def test_a_patients_key_is_what_it_was_so_that_what_was_judged_before_is_found():
    digest = hmac.digest(b"a-tables-secret", b"northside\0test-1", hashlib.sha256)[:20].hex()
    assert IDS.patient("northside", " Test-1 ") == f"northside#{digest}"
    assert IDS.patient("northside", "  ") == ""


@pytest.mark.parametrize("text", ["\ud800", "é", "x" * 5000, "\0", ""])
def test_whatever_senders_write_has_an_id(text):
    dropped = IDS.place_direct("incoming", f"lakeview/{text}", None, NOON)
    assert is_upload_id(dropped.upload_id)
    assert is_file_id(dropped.file_id)
    assert is_study_id(IDS.study("lakeview", text))
    assert IDS.place_direct("incoming", text, None, NOON).clinic_id == UNASSIGNED


def test_the_secret_is_made_once_and_read_once_by_each_process(dynamodb):
    calls = []
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    first, second = (KeyedIds(TableSecret(Table(dynamodb, TABLE)).read) for _ in range(2))

    assert calls == []
    assert made(first) == made(second)
    assert made(first, "lakeview") == made(second, "lakeview")
    assert calls == ["GetItem", "PutItem", "GetItem"]


def test_two_that_make_the_secret_at_once_agree_on_it(dynamodb, monkeypatch):
    table, early = Table(dynamodb, TABLE), TableSecret(Table(dynamodb, TABLE))
    look = table.get
    monkeypatch.setattr(table, "get", lambda key: look(key) or (early.read() and None))

    assert TableSecret(table).read() == early.read()
