"""Death and trouble at any call of DynamoDB or S3, before it is done or when it is done and nobody hears of it."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from intake.files.model import ObjectVersion
from tests.fakes import FakeObjects
from tests.model.dynamodb import InMemoryDynamoDB


class CrashError(BaseException):
    """The worker's process ends: nothing in it may catch this and go on."""


class Faults:
    """Lets calls through, until one is planned to fail."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._late = False
        self._error: Callable[[str], BaseException] = CrashError

    def plan(self, calls: int, *, late: bool, crash: bool) -> None:
        """Have the call behind so many fail: before it is done or, `late`, when it is; with a crash, or an error."""
        self._left, self._late = calls, late
        self._error = CrashError if crash else _refuse

    def end(self) -> bool:
        """Plan nothing any more, and say whether what was planned did not happen."""
        left, self._left = self._left, None
        return left is not None

    def before(self, operation: str) -> None:
        if self._left is not None and not self._late:
            self._count(operation)

    def after(self, operation: str) -> None:
        if self._left is not None and self._late:
            self._count(operation)

    def _count(self, operation: str) -> None:
        if self._left == 0:
            self._left = None
            raise self._error(operation)
        if self._left:
            self._left -= 1


def _refuse(operation: str) -> BaseException:
    return ClientError({"Error": {"Code": "InternalServerError", "Message": "the model's own"}}, operation)


def put_in_the_way(faults: Faults, dynamodb: InMemoryDynamoDB) -> None:
    dynamodb.before, dynamodb.after = faults.before, faults.after


class FaultyObjects(FakeObjects):
    """Buckets whose calls may fail, and that tell of what is put into the incoming one."""

    def __init__(self, faults: Faults, tell: Callable[[ObjectVersion], None], **options: Any) -> None:
        super().__init__(**options)
        self._faults, self._tell = faults, tell

    def put(self, bucket: str, key: str, *args: Any) -> ObjectVersion:
        stored = super().put(bucket, key, *args)
        if bucket == "incoming":
            self._tell(stored)
        return stored

    def read(self, *args: Any) -> Any:
        return self._call("GetObject", super().read, *args)

    def copy(self, *args: Any) -> Any:
        return self._call("CopyObject", super().copy, *args)

    def create(self, *args: Any) -> None:
        self._call("PutObject", super().create, *args)

    def delete(self, *args: Any) -> None:
        self._call("DeleteObject", super().delete, *args)

    def find(self, *args: Any) -> Any:
        return self._call("HeadObject", super().find, *args)

    def describe(self, *args: Any) -> Any:
        return self._call("HeadObject", super().describe, *args)

    def _call(self, operation: str, call: Callable[..., Any], *args: Any) -> Any:
        self._faults.before(operation)
        answer = call(*args)
        self._faults.after(operation)
        return answer
