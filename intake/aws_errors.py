"""Reading botocore's errors by code."""

from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS = (BotoCoreError, ClientError)
"""What a call of AWS raises: for want of an answer, or with one that refuses."""


def read_error_code(error: ClientError) -> str:
    """Return the service's error code, such as `NoSuchKey`."""
    return error.response["Error"]["Code"]


_TOO_MUCH = frozenset({"ThrottlingException", "TooManyRequestsException"})


def is_for_now(error: ClientError) -> bool:
    """Say whether a service could not answer just now: too much was asked of it, or the fault is its own."""
    return (
        read_error_code(error) in _TOO_MUCH
        or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    )


def list_cancellation_codes(error: ClientError) -> set[str]:
    """Return why DynamoDB cancelled a transaction, as far as its writes were in the way; nothing for other errors."""
    return {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())} - {"None"}


def describe_refusal(error: BaseException | None) -> dict[str, str]:
    """Return which operation an AWS service refused, and by which codes; nothing for an error of another kind."""
    if not isinstance(error, ClientError):
        return {}
    # A cancelled transaction says of each write whether it was in the way; never by the message, which quotes the item.
    codes = sorted(list_cancellation_codes(error))
    return {"operation": error.operation_name, "code": " ".join([read_error_code(error), *codes])}
