"""Who may call which route: declared for each, and checked before its own code."""

import re
from itertools import product

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import PlainTextResponse

from portal.api import dependencies as api
from portal.app import create_app
from portal.http.access_table import ROUTES, Access
from portal.http.sessions import session_cookies
from tests.unit.portal.pool import access_token, partner_token
from tests.unit.portal.portal_fixture import list_declared, put_cookie

PAGES = {Access.STAFF, Access.CLINIC, Access.LEAD, Access.ADMIN}
SCOPES = {Access.READ, Access.UPLOAD, Access.WEBHOOKS}
API = SCOPES | {Access.ADMIN_API}
ADMIN = {"sub": "admin-1", "cognito:groups": ["admin"]}


def path_of(template):
    return re.sub(r"\{[^}]+\}", "x", template)


def rows(*accesses):
    return [row.split(" ", 1) for row, access in ROUTES.items() if access in accesses]


def partner_in_the_cookies(portal, client=None):
    """Return a browser with a partner's token in a session that the portal itself has sealed."""
    client = client or portal.visitor()
    scopes = "scalper/read scalper/upload scalper/webhooks"
    claims = {"cognito:groups": None, "sub": "partner-1", "client_id": "partner-1", "scope": scopes}
    session = portal.session(**claims)
    portal.put(session, client)
    client.headers["x-csrf-token"] = session.csrf_token
    return client


def test_every_route_says_whom_it_admits(portal):
    declared = list(list_declared(portal.app))
    assert [f"{one.method} {one.path}" for one in declared if one.access is None] == []
    assert len(declared) > 100


def test_every_row_is_of_a_route(portal):
    routes = {f"{one.method} {one.path}" for one in list_declared(portal.app)}
    assert set(ROUTES) - routes == set()


def test_every_route_passes_the_check_under_the_path_where_it_answers(portal):
    for route in iter_route_contexts(portal.app.routes):
        assert isinstance(route.original_route, APIRoute), route.path
        assert route.original_route.path == route.path


def test_no_route_wants_more_than_its_row_asks_for(portal):
    """What a function depends on to know who asks is what its row has made sure of."""
    wanted = {
        session_cookies.require_admin: {Access.ADMIN},
        session_cookies.require_staff: PAGES,
        session_cookies.require_lead: {Access.LEAD},
        api.caller: SCOPES,
        api.admin: {Access.ADMIN_API},
        api._administrator: {Access.ADMIN_API},
    }
    wanted |= {api._writer: {Access.UPLOAD}, api._keeper: {Access.WEBHOOKS}, api._taker: {Access.READ}}
    for route in iter_route_contexts(portal.app.routes):
        for method, call in product(route.methods, calls(route.dependant)):
            row = f"{'GET' if method == 'HEAD' else method} {route.path}"
            assert ROUTES[row] in wanted.get(call, set(Access)), row


def calls(dependant: Dependant):
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls(inner)


def test_the_api_is_for_tokens_and_everything_else_is_not(portal):
    machines = {row.split(" ", 1)[1] for row, access in ROUTES.items() if access in API}
    assert all(path.startswith(("/api/v1/", "/dicomweb/")) for path in machines)
    others = {row.split(" ", 1)[1] for row, access in ROUTES.items() if access not in API}
    assert not [path for path in others if path.startswith(("/api/v1/", "/dicomweb/"))]


def test_a_route_without_a_row_answers_403_and_does_nothing(portal):
    done = []
    portal.app.add_api_route("/new", lambda: done.append(1), methods=["GET", "POST"])
    router = APIRouter()
    router.add_api_route("/health", lambda: done.append(1))
    portal.app.include_router(router, prefix="/deep")
    for client in (portal.visitor(), portal.browser(), portal.admin(), portal.machine()):
        client.headers["origin"] = portal.origin
        assert client.get("/new").status_code == 403
        assert client.post("/new").status_code == 403
    assert done == []


def test_another_method_of_a_declared_path_is_not_declared(portal):
    done = []
    portal.app.add_api_route("/health", lambda: done.append(1), methods=["POST"])
    assert portal.visitor().post("/health").status_code == 403
    assert done == []


def test_what_is_mounted_past_the_check_is_withheld(portal):
    portal.app.mount("/mounted", PlainTextResponse("a patient's name"))
    answer = portal.admin().get("/mounted/x")
    assert answer.status_code == 403
    assert "patient's name" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_plain_route_past_the_check_is_withheld(portal):
    portal.app.add_route("/plain", lambda _request: PlainTextResponse("a patient's name"))
    assert "patient's name" not in portal.admin().get("/plain").text


def test_a_partners_token_in_the_cookies_opens_no_page(portal):
    client = partner_in_the_cookies(portal)
    for method, path in rows(*PAGES):
        # The last answer had the browser forget the session.
        partner_in_the_cookies(portal, client)
        answer = client.request(method, path_of(path))
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/sign-in?"), (method, path)


def test_no_bearer_token_opens_a_page(portal):
    for token in (access_token(), access_token(**ADMIN), partner_token()):
        client = portal.machine(token)
        client.headers["origin"] = portal.origin
        assert {client.request(method, path_of(path)).status_code for method, path in rows(*PAGES)} == {401}


