"""Tokens, got the way browsers and partners get them."""

import base64
import hashlib
import json
import secrets
import time
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx

from infra.local.clients import other_client
from infra.local.demo import Person
from infra.local.stack import LocalStack
from portal.auth.tokens import AccessClaims, digest_session
from portal.crypto.deployment_secrets import DeploymentKey
from portal.crypto.secrets_manager import StoredSecret
from portal.sign_in.cookies import Cookies, Session


def partner_token(stack: LocalStack) -> str:
    """Return an access token of the demo partner, by the client-credentials grant."""
    partner = stack.demo.partner
    answer = httpx.post(
        stack.token_url,
        data={"grant_type": "client_credentials"},
        auth=(partner.client_id, partner.client_secret),
    )
    return answer.raise_for_status().json()["access_token"]


def person_token(stack: LocalStack, person: Person) -> str:
    """Return an access token of someone who signs in by managed login."""
    return person_tokens(stack, person)["access_token"]


def person_tokens(stack: LocalStack, person: Person) -> dict[str, str]:
    """Return the tokens of someone who signs in by managed login: authorization code with PKCE.

    They are called `access_token`, `id_token` and `refresh_token`, as the token endpoint calls them.
    """
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    client, callback = stack.outputs["WebClientId"], f"{stack.outputs['PortalOrigin']}/auth/callback"
    request = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": callback,
        "scope": "openid email profile",
        "state": "state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with httpx.Client(base_url=stack.endpoint, follow_redirects=False) as browser:
        page = browser.get("/oauth2/authorize", params=request, follow_redirects=True).raise_for_status()
        form = {**_hidden_fields(page.text), "username": person.username, "password": person.password}
        (code,) = parse_qs(urlsplit(browser.post("/login", data=form).headers["location"]).query)["code"]
        grant = {
            "grant_type": "authorization_code",
            "client_id": client,
            "code": code,
            "redirect_uri": callback,
            "code_verifier": verifier,
        }
        return browser.post("/oauth2/token", data=grant).raise_for_status().json()


def signed_in_browser(stack: LocalStack, portal_url: str, person: Person) -> httpx.Client:
    """Return a browser in which somebody has signed in by managed login. It sends what scripts of its pages send."""
    browser = httpx.Client(base_url=portal_url, headers={"accept": "text/html", "origin": portal_url}, timeout=30)
    page = browser.get("/sign-in", follow_redirects=True).raise_for_status()
    form = {**_hidden_fields(page.text), "username": person.username, "password": person.password}
    callback = browser.post(f"{stack.endpoint}/login", data=form).headers["location"]
    browser.get(callback)
    kept = cookies_of(stack).read(browser.cookies)
    assert kept is not None, "nobody was signed in"
    browser.headers["x-csrf-token"] = kept.csrf_token
    return browser


def answered_sign_in(stack: LocalStack, url: str, person: Person) -> str:
    """Sign somebody in where a client led them, and return the address that a browser would go back to."""
    with httpx.Client(base_url=stack.endpoint, follow_redirects=False) as browser:
        page = browser.get(url, follow_redirects=True).raise_for_status()
        form = {**_hidden_fields(page.text), "username": person.username, "password": person.password}
        return browser.post("/login", data=form).headers["location"]


def opened_session(stack: LocalStack, token: str) -> Session:
    """Return a session around a token, as the callback of a sign-in opens it."""
    body = token.split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims = AccessClaims(
        subject=said["sub"],
        client_id=said["client_id"],
        groups=frozenset(),
        scopes=frozenset(),
        expires_at=said["exp"],
        partner=None,
        session_id=digest_session(said, token),
        signed_in_at=said.get("auth_time", said["iat"]),
    )
    return Session.new(claims, now=int(time.time()), display_name="Root", access_token=token, refresh_token="r" * 20)


def cookies_of(stack: LocalStack) -> Cookies:
    """Return what reads and writes the deployed portal's cookies, with its own key."""
    configuration = stack.clients.functions.get_function_configuration(FunctionName=stack.outputs["PortalFunction"])
    name = configuration["Environment"]["Variables"]["SCALPER_PORTAL_SECRET"]
    return Cookies(DeploymentKey(StoredSecret(other_client("secretsmanager", stack.at), name).read), secure=False)


class _HiddenFields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given.get("value") or ""


def _hidden_fields(page: str) -> dict[str, str]:
    parser = _HiddenFields()
    parser.feed(page)
    return parser.fields
