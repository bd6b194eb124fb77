"""What the user pool's refusals mean, for every adapter that asks it.

Source: Amazon Cognito user pools API Reference, "Common Error Types".
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from intake.aws_errors import is_for_now, read_error_code
from portal.errors import UserPoolUnavailableError

_FULL = "LimitExceededException"


@contextmanager
def translate_errors(meanings: Mapping[str, type[Exception] | None]) -> Iterator[None]:
    """Raise what a refusal means by its code; one that means None ends the block without an error.

    Raises UserPoolUnavailableError where the pool is busy or out of reach. Any other refusal propagates.
    """
    try:
        yield
    except ClientError as error:
        code = read_error_code(error)
        if code in meanings:
            if meaning := meanings[code]:
                raise meaning(f"The user pool answered {code}.") from error
        elif code == _FULL or is_for_now(error):
            raise UserPoolUnavailableError("The user pool is busy.") from error
        else:
            raise
    except (HTTPClientError, NoConnectionError) as error:
        raise UserPoolUnavailableError("The user pool cannot be reached.") from error
