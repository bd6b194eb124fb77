"""Before AWS is asked for anything, a person hears in plain words whose credentials are at hand."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from infra.delivery.account import check
from infra.errors import RunnerError
from infra.stages import PROD

ACCOUNT = "111122223333"


def test_the_account_of_the_credentials_is_told():
    assert check(PROD, lambda: ACCOUNT) == ACCOUNT
    assert check(replace(PROD, account=ACCOUNT), lambda: ACCOUNT) == ACCOUNT


def test_without_credentials_it_is_said_how_to_get_some():
    def caller():
        raise NoCredentialsError

    with pytest.raises(RunnerError, match=r"for want of credentials: sign in .* AWS_PROFILE"):
        check(PROD, caller)


def test_credentials_that_aws_refuses_are_told():
    def caller():
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")

    with pytest.raises(RunnerError, match="does not take these credentials"):
        check(PROD, caller)


def test_a_stage_is_never_deployed_to_an_account_that_is_not_its_own():
    with pytest.raises(RunnerError, match=r"is for account 444455556666 .* are for 111122223333"):
        check(replace(PROD, account="444455556666"), lambda: ACCOUNT)
