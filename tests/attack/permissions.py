"""Who may ask what: the suite's own table, by the beginning of an address. The portal's declarations must agree."""

from collections.abc import Iterator

from portal.http.access_table import Access
from portal.http.security import SAFE_METHODS
from tests.attack.addresses import Address
from tests.attack.callers import Caller, Standing
from tests.unit.portal.portal_fixture import Portal, list_declared

READ, UPLOAD, WEBHOOKS = "scalper/read", "scalper/upload", "scalper/webhooks"

OPEN = frozenset(
    {
        "/",
        "/health",
        "/sign-in",
        "/signed-out",
        "/sign-out",
        "/auth/callback",
        "/.well-known/oauth-protected-resource",
        "/api/docs",
        "/api/docs/problems/{slug}",
        "/api/openapi.json",
        "/static/{path:path}",
        # By a link and its code, which nobody of the callers has.
        "/language",
        "/shared",
        "/shared/content",
    }
)
"""For everybody; nothing that they tell is anybody's."""

OF_ADMINS = "/api/v1/rebuilds"
"""Of the API; their pages begin with `/admin`."""

OF_LEADS = ("/people", "/settings/language")


def scope_of(address: Address) -> str:
    """Return the scope that an operation of the API asks for."""
    if address.route.startswith("/api/v1/webhooks"):
        return WEBHOOKS
    if address.route == "/api/v1/files/{file_id}/parts":
        return UPLOAD
    # What a study or an upload holds is read by POST, since that is noted.
    if address.method == "POST" and address.route.endswith("/content"):
        return READ
    return READ if address.method in SAFE_METHODS else UPLOAD


def may(caller: Caller, address: Address) -> bool | None:
    """Say whether a caller may be let in; None where this table has no opinion."""
    if address.route in OPEN:
        return None
    if caller.standing in {Standing.NOBODY, Standing.DISABLED}:
        return False
    if address.is_api:
        return _may_at_api(caller, address)
    # Pages are for people, and people come with cookies.
    if caller.by_bearer or caller.standing is Standing.PARTNER:
        return False
    return _may_at_pages(caller, address)


def _may_at_pages(caller: Caller, address: Address) -> bool | None:
    if address.route.startswith(OF_LEADS):
        # Among the callers is no lead.
        return False
    if address.route.startswith("/admin"):
        return caller.standing is Standing.ADMIN
    return True if caller.standing is Standing.STAFF else None


def _may_at_api(caller: Caller, address: Address) -> bool | None:
    """The API is for machines, and they come with a bearer token that has the scope, or is an admin's."""
    if not caller.by_bearer:
        return False
    if address.route.startswith(OF_ADMINS):
        return caller.standing is Standing.ADMIN
    return scope_of(address) in caller.scopes if caller.standing is Standing.PARTNER else None


def contradictions() -> Iterator[str]:
    """Tell where what the portal declares of a route is not what this table says."""
    for one in list_declared(Portal().app):
        expected = _expected(Address(one.method, one.path))
        if one.access not in expected:
            yield f"{one.method} {one.path} is declared for {one.access or 'nobody'}, not for {' or '.join(expected)}"


def _expected(address: Address) -> set[Access]:
    if address.route in OPEN:
        return {Access.ANYBODY}
    if address.route.startswith(OF_ADMINS):
        return {Access.ADMIN_API}
    if address.is_api:
        return {Access(scope_of(address))}
    if address.route.startswith(OF_LEADS):
        return {Access.LEAD}
    return {Access.ADMIN} if address.route.startswith("/admin") else {Access.STAFF, Access.CLINIC}
