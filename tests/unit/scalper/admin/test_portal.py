"""What the command line asks of the portal and reads of its answers, held against the portal itself."""

from dataclasses import replace

import httpx
import pytest

from intake.recounts.model import Difference as Found
from scalper.admin.model import Difference
from scalper.admin.session import Rebuilds
from scalper.api.rest import RestApi
from scalper.api.retry import Retry
from scalper.errors import NotAdminError, NotFoundError
from tests.unit.portal.pool import CLI_CLIENT, access_token
from tests.unit.portal.portal_fixture import Portal
from tests.wired_portal import ORIGIN


class Tokens:
    """Of somebody who signed in from the command line."""

    def __init__(self, group):
        self._token = access_token(sub="admin-1", client_id=CLI_CLIENT, **{"cognito:groups": [group]})

    def get(self, *, instead_of=None):
        return self._token


@pytest.fixture
def portal():
    return Portal()


@pytest.fixture
def asked_by(portal):
    """Return the rebuilds of the portal, as somebody of a group asks for them."""

    def answer(request):
        headers = {name: value for name, value in request.headers.items() if name not in {"host", "accept-encoding"}}
        inner = portal.visitor()
        given = inner.request(request.method, request.url.raw_path.decode(), content=request.content, headers=headers)
        return httpx.Response(given.status_code, json=given.json())

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        yield lambda group: Rebuilds(RestApi(ORIGIN, http, Retry(), Tokens(group)))


def test_what_an_admin_starts_follows_and_stops_is_what_the_portal_keeps(portal, asked_by):
    rebuilds = asked_by("admin")
    started = rebuilds.start(clinic_id="northside", dry_run=False, read_units_per_second=50)
    (job,) = portal.rebuild_jobs.jobs.values()
    assert (job.job_id, job.clinic_id, job.mends, job.units_per_s) == (started.rebuild_id, "northside", True, 50)
    assert (started.state, started.dry_run, started.ended) == ("waiting", False, False)

    difference = Found("upload 01up", "accepted", 3, 5)
    portal.rebuild_jobs.jobs[job.job_id] = replace(
        job, looked_at=12, differences=1, busy=1, busy_units=("upload 01busy",), found=(difference,)
    )
    followed = rebuilds.read(started.rebuild_id)
    assert followed.found == (Difference("upload 01up", "accepted", 3, 5),)
    assert (followed.looked_at, followed.busy_units, followed.exact) == (12, ("upload 01busy",), False)

    assert rebuilds.stop(started.rebuild_id).state == "stopped"


def test_all_clinics_are_audited_where_nothing_is_named(portal, asked_by):
    started = asked_by("admin").start()
    assert (started.clinic_id, started.upload_id, started.dry_run) == (None, None, True)


def test_staff_of_a_clinic_are_told_that_it_is_for_admins(portal, asked_by):
    with pytest.raises(NotAdminError, match="for admins"):
        asked_by("clinic:northside").start()
    assert portal.rebuild_jobs.jobs == {}


@pytest.mark.parametrize("rebuild_id", ["01nobody", "../files", "a/b"])
def test_what_nobody_knows_is_not_found(asked_by, rebuild_id):
    with pytest.raises(NotFoundError):
        asked_by("admin").read(rebuild_id)
