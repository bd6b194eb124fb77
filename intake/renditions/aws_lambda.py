"""The rendering function behind the `Renderer` port.

Source: AWS Lambda API Reference, Invoke.
"""

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError

from intake.aws_errors import is_for_now
from intake.renditions.model import RenditionAnswer, RenditionRequest
from intake.renditions.ports import RendererBusyError

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient


class LambdaRenderer:
    """Invokes one function and waits for its answer, for as long as its client reads."""

    def __init__(self, connect: "Callable[[], LambdaClient]", function: str) -> None:
        """`connect` makes a client, once a picture is wanted that nobody kept. It should not try again by itself."""
        self._connect = connect
        self._function = function

    @cached_property
    def _client(self) -> "LambdaClient":
        return self._connect()

    def render(self, request: RenditionRequest) -> RenditionAnswer:
        try:
            answer = self._client.invoke(FunctionName=self._function, Payload=request.to_json().encode())
            payload = answer["Payload"].read()
        except HTTPClientError as error:
            raise RendererBusyError("the renderer did not answer in time") from error
        except ClientError as error:
            if is_for_now(error):
                raise RendererBusyError("the renderer takes no more just now") from error
            raise
        # What it raised or died of is trouble of the infrastructure: what is wrong with a file is an answer.
        if "FunctionError" in answer:
            raise RendererBusyError("the renderer failed")
        return RenditionAnswer.from_dict(json.loads(payload))
