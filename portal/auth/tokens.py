"""Which tokens are trusted. The only module that imports jose: everything around its one call is checked here.

Sources: RFC 7515 (JWS), RFC 7519 (JWT), RFC 8725 (JWT best current practices), and "Verifying JSON web tokens" in the
Amazon Cognito Developer Guide.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from jose import jwt
from jose.exceptions import JOSEError

from intake.tenants.model import Partner
from portal.auth.lookups import SigningKeys
from portal.crypto.sealing import decode_base64url
from portal.errors import InvalidTokenError, RevokedTokenError

MAX_TOKEN = 8192
"""Characters."""

MAX_DEPTH = 8
"""Of lists and objects in each other. The pool writes two."""

MAX_LIFETIME = 3600
"""Seconds between `iat` and `exp`."""

CLOCK_SKEW = 60
"""Seconds by which the pool's clock may be ahead of ours."""

_HEADER = frozenset({"alg", "kid", "typ"})
_REQUIRED = {f"require_{claim}": True for claim in ("exp", "iat", "iss", "sub")}


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says. `partner` is None for our own clients, whose tokens speak for people."""

    subject: str
    client_id: str
    groups: frozenset[str]
    scopes: frozenset[str]
    expires_at: int
    """Seconds since 1970, UTC."""
    partner: Partner | None
    session_id: str
    """The same for all tokens of one sign-in, however often they are renewed."""
    signed_in_at: int
    """When that sign-in was, in seconds since 1970, UTC."""


class Verifier:
    """Verifies tokens of one user pool. Whatever is wrong with one, the answer is the same InvalidTokenError."""

    def __init__(
        self,
        *,
        keys: SigningKeys,
        issuer: str,
        web_client_id: str,
        cli_client_id: str,
        partner: Callable[[str], Partner | None],
        ended: Callable[[str, str, int], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._web_client_id = web_client_id
        self._own_clients = frozenset({web_client_id, cli_client_id})
        self._partner = partner
        self._ended = ended
        self._clock = clock

    def access(self, token: str) -> AccessClaims:
        """Return the claims of an access token of one of our own clients or of a known partner's.

        Raises RevokedTokenError for a person's token whose session was ended.
        """
        claims = self._claims(token, use="access")
        client_id = _read_text(claims, "client_id")
        partner = None if client_id in self._own_clients else self._partner(client_id)
        if partner is None and client_id not in self._own_clients:
            _refuse()
        signed_in_at, groups = claims.get("auth_time", claims["iat"]), claims.get("cognito:groups", [])
        if type(signed_in_at) is not int:
            _refuse()
        if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
            _refuse()
        said = AccessClaims(
            subject=claims["sub"],
            client_id=client_id,
            groups=frozenset(groups),
            scopes=frozenset(_read_text(claims, "scope").split()) if "scope" in claims else frozenset(),
            expires_at=claims["exp"],
            partner=partner,
            session_id=digest_session(claims, token),
            signed_in_at=signed_in_at,
        )
        if partner is None and self._ended(said.session_id, said.subject, said.signed_in_at):
            raise RevokedTokenError("The session was ended.")
        return said

    def sign_in(self, id_token: str, *, access_token: str, nonce: str) -> Mapping[str, Any]:
        """Return the claims of the ID token that answers our own request for sign-in, made with `nonce`."""
        claims = self._claims(id_token, use="id", audience=self._web_client_id, access_token=access_token)
        if not hmac.compare_digest(_read_text(claims, "nonce").encode(), nonce.encode()):
            _refuse()
        granted = self.access(access_token)
        if (granted.subject, granted.client_id) != (claims["sub"], self._web_client_id):
            _refuse()
        return claims

    def _claims(
        self, token: str, *, use: str, audience: str | None = None, access_token: str | None = None
    ) -> dict[str, Any]:
        kid = _read_key_id(token)
        claims = _parse_object(_decode_part(token.split(".")[1]))
        self._check_times(claims)
        key = self._keys.find(kid)
        if key is None:
            _refuse()
        try:
            jwt.decode(
                token,
                dict(key),
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=audience,
                access_token=access_token,
                options={**_REQUIRED, "require_aud": audience is not None},
            )
        except JOSEError:
            _refuse()
        if claims.get("token_use") != use or not _read_text(claims, "sub"):
            _refuse()
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        """Check times before jose sees them: it rounds fractions, and stumbles over infinity."""
        moments = [claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)]
        if any(type(moment) is not int for moment in moments):
            _refuse()
        now = self._clock()
        if claims["exp"] <= now or claims["iat"] > now + CLOCK_SKEW:
            _refuse()
        if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFETIME:
            _refuse()


def _read_key_id(token: str) -> str:
    """Return the key id of a token of the one form that the pool issues, before anything in it is believed."""
    parts = token.split(".") if len(token) <= MAX_TOKEN else []
    if len(parts) != 3:
        _refuse()
    header, _, _ = (_decode_part(part) for part in parts)
    fields = _parse_object(header)
    if not fields.keys() <= _HEADER or fields.get("alg") != "RS256" or fields.get("typ", "JWT") != "JWT":
        _refuse()
    return _read_text(fields, "kid")


def _decode_part(part: str) -> bytes:
    """Decode base64url in its one spelling: RFC 7515 allows no padding, and stray bits would hide a second token."""
    try:
        data = decode_base64url(part)
    except ValueError:
        _refuse()
    if not data:
        _refuse()
    return data


def _parse_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_refuse_repeated, parse_constant=_refuse)
    except (ValueError, RecursionError):
        _refuse()
    if not isinstance(value, dict) or _nests_deeper(value, MAX_DEPTH):
        _refuse()
    return value


def _nests_deeper(value: object, levels: int) -> bool:
    """Say whether lists and objects stand in each other more than `levels` deep. How many Python itself takes depends
    on its version: a thousand, or ten thousand."""
    level = [value]
    for _ in range(levels):
        level = [inner for outer in level for inner in _open(outer)]
    return any(isinstance(inner, dict | list) for inner in level)


def _open(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse()
    return members


def _read_text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        _refuse()
    return value


def digest_session(claims: Mapping[str, Any], token: str) -> str:
    """Return a digest of what Cognito ends a session by: the id that a refresh token hands on to all that it renews
    (Developer Guide, "Revoking tokens"); without one, a token is a session of its own."""
    origin = claims.get("origin_jti")
    named = origin if isinstance(origin, str) and origin else token
    return hashlib.sha256(named.encode()).hexdigest()


def _refuse(_constant: str = "") -> NoReturn:
    # Neither the cause nor its traceback leaves this module: a forger learns nothing from how he failed.
    raise InvalidTokenError("The token is not valid.") from None
