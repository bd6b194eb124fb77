"""The user pool's people and machine clients, behind the `People` and `Machines` ports.

Source: Amazon Cognito user pools API Reference, of the actions named by the methods called here.
"""

import secrets
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from intake.errors import ConflictError, NotFoundError
from portal.accounts.user_pool import Credentials, Person, Standing
from portal.auth.cognito import translate_errors

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

_REFUSALS: dict[str, type[Exception] | None] = {
    "AliasExistsException": ConflictError,
    "InvalidParameterException": ConflictError,
    "ResourceNotFoundException": NotFoundError,
    "UnsupportedUserStateException": ConflictError,
    "UserNotFoundException": NotFoundError,
    "UsernameExistsException": ConflictError,
}
_STANDINGS = {"FORCE_CHANGE_PASSWORD": Standing.INVITED, "RESET_REQUIRED": Standing.RESET}


class CognitoPeople:
    """Users and groups of one pool."""

    def __init__(self, client: "CognitoIdentityProviderClient", user_pool_id: str) -> None:
        self._pool = client
        self._id = user_pool_id

    def create_group(self, group: str) -> None:
        with translate_errors({**_REFUSALS, "GroupExistsException": None}):
            self._pool.create_group(UserPoolId=self._id, GroupName=group)

    def list_members(self, group: str) -> tuple[Person, ...]:
        pages = self._pool.get_paginator("list_users_in_group").paginate(UserPoolId=self._id, GroupName=group)
        with translate_errors({**_REFUSALS, "ResourceNotFoundException": None}):
            people = [_read_person(user, user["Attributes"]) for page in pages for user in page["Users"]]
            return tuple(sorted(people, key=lambda person: (person.shown.casefold(), person.username)))
        return ()

    def find_person(self, username: str) -> tuple[Person, frozenset[str]]:
        with translate_errors(_REFUSALS):
            user = self._pool.admin_get_user(UserPoolId=self._id, Username=username)
            groups = self._pool.admin_list_groups_for_user(UserPoolId=self._id, Username=username)["Groups"]
        return _read_person(user, user["UserAttributes"]), frozenset(group["GroupName"] for group in groups)

    def find_by_email(self, email: str) -> Person | None:
        quoted = email.replace("\\", "\\\\").replace('"', '\\"')
        with translate_errors(_REFUSALS):
            found = self._pool.list_users(UserPoolId=self._id, Filter=f'email = "{quoted}"', Limit=2)["Users"]
        return _read_person(found[0], found[0]["Attributes"]) if found else None

    def invite(self, email: str, name: str) -> Person:
        attributes = {"email": email, "email_verified": "true", **({"name": name} if name else {})}
        with translate_errors(_REFUSALS):
            user = self._pool.admin_create_user(
                UserPoolId=self._id,
                # The address is an alias to sign in with; a pool with aliases takes no address for a user name.
                Username=f"u-{secrets.token_hex(8)}",
                UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
                DesiredDeliveryMediums=["EMAIL"],
            )["User"]
        return _read_person(user, user["Attributes"])

    def remind(self, person: Person) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_create_user(
                UserPoolId=self._id,
                Username=person.username,
                MessageAction="RESEND",
                DesiredDeliveryMediums=["EMAIL"],
            )

    def join(self, person: Person, group: str) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_add_user_to_group(UserPoolId=self._id, Username=person.username, GroupName=group)

    def leave(self, person: Person, group: str) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_remove_user_from_group(UserPoolId=self._id, Username=person.username, GroupName=group)

    def disable(self, person: Person) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_disable_user(UserPoolId=self._id, Username=person.username)
        self._end_sessions(person)

    def enable(self, person: Person) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_enable_user(UserPoolId=self._id, Username=person.username)

    def reset_password(self, person: Person) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_reset_user_password(UserPoolId=self._id, Username=person.username)
        self._end_sessions(person)

    def forget_second_factor(self, person: Person) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_set_user_mfa_preference(
                UserPoolId=self._id,
                Username=person.username,
                SoftwareTokenMfaSettings={"Enabled": False, "PreferredMfa": False},
            )
        self._end_sessions(person)

    def _end_sessions(self, person: Person) -> None:
        with translate_errors(_REFUSALS):
            self._pool.admin_user_global_sign_out(UserPoolId=self._id, Username=person.username)


class CognitoClients:
    """Machine clients of one pool: the client-credentials grant, with a secret."""

    def __init__(self, client: "CognitoIdentityProviderClient", user_pool_id: str) -> None:
        self._pool = client
        self._id = user_pool_id

    def create(self, name: str, scopes: Collection[str]) -> Credentials:
        # The form that clients' names may have: `[\w\s+=,.@-]+`, at most 128 characters.
        allowed = "".join(character if character.isalnum() or character in " +=,.@-_" else "-" for character in name)
        with translate_errors(_REFUSALS):
            made = self._pool.create_user_pool_client(
                UserPoolId=self._id,
                ClientName=allowed[:128],
                GenerateSecret=True,
                ExplicitAuthFlows=[],
                AllowedOAuthFlowsUserPoolClient=True,
                AllowedOAuthFlows=["client_credentials"],
                AllowedOAuthScopes=sorted(scopes),
                AccessTokenValidity=60,
                TokenValidityUnits={"AccessToken": "minutes"},
                EnableTokenRevocation=True,
            )["UserPoolClient"]
        return Credentials(made["ClientId"], made["ClientSecret"])

    def delete(self, client_id: str) -> None:
        with translate_errors({**_REFUSALS, "ResourceNotFoundException": None}):
            self._pool.delete_user_pool_client(UserPoolId=self._id, ClientId=client_id)


def _read_person(user: Any, attributes: Iterable[Any]) -> Person:  # noqa: ANN401 — two actions tell a user in two types.
    values = {attribute["Name"]: attribute.get("Value", "") for attribute in attributes}
    active = _STANDINGS.get(user["UserStatus"], Standing.ACTIVE)
    return Person(
        username=user["Username"],
        subject=values.get("sub", user["Username"]),
        email=values.get("email", ""),
        name=values.get("name", ""),
        standing=active if user["Enabled"] else Standing.DISABLED,
        since=user["UserCreateDate"],
    )
