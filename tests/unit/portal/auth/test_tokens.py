"""Which tokens are trusted: never one that PyJWT rejects, and few that it accepts."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from intake.tenants.model import Partner
from portal.auth.lookups import SigningKeys
from portal.auth.tokens import MAX_TOKEN, Verifier
from portal.errors import InvalidTokenError
from tests.unit.portal.pool import (
    CLI_CLIENT,
    ISSUER,
    KID,
    WEB_CLIENT,
    FakeKeyServer,
    access_claims,
    access_token,
    encoded,
    header,
    id_token,
    jwk,
    partner_token,
    private_key,
    signed,
)

PARTNER = Partner("partner-1", "northside", "Northside RIS", frozenset({"scalper/upload"}))


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    partners = {PARTNER.client_id: PARTNER}
    keys = SigningKeys(FakeKeyServer().fetch)
    return Verifier(
        keys=keys,
        issuer=ISSUER,
        web_client_id=WEB_CLIENT,
        cli_client_id=CLI_CLIENT,
        partner=partners.get,
        ended=lambda *_: False,
    )


def public_pem() -> bytes:
    return (
        private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def oracle_accepts(token: str) -> bool:
    """Say whether PyJWT trusts the token, asked as strictly as it can be."""
    try:
        pyjwt.decode(
            token,
            pyjwt.PyJWK(jwk()).key,
            algorithms=["RS256"],
            issuer=ISSUER,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False},
        )
    except (pyjwt.InvalidTokenError, OverflowError):  # It stumbles over an infinite exp.
        return False
    return True


def hs256(key: bytes) -> str:
    parts = [encoded(json.dumps(part).encode()) for part in (header(alg="HS256"), access_claims())]
    return ".".join([*parts, encoded(hmac.digest(key, ".".join(parts).encode(), hashlib.sha256))])


def swapped(token: str, index: int, part: str) -> str:
    parts = token.split(".")
    parts[index] = part
    return ".".join(parts)


def other_spelling(part: str) -> str:
    """Return another text that lenient decoders read as the same bytes: the last character's spare bits set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(part) % 4
    return part[:-1] + alphabet[alphabet.index(part[-1]) ^ 1]


def payload_with_spare_bits() -> dict[str, Any]:
    claims = access_claims(pad="")
    while len(json.dumps(claims).encode()) % 3 == 0:
        claims["pad"] += "x"
    return claims


def duplicated(claims: dict[str, Any], member: str) -> bytes:
    return (json.dumps(claims)[:-1] + ", " + member + "}").encode()


