"""Reading botocore's errors by code."""

from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS = (BotoCoreError, ClientError)
"""What a call of AWS raises: for want of an answer, or with one that refuses."""


def read_error_code(error: ClientError) -> str:
    """Return the service's error code, such as `NoSuchKey`."""
    return error.response["Error"]["Code"]


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
