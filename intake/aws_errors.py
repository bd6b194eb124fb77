"""Reading botocore's errors by code."""

from typing import Any, cast

from botocore.exceptions import ClientError


def code_of(error: ClientError) -> str:
    """Return the service's error code, such as `NoSuchKey`."""
    return error.response["Error"]["Code"]


def standing_item(error: ClientError) -> dict[str, Any]:
    """Return the item, in DynamoDB's form, that made a conditional write with `ALL_OLD` fail; empty for none."""
    return cast("dict[str, dict[str, Any]]", error.response).get("Item", {})
