"""What a look at an account finds, and how AWS is asked: a question that may not be asked is told, never hidden."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.config import StageConfig


class Weight(StrEnum):
    MISSING = "missing"
    """The deployment would fail, or keep data in silence."""
    GOOD_TO_KNOW = "good to know"
    """No call tells whether it is so, or it harms nobody yet."""
    UNCHECKED = "could not be checked"
    """These credentials may not ask, or AWS did not answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for a person, with the command that mends it."""

    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account as a stage would find it."""

    number: str
    config: StageConfig
    client: Callable[[str, str], Any]
    """Makes boto3's client of a service in a region."""

    def ask(self, service: str, operation: str, *, region: str = "", none: str = "", **given: Any) -> Any:  # noqa: ANN401  # Answers of a dozen services.
        """Return what AWS answers; None where it has no such thing, which is what the code `none` of an error means."""
        try:
            return getattr(self.client(service, region or self.config.region), operation)(**given)
        except ClientError as error:
            if error.response["Error"]["Code"] != none:
                raise
            return None

    def outputs(self, stack: str) -> Mapping[str, str]:
        """Return the outputs of a stack; none where it does not stand."""
        answer = self.ask("cloudformation", "describe_stacks", none="ValidationError", StackName=stack)
        rows = answer["Stacks"][0].get("Outputs", []) if answer else []
        return {row["OutputKey"]: row["OutputValue"] for row in rows}


Check = Callable[[Account], Iterable[Finding]]


def examine(account: Account, checks: Mapping[str, Check]) -> Iterator[Finding]:
    """Yield what every check finds, and of each that could not be made, that it could not and why."""
    for subject, check in checks.items():
        try:
            yield from check(account)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            yield Finding(Weight.UNCHECKED, f"{subject}: {error.operation_name} was answered by {code}.")
        except BotoCoreError as error:
            yield Finding(Weight.UNCHECKED, f"{subject}: {error}")


def missing(text: str) -> Finding:
    return Finding(Weight.MISSING, text)


def good_to_know(text: str) -> Finding:
    return Finding(Weight.GOOD_TO_KNOW, text)
