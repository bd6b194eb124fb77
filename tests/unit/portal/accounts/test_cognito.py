"""What the user pool refuses, in the portal's own words. That it is asked rightly is proven on the emulator."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from intake.errors import ConflictError, NotFoundError
from portal.accounts.cognito import CognitoClients, CognitoPeople
from portal.accounts.user_pool import Credentials, Standing
from portal.errors import UserPoolUnavailableError
from tests.fakes import FakePeople

PERSON = FakePeople().add("Nora", "clinic:northside")


class Refusing:
    """A client whose every action is refused."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, _action):
        def act(**_given):
            raise self.error

        return act


def refused(code):
    error = code if isinstance(code, Exception) else ClientError({"Error": {"Code": code, "Message": "secret"}}, "Act")
    return Refusing(error)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("UserNotFoundException", NotFoundError),
        ("UsernameExistsException", ConflictError),
        ("AliasExistsException", ConflictError),
        ("UnsupportedUserStateException", ConflictError),
        ("TooManyRequestsException", UserPoolUnavailableError),
        (EndpointConnectionError(endpoint_url="x"), UserPoolUnavailableError),
        ("AccessDeniedException", ClientError),
    ],
)
def test_refusals_are_translated_and_what_nobody_expects_propagates(code, error):
    people = CognitoPeople(refused(code), "pool")
    deeds = (people.remind, people.disable, people.enable, people.reset_password, people.forget_second_factor)
    for deed in deeds:
        with pytest.raises(error):
            deed(PERSON)
    with pytest.raises(error):
        people.invite("a@b.example", "")


def test_what_is_done_already_is_no_error():
    CognitoPeople(refused("GroupExistsException"), "pool").create_group("clinic:northside")
    CognitoClients(refused("ResourceNotFoundException"), "pool").delete("gone")


def test_a_secret_shows_in_no_repr():
    assert "s3cret" not in repr(Credentials("id", "s3cret"))


@pytest.mark.parametrize(
    ("status", "enabled", "standing"),
    [
        ("CONFIRMED", True, Standing.ACTIVE),
        ("FORCE_CHANGE_PASSWORD", True, Standing.INVITED),
        ("RESET_REQUIRED", True, Standing.RESET),
        ("CONFIRMED", False, Standing.DISABLED),
        ("EXTERNAL_PROVIDER", True, Standing.ACTIVE),
    ],
)
def test_how_somebody_stands_follows_from_status_and_enabled(status, enabled, standing):
    class Pool:
        def list_users(self, **given):
            assert given["Filter"] == 'email = "a\\"b@c.example"'
            user = {"Username": "u", "UserStatus": status, "Enabled": enabled, "UserCreateDate": PERSON.since}
            return {"Users": [{**user, "Attributes": [{"Name": "email", "Value": "e"}]}]}

    assert CognitoPeople(Pool(), "pool").find_by_email('a"b@c.example').standing is standing