def test_no_session_opens_the_api(portal):
    for client in (portal.browser(), portal.admin(), portal.visitor()):
        assert {client.request(method, path_of(path)).status_code for method, path in rows(*API)} == {401}


@pytest.mark.parametrize("held", sorted(SCOPES))
def test_each_operation_takes_its_own_scope_and_no_other(portal, held):
    client = portal.machine(partner_token(scope=held))
    for method, path in rows(*SCOPES):
        answer = client.request(method, path_of(path))
        assert (answer.status_code == 403) == (ROUTES[f"{method} {path}"] != held), (method, path)


def test_a_token_does_not_widen_what_the_directory_lets_a_partner_do(portal):
    partner = portal.directory.partners_by_id["partner-1"]
    portal.directory.save_partner(partner.__class__("partner-1", "northside", "RIS", frozenset({"scalper/upload"})))
    assert portal.machine().get("/api/v1/files").json()["scope"] == "scalper/read"


def test_what_the_api_has_for_admins_opens_to_a_token_of_theirs_and_to_no_other(portal):
    lead = access_token(**{"cognito:groups": ["clinic:northside", "lead:northside"]})
    several = access_token(**{"cognito:groups": ["clinic:northside", "clinic:lakeview"]})
    named_admin = access_token(sub="partner-1", client_id="partner-1", **{"cognito:groups": ["admin"]})
    for method, path in rows(Access.ADMIN_API):
        for token in (access_token(), lead, partner_token(), named_admin):
            answer = portal.machine(token).request(method, path_of(path))
            assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "forbidden")
        assert portal.machine(several).request(method, path_of(path)).status_code == 403
        assert portal.machine("no.admins.token").request(method, path_of(path)).status_code == 401
        assert portal.machine(access_token(**ADMIN)).request(method, path_of(path)).status_code not in {401, 403}


def test_pages_of_admins_and_of_leads_open_to_no_clinics_staff(portal):
    client = portal.browser()
    for access in (Access.ADMIN, Access.LEAD):
        assert {client.request(method, path_of(path)).status_code for method, path in rows(access)} == {403}


def test_what_is_done_for_a_clinic_is_not_done_by_admins(portal):
    client = portal.admin()
    for method, path in rows(Access.CLINIC, Access.LEAD):
        answer = client.request(method, path_of(path))
        assert (answer.status_code, "does not belong to exactly one clinic" in answer.text) == (403, True), (
            method,
            path,
        )


def test_what_is_for_anybody_asks_for_nobody(portal):
    client = portal.visitor()
    for method, path in rows(Access.ANYBODY):
        assert client.request(method, path_of(path)).status_code in {200, 303, 400, 404}, (method, path)


def test_staff_may_use_their_token_as_bearer_of_the_api(portal):
    assert portal.machine(access_token()).get("/api/v1/files").status_code == 200
    assert portal.machine(access_token(**ADMIN)).get("/api/v1/files").status_code == 200
    assert portal.machine(access_token(**ADMIN)).post("/api/v1/uploads", json={}).status_code == 403


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "FOO"])
def test_other_methods_are_refused_before_anybody_is_asked(portal, method):
    client = portal.visitor()
    assert client.request(method, "/files").status_code == 405
    assert client.request(method, "/api/v1/files").status_code == 405
    assert client.request(method, "/nowhere").status_code == 404


def test_the_methods_that_an_address_takes_are_told(portal):
    client = portal.visitor()
    assert client.post("/health").headers["allow"] == "GET"
    assert client.post("/static/app.css").headers["allow"] == "GET, HEAD"
    assert client.delete("/api/v1/uploads").headers["allow"] == "GET, POST"


def test_a_head_asks_for_what_a_get_asks(portal):
    assert portal.visitor().head("/api/openapi.json").status_code == 200
    assert portal.visitor().head("/static/none.css").status_code == 404


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic {0}", "{0}", "bearer\t{0}", "Bearer {0},{0}"])
def test_a_token_is_taken_in_one_form_only(portal, value):
    headers = {"authorization": value.format(partner_token())}
    assert portal.visitor().get("/api/v1/files", headers=headers).status_code == 401


def test_a_token_elsewhere_than_in_its_header_is_none(portal):
    token = partner_token()
    client = portal.visitor()
    put_cookie(client, f"authorization=Bearer {token}")
    headers = {"x-authorization": f"Bearer {token}", "proxy-authorization": f"Bearer {token}"}
    assert client.get(f"/api/v1/files?access_token={token}&token={token}", headers=headers).status_code == 401


def test_every_session_is_sealed_so_that_nobody_makes_one_of_a_token(portal):
    """The attack as it was found: cookies written by hand around a partner's genuine token."""
    for secret, seen in (("A" * 43, "1764450000"), ("", ""), ("x" * 2000, "9" * 11)):
        client = portal.visitor()
        values = {"session": f"{secret}.{seen}.RHIuIEZvcmdlZA", "access": partner_token(), "refresh": "x"}
        for role, value in values.items():
            put_cookie(client, f"__Host-scalper-{role}={value}")
        assert client.get("/files").headers["location"].startswith("/sign-in")


def test_an_app_is_made_anew_with_the_same_table(portal):
    assert list(list_declared(create_app(portal.services))) == list(list_declared(portal.app))
