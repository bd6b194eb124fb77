"""Reading botocore's errors by code."""

from botocore.exceptions import ClientError


def code_of(error: ClientError) -> str:
    """Return the service's error code, such as `NoSuchKey`."""
    return error.response["Error"]["Code"]
