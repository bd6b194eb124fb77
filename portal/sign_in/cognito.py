"""The user pool behind sign-in.

Sources: Amazon Cognito Developer Guide, "Token endpoint"; API Reference, GetTokensFromRefreshToken, RevokeToken.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from portal.auth.cognito import translate_errors
from portal.errors import SignInError, UserPoolUnavailableError
from portal.settings import Settings
from portal.sign_in.flow import Tokens

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

# An authorization code works once, so a request that may have arrived is never sent again.
_RETRIES = Retry(total=2, connect=2, read=0, redirect=0, status=0, other=0, backoff_factor=0.1)
_TIMEOUT = Timeout(connect=2, read=5)
_WORTHLESS = dict.fromkeys(
    (
        "InvalidParameterException",
        "NotAuthorizedException",
        "RefreshTokenReuseException",
        "UnauthorizedException",
        "UnsupportedTokenTypeException",
        "UserNotFoundException",
    ),
    SignInError,
)
"""What the pool says of refresh tokens that are revoked, spent, too old, their user's who is gone, or none at all.
Being asked too much ends nobody's session."""


class CognitoPool:
    """One user pool and its managed login."""

    def __init__(self, client: "CognitoIdentityProviderClient", http: PoolManager, settings: Settings) -> None:
        self._client = client
        self._http = http
        self._settings = settings

    def fetch_signing_keys(self) -> Mapping[str, Any]:
        """Fetch the pool's JWK set. Raises UserPoolUnavailableError."""
        url = f"{self._client.meta.endpoint_url}/{self._settings.user_pool_id}/.well-known/jwks.json"
        answer = self._send("GET", url)
        if answer.status != 200:
            raise UserPoolUnavailableError(f"The user pool's keys answered {answer.status}.")
        return _parse_fields(answer)

    def exchange(self, code: str, code_verifier: str, redirect_uri: str) -> Tokens:
        fields = {
            "grant_type": "authorization_code",
            "client_id": self._settings.web_client_id,
            "code": code,
            "code_verifier": code_verifier,
            "redirect_uri": redirect_uri,
        }
        answer = self._send("POST", self._settings.token_url, urlencode(fields))
        if answer.status in {400, 401}:
            raise SignInError("The user pool did not accept the sign-in.")
        if answer.status != 200:
            raise UserPoolUnavailableError(f"The token endpoint answered {answer.status}.")
        tokens = _parse_fields(answer)
        return Tokens(tokens["access_token"], tokens.get("id_token", ""), tokens.get("refresh_token"))

    def refresh(self, refresh_token: str) -> Tokens:
        client_id = self._settings.web_client_id
        with translate_errors(_WORTHLESS):
            answer = self._client.get_tokens_from_refresh_token(RefreshToken=refresh_token, ClientId=client_id)
        tokens = answer["AuthenticationResult"]
        return Tokens(tokens["AccessToken"], tokens.get("IdToken", ""), tokens.get("RefreshToken"))

    def revoke(self, refresh_token: str) -> None:
        with suppress(SignInError), translate_errors(_WORTHLESS):
            self._client.revoke_token(Token=refresh_token, ClientId=self._settings.web_client_id)

    def _send(self, method: str, url: str, body: str | None = None) -> BaseHTTPResponse:
        headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
        try:
            return self._http.request(method, url, body=body, headers=headers, retries=_RETRIES, timeout=_TIMEOUT)
        except HTTPError as error:
            raise UserPoolUnavailableError("The user pool cannot be reached.") from error


def _parse_fields(answer: BaseHTTPResponse) -> dict[str, Any]:
    try:
        fields = json.loads(answer.data)
    except ValueError as error:
        raise UserPoolUnavailableError("The user pool did not answer in JSON.") from error
    if not isinstance(fields, dict):
        raise UserPoolUnavailableError("The user pool's answer is not an object.")
    return fields
