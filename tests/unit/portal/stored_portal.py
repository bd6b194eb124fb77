"""A portal wired as on AWS, on the table in moto: a fake signs people in, and every call that is made is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from botocore.client import BaseClient

from intake.table.expressions import SYSTEM
from intake.table.table import _SECRET_KEY, Table
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from portal.app import create_app
from portal.auth.lookups import KnownPartners, SigningKeys
from portal.auth.tokens import Verifier
from portal.sign_in.flow import SignIn
from portal.wiring import wire
from tests.records import IDS
from tests.unit.intake.conftest import TABLE
from tests.unit.portal.pool import CLI_CLIENT, ISSUER, WEB_CLIENT
from tests.unit.portal.portal_fixture import Portal
from tests.wired_portal import settings


def stored_portal(client) -> Portal:
    """Return a portal that has just begun to run, and remembers nothing."""
    table = Table(client, TABLE)
    table.put({**_SECRET_KEY, "secret": IDS._secret().hex()}, SYSTEM)
    for clinic_id, name in (("northside", "Northside Imaging"), ("lakeview", "Lakeview Clinic")):
        DynamoDirectory(table).save_clinic(Clinic(clinic_id, name))
    portal, wired = Portal(), wire(settings(table=TABLE))
    for remembered in (wired.known_clinics, wired.revocations._cache):
        # Of ten or twenty seconds a slow machine takes more between two pages.
        remembered._seconds = 3600
    verifier = Verifier(
        keys=SigningKeys(portal.key_server.fetch),
        issuer=ISSUER,
        web_client_id=WEB_CLIENT,
        cli_client_id=CLI_CLIENT,
        partner=KnownPartners(wired.directory).find,
        ended=wired.revocations.has_ended,
    )
    signs_in = {"verifier": verifier, "sign_in": SignIn(portal.pool, verifier, wired.settings)}
    portal.services = replace(wired, **signs_in, deployment_key=portal.services.deployment_key)
    portal.app = create_app(portal.services)
    return portal


@contextmanager
def told_calls() -> Iterator[list[str]]:
    """Tell each call of AWS of whatever service: operation, and index where it reads one."""
    made: list[str] = []
    call = BaseClient._make_api_call

    def tell(client, operation, parameters):
        made.append(" ".join(filter(None, (operation, parameters.get("IndexName")))))
        return call(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", tell):
        yield made