NOW = int(time.time())
FORGED = {
    "alg none": lambda: ".".join([*signed(header(alg="none"), access_claims()).split(".")[:2], ""]),
    "alg none with a signature": lambda: signed(header(alg="none"), access_claims()),
    "alg in another case": lambda: signed(header(alg="rs256"), access_claims()),
    "HS256 with the public key's PEM": lambda: hs256(public_pem()),
    "HS256 with the JWK": lambda: hs256(json.dumps(jwk()).encode()),
    "RS512": lambda: signed(header(alg="RS512"), access_claims()),
    "PS256": lambda: signed(header(alg="PS256"), access_claims()),
    "no alg": lambda: signed({"kid": KID}, access_claims()),
    "no kid": lambda: signed({"alg": "RS256"}, access_claims()),
    "kid that is no text": lambda: signed(header(kid=1), access_claims()),
    "unknown kid": lambda: signed(header(kid="key-2"), access_claims(), key="key-2"),
    "another key under our kid": lambda: signed(header(), access_claims(), key="key-2"),
    "embedded jwk": lambda: signed(header(jwk=jwk("key-2")), access_claims(), key="key-2"),
    "jku": lambda: signed(header(jku="https://evil.example/keys"), access_claims(), key="key-2"),
    "x5u": lambda: signed(header(x5u="https://evil.example/cert"), access_claims()),
    "crit": lambda: signed(header(crit=["exp"]), access_claims()),
    "b64 false": lambda: signed(header(b64=False, crit=["b64"]), access_claims()),
    "another typ": lambda: signed(header(typ="JWE"), access_claims()),
    "header twice the same member": lambda: signed(duplicated(header(), '"alg": "RS256"'), access_claims()),
    "header that is a list": lambda: signed(b'["RS256"]', access_claims()),
    "header nested deep": lambda: signed(b"[" * 5000, access_claims()),
    "header that is not UTF-8": lambda: signed(b'{"alg": "RS256", "kid": "\xff"}', access_claims()),
    "payload twice the same member": lambda: signed(header(), duplicated(access_claims(), '"sub": "user-2"')),
    "payload that is a list": lambda: signed(header(), b"[]"),
    "payload nested deep": lambda: signed(header(), duplicated(access_claims(), f'"x": {"[" * 2000}{"]" * 2000}')),
    "payload nested a level too deep": lambda: signed(header(), duplicated(access_claims(), '"x": [[[[[[[[]]]]]]]]')),
    "payload with NaN": lambda: signed(header(), duplicated(access_claims(), '"x": NaN')),
    "payload of another token": lambda: swapped(access_token(), 1, access_token(sub="user-2").split(".")[1]),
    "payload in another spelling": lambda: _respelled(1),
    "signature in another spelling": lambda: _respelled(2),
    "padding": lambda: _respelled(1, padding=True),
    "white space": lambda: access_token() + "\n",
    "standard base64": lambda: access_token().replace("-", "+").replace("_", "/"),
    "two parts": lambda: access_token().rpartition(".")[0],
    "four parts": lambda: access_token() + ".AAAA",
    "five parts": lambda: access_token() + ".AAAA.AAAA",
    "empty": lambda: "",
    "too long": lambda: access_token(pad="x" * MAX_TOKEN),
    "another issuer": lambda: access_token(iss=ISSUER + "x"),
    "issuer in a list": lambda: access_token(iss=[ISSUER]),
    "no issuer": lambda: access_token(iss=None),
    "expired": lambda: access_token(iat=NOW - 7200, exp=NOW - 3600),
    "expired just now": lambda: access_token(iat=NOW - 3600, exp=NOW),
    "no exp": lambda: access_token(exp=None),
    "exp as text": lambda: access_token(exp=str(NOW + 600)),
    "exp as float": lambda: access_token(exp=NOW + 600.5),
    "exp true": lambda: access_token(exp=True),
    "exp huge": lambda: access_token(exp=10**30),
    "exp infinite": lambda: signed(header(), duplicated(access_claims(exp=None), '"exp": 1e999')),
    "no iat": lambda: access_token(iat=None),
    "iat as float": lambda: access_token(iat=NOW - 1.5),
    "iat in the future": lambda: access_token(iat=int(time.time()) + 300, exp=int(time.time()) + 600),
    "lives for a day": lambda: access_token(exp=NOW + 86400),
    "exp before iat": lambda: access_token(iat=NOW + 30, exp=NOW + 20),
    "not yet": lambda: access_token(nbf=int(time.time()) + 300),
    "nbf as float": lambda: access_token(nbf=NOW - 300.5),
    "no sub": lambda: access_token(sub=None),
    "empty sub": lambda: access_token(sub=""),
    "sub that is no text": lambda: access_token(sub=7),
    "ID token": lambda: id_token("n"),
    "refresh token": lambda: access_token(token_use="refresh"),
    "no token_use": lambda: access_token(token_use=None),
    "another client": lambda: access_token(client_id="stranger"),
    "no client": lambda: access_token(client_id=None),
    "clients in a list": lambda: access_token(client_id=[WEB_CLIENT]),
    "groups that are no list": lambda: access_token(**{"cognito:groups": "admin"}),
    "groups that are no texts": lambda: access_token(**{"cognito:groups": [["admin"]]}),
    "scope that is no text": lambda: access_token(scope=["scalper/read"]),
    "an audience": lambda: access_token(aud="somebody else"),
    "jti that is no text": lambda: access_token(jti=7),
}


def _respelled(index: int, *, padding: bool = False) -> str:
    token = signed(header(), payload_with_spare_bits())
    part = token.split(".")[index]
    return swapped(token, index, part + "=" * (-len(part) % 4) if padding else other_spelling(part))


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_token_is_refused(verifier, case):
    with pytest.raises(InvalidTokenError) as refusal:
        verifier.access(FORGED[case]())
    assert str(refusal.value) == "The token is not valid."
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("case", FORGED)
def test_no_token_is_accepted_that_pyjwt_rejects(verifier, case):
    token = FORGED[case]()
    assert accepts(verifier, token) <= oracle_accepts(token)


