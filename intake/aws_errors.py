"""Reading botocore's errors by code."""

from botocore.exceptions import ClientError


def code_of(error: ClientError) -> str:
    """Return the service's error code, such as `NoSuchKey`."""
    return error.response["Error"]["Code"]


def refusal_of(error: Exception) -> dict[str, str]:
    """Return which operation an AWS service refused, and by which code; nothing for an error of another kind."""
    if not isinstance(error, ClientError):
        return {}
    return {"operation": error.operation_name, "code": code_of(error)}
