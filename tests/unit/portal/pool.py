"""A user pool of our own: real keys, real signatures, no network."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from portal.errors import SignInError
from portal.sign_in.flow import Tokens

POOL_ID = "eu-central-1_test"
ISSUER = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL_ID}"
WEB_CLIENT = "webclient"
CLI_CLIENT = "cliclient"
KID = "key-1"
Json = dict[str, Any]


@lru_cache
def private_key(name: str = KID) -> rsa.RSAPrivateKey:
    """Return the key of this name; made once, since that takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(name: str = KID, **changes: Any) -> Json:
    numbers = private_key(name).public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": _number(numbers.n), "e": _number(numbers.e)}
    return {**key, **changes}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(header: bytes | Json, payload: bytes | Json, key: str = KID) -> str:
    """Return a token over exactly these bytes, or these members, signed with RS256."""
    parts = [encoded(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)]
    signature = private_key(key).sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, encoded(signature)])


def header(**changes: Any) -> Json:
    return {"alg": "RS256", "kid": KID, **changes}


def access_claims(**changes: Any) -> Json:
    """Return the claims of a member of staff of the clinic northside; None removes a claim."""
    now = int(time.time())
    claims = {
        "sub": "user-1",
        "iss": ISSUER,
        "token_use": "access",
        "client_id": WEB_CLIENT,
        "iat": now,
        "exp": now + 3600,
        "scope": "openid email profile",
        "username": "nora",
        "cognito:groups": ["clinic:northside"],
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def access_token(**changes: Any) -> str:
    return signed(header(), access_claims(**changes))


def partner_token(client_id: str = "partner-1", scope: str = "scalper/upload scalper/read scalper/webhooks") -> str:
    groups = {"cognito:groups": None, "username": None}
    return access_token(sub=client_id, client_id=client_id, scope=scope, **groups)


def id_token(nonce: str | None, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "sub": "user-1",
        "iss": ISSUER,
        "token_use": "id",
        "aud": WEB_CLIENT,
        "iat": now,
        "exp": now + 3600,
        "nonce": nonce,
        "email": "nora@northside.example",
    }
    return signed(header(), {name: value for name, value in {**claims, **changes}.items() if value is not None})


@dataclass
class FakeUserPool:
    """What Cognito does at sign-in: grants tokens for a code, renews them, revokes them."""

    codes: dict[str, Tokens] = field(default_factory=dict)
    redeemed: list[tuple[str, str, str]] = field(default_factory=list)
    renewals: dict[str, Tokens] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)

    def exchange(self, code: str, code_verifier: str, redirect_uri: str) -> Tokens:
        self.redeemed.append((code, code_verifier, redirect_uri))
        if code not in self.codes:
            raise SignInError("The code is not known.")
        return self.codes.pop(code)

    def refresh(self, refresh_token: str) -> Tokens:
        if refresh_token in self.revoked or refresh_token not in self.renewals:
            raise SignInError("The refresh token is worth nothing.")
        return self.renewals[refresh_token]

    def revoke(self, refresh_token: str) -> None:
        self.revoked.append(refresh_token)


@dataclass
class FakeKeyServer:
    """Publishes the pool's keys, and counts how often it is asked."""

    keys: list[Json] = field(default_factory=lambda: [jwk()])
    fetches: int = 0
    trouble: Exception | None = None

    def fetch(self) -> Mapping[str, Any]:
        self.fetches += 1
        if self.trouble is not None:
            raise self.trouble
        return {"keys": self.keys}


def _number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
