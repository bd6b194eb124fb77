"""The gateway's list of clients."""

from datetime import timedelta

from intake.tenants.gateway import JwtAuthorizer, sync_audience
from intake.tenants.model import Partner
from tests.fakes import FakeDirectory, FakeGateway
from tests.records import NOON

OURS = {"ApiId": "api", "AuthorizerId": "authorizer"}


class Control:
    """The control plane of one authorizer."""

    def __init__(self):
        self.configuration = {"Audience": ["web"], "Issuer": "https://issuer.test"}
        self.updates = 0

    def get_authorizer(self, **given):
        assert given == OURS
        return {"JwtConfiguration": self.configuration}

    def update_authorizer(self, **given):
        self.updates += 1
        self.configuration = given.pop("JwtConfiguration")
        assert given == OURS


def test_the_list_is_written_when_it_differs_and_left_alone_when_not():
    control = Control()
    gateway = JwtAuthorizer(control, "api", "authorizer")
    assert gateway.admit({"web", "p1"})
    assert control.configuration == {"Audience": ["p1", "web"], "Issuer": "https://issuer.test"}
    assert not gateway.admit(["web", "p1"])
    assert control.updates == 1


def test_partners_that_work_stand_on_it_and_those_that_ended_do_not():
    directory, gateway = FakeDirectory(), FakeGateway()
    for client_id, ends_at in (("p1", None), ("p2", NOON + timedelta(days=1)), ("p3", NOON)):
        directory.save_partner(Partner(client_id, "northside", "P", frozenset(), ends_at=ends_at))
    assert sync_audience(gateway, directory, {"web", "cli"}, NOON)
    assert gateway.admitted == {"web", "cli", "p1", "p2"}
