"""Forged tokens, at the portal, behind the gateway and in a session's cookies: every one is the same 401."""

from collections.abc import Iterator
from typing import Any

import httpx

from tests.attack import answers
from tests.attack.forgeries import all_of
from tests.attack.forging import Forger, Pool
from tests.attack.people import token_of
from tests.attack.report import Attack
from tests.attack.world import World

NAME = "tokens"
LEAST = 150
LONGEST = 8 * 1024
"""Characters of a header that is read."""
ROUTE = "/api/v1/files?limit=1"
PAGE = "/files"
FLIPS = 40
SHORTENED = 6
"""One of so many is tried in the short form."""


def attack(world: World, report: Attack, *, short: bool) -> None:
    forger = forger_of(world)
    _check_controls(world, forger, report)
    dice = world.dice(NAME)
    web_client = world.stack.outputs["WebClientId"]
    forged = list(all_of(forger, web_client, dice, flips=FLIPS))
    if short:
        forged = dice.sample(forged, len(forged) // SHORTENED)
    refusal = answers.shape(_ask(world.http, world.portal + ROUTE, "x.y.z"))
    for name, token in (*forged, *_of_others(world)):
        _try(world, report, name, token, refusal)


def forger_of(world: World) -> Forger:
    pool = Pool(world.stack.outputs["UserPoolId"], world.state, world.stack.endpoint)
    return Forger(pool, world.token(world.all_scopes), world.staff.access_token)


def _check_controls(world: World, forger: Forger, report: Attack) -> None:
    """What is good is let in: else all the refusals below would say nothing."""
    controls = {
        "a partner's own token": forger.good,
        "a staff's own token": forger.staff,
        "a token signed by the pool's key": forger.saying(),
    }
    for name, token in controls.items():
        for base in (world.portal, world.gateway):
            answer = _ask(world.http, base + ROUTE, token)
            report.expect(answer.status_code == 200, f"control: {name} was answered with {answer.status_code}")


def _try(world: World, report: Attack, name: str, token: str, refusal: Any) -> None:
    answer = _ask(world.http, world.portal + ROUTE, token)
    # A header beyond 8 KiB is refused for its length, before anybody reads it: its sender chose that.
    too_long = len(token) > LONGEST and answer.status_code == 431
    report.expect(
        too_long or answers.shape(answer) == refusal, f"portal, {name}: {answer.status_code}, not the same 401"
    )
    answer = _ask(world.http, world.gateway + ROUTE, token)
    refused = answer.status_code in {400, 401, 403, 431} or answers.is_of_emulator(answer)
    report.expect(refused, f"gateway, {name}: {answer.status_code}")
    if token.isascii() and not set(token) & set(' \t,;"'):
        cookies = {**world.staff.cookies(), "scalper-access": token, "scalper-refresh": "none"}
        answer = world.http.get(world.portal + PAGE, headers={"cookie": answers.cookie(cookies)})
        report.expect(answer.status_code in {303, 401}, f"page, cookie with {name}: {answer.status_code}")


def _ask(http: httpx.Client, address: str, token: str) -> httpx.Response:
    # Bytes, for a token may hold what no header may say in letters.
    return http.get(address, headers=[(b"authorization", b"Bearer " + token.encode())])


def _of_others(world: World) -> Iterator[tuple[str, str]]:
    """Real tokens, of a pool or a client that are not ours, and real ones that are no access tokens."""
    cognito, pool = world.stack.clients.cognito, world.stack.outputs["UserPoolId"]
    other = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    scope = {"ScopeName": "read", "ScopeDescription": "Read."}
    cognito.create_resource_server(UserPoolId=other, Identifier="scalper", Name="Scalper", Scopes=[scope])
    strange = {"another pool's token": other, "a token of a client that the directory does not know": pool}
    for name, of in strange.items():
        client = cognito.create_user_pool_client(
            UserPoolId=of,
            ClientName="strange",
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=["scalper/read"],
            AllowedOAuthFlowsUserPoolClient=True,
        )["UserPoolClient"]
        yield name, token_of(world.stack, client["ClientId"], client["ClientSecret"])
        cognito.delete_user_pool_client(UserPoolId=of, ClientId=client["ClientId"])
    cognito.delete_user_pool(UserPoolId=other)
    yield "a refresh token", world.staff.tokens["refresh_token"]
    yield "an ID token", world.staff.tokens["id_token"]
