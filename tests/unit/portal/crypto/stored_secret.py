"""A secret as Secrets Manager has it, and a clock."""

from portal.crypto.deployment_secrets import CURRENT, PREVIOUS
from portal.errors import SecretUnknownError


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stored:
    """Secrets Manager with one secret, which can be rotated, retired, and out of reach."""

    def __init__(self, current="new-secret", previous="old-secret"):
        self.versions = {CURRENT: current, PREVIOUS: previous}
        self.reachable = True
        self.readings = 0

    def read(self, stage):
        self.readings += stage == CURRENT
        if not self.reachable:
            raise SecretUnknownError("unreachable")
        return self.versions[stage]

    def rotate(self, value):
        self.versions = {CURRENT: value, PREVIOUS: self.versions[CURRENT]}
