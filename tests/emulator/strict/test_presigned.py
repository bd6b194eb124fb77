"""Presigned requests, tampered with where signatures are asked for: all cases count but those that only AWS refuses."""

import pytest

from infra.local.demo import SCOPES
from intake.tenants.model import Clinic
from tests.attack import people, presigned
from tests.attack.report import Attack
from tests.emulator.partner import PartnerClient


@pytest.fixture(scope="module")
def other(stack, api_url):
    """A partner of another clinic."""
    people.directory_of(stack).save_clinic(Clinic("hillside", "Hillside Clinic"))
    machine = people.create_machine(stack, "hillside", "Hillside RIS", frozenset(SCOPES))
    people.admit(stack)
    with PartnerClient(api_url, people.token_of(stack, machine.client_id, machine.secret)) as partner:
        yield partner


def test_what_was_signed_is_what_is_taken_and_nothing_else(stack, api_url, other):
    report = Attack(presigned.NAME, presigned.LEAST)
    with PartnerClient.of(stack, api_url) as holder:
        presigned.Tampering(holder.http, other.http, stack, report, everything_enforced=True).run()

    print(*report.notes)
    assert report.breaches == []
    assert not report.failed