GENUINE = {
    "of staff": access_token,
    "of the console command": lambda: access_token(client_id=CLI_CLIENT, scope="openid"),
    "of a partner": partner_token,
    "with a typ": lambda: signed(header(typ="JWT"), access_claims()),
    "with nbf": lambda: access_token(nbf=NOW - 1),
    "without groups": lambda: access_token(**{"cognito:groups": None}),
    "with members we do not know": lambda: access_token(device_key="x", version=2),
}


@pytest.mark.parametrize("case", GENUINE)
def test_a_genuine_token_is_accepted_here_and_by_pyjwt(verifier, case):
    token = GENUINE[case]()
    assert accepts(verifier, token)
    assert oracle_accepts(token)


@dataclass
class Mutation:
    part: int
    position: int
    character: str


MUTATIONS = st.builds(
    Mutation,
    st.integers(0, 2),
    st.integers(0, 400),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ \n\x00é"),
)


@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=4))
def test_no_change_to_a_token_makes_one_that_only_we_accept(verifier, mutations):
    genuine = access_token()
    token = genuine
    for mutation in mutations:
        parts = token.split(".")
        part = parts[mutation.part % len(parts)]
        place = mutation.position % (len(part) + 1)
        parts[mutation.part % len(parts)] = part[:place] + mutation.character + part[place + 1 :]
        token = ".".join(parts)
    assert accepts(verifier, token) <= (token == genuine)
    assert accepts(verifier, token) <= oracle_accepts(token)


def accepts(verifier: Verifier, token: str) -> bool:
    try:
        verifier.access(token)
    except InvalidTokenError:
        return False
    return True


def test_a_clock_that_is_a_minute_ahead_is_forgiven(verifier):
    # The one place where we are more lenient than PyJWT: its leeway would also stretch the end of a token's life.
    assert accepts(verifier, access_token(iat=int(time.time()) + 50, exp=int(time.time()) + 600))


def test_an_access_token_tells_who_and_for_which_groups(verifier):
    claims = verifier.access(access_token())
    assert claims.subject == "user-1"
    assert claims.groups == {"clinic:northside"}
    assert claims.partner is None


def test_a_partners_token_tells_the_partner_and_its_scopes(verifier):
    claims = verifier.access(partner_token(scope="scalper/read other/thing"))
    assert claims.partner == PARTNER
    assert claims.scopes == {"scalper/read", "other/thing"}


def test_a_token_of_the_console_command_speaks_for_a_person_as_the_portals_own_does(verifier):
    claims = verifier.access(access_token(client_id=CLI_CLIENT, **{"cognito:groups": ["admin"]}))
    assert (claims.partner, claims.client_id, claims.groups) == (None, CLI_CLIENT, {"admin"})


def test_a_token_of_the_console_command_finishes_no_sign_in_at_the_portal(verifier):
    with pytest.raises(InvalidTokenError):
        verifier.sign_in(id_token("n"), access_token=access_token(client_id=CLI_CLIENT), nonce="n")
    with pytest.raises(InvalidTokenError):
        verifier.sign_in(id_token("n", aud=CLI_CLIENT), access_token=access_token(), nonce="n")


def test_a_sign_in_gives_the_claims_of_its_id_token(verifier):
    claims = verifier.sign_in(id_token("nonce-1"), access_token=access_token(), nonce="nonce-1")
    assert claims["email"] == "nora@northside.example"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["nonce-1"]},
        {"aud": "another client"},
        {"aud": None},
        {"sub": "user-2"},
        {"token_use": "access"},
        {"at_hash": encoded(b"x" * 16)},
        {"iss": "https://elsewhere.example"},
    ],
    ids=str,
)
def test_an_id_token_that_does_not_answer_our_request_is_refused(verifier, changes):
    with pytest.raises(InvalidTokenError):
        verifier.sign_in(id_token(**{"nonce": "nonce-1", **changes}), access_token=access_token(), nonce="nonce-1")


def test_an_id_token_is_bound_to_its_access_token_by_at_hash(verifier):
    access = access_token()
    at_hash = encoded(hashlib.sha256(access.encode()).digest()[:16])
    claims = verifier.sign_in(id_token("nonce-1", at_hash=at_hash), access_token=access, nonce="nonce-1")
    assert claims["at_hash"] == at_hash


def test_the_oracle_is_asked_with_the_right_key():
    assert base64.urlsafe_b64decode(jwk()["e"] + "==") == (65537).to_bytes(3, "big")
    assert oracle_accepts(access_token())
