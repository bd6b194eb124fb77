"""What the malware scan says of an object, and what that comes to.

A result that is clean lets the judge look. One about the file itself (a threat, or nothing that can be scanned)
rejects it unread. One about the scan is trouble of the infrastructure, and never a verdict.
"""

from dataclasses import dataclass

from intake.ports import Objects
from intake.record import ObjectVersion
from intake.scan import TAG, Scan
from processor.judge import ByteSource, Facts, Judgement
from processor.judge.catalogue import RULES
from processor.judge.kinds import UNKNOWN

CODES = {Scan.THREAT: "malware-found", Scan.UNSUPPORTED: "scan-unsupported"}
"""What a result finds in a file."""
PASSED = frozenset({None, Scan.CLEAN})
"""What lets a file be judged: a clean result, or that none is asked for."""
FINAL = frozenset({Scan.CLEAN, *CODES})
"""Results that another delivery of the same event cannot change."""


@dataclass(frozen=True, slots=True)
class Scans:
    """Looks up the result to go by. `required`: nothing is judged without a clean one."""

    objects: Objects
    required: bool

    def find_result(self, version: ObjectVersion, told: Scan | None = None) -> Scan | None:
        """Return the result for an object version of which `told` is known; None where none is asked for.

        Without a final result, the object's tag is asked: by now it may have been scanned, or scanned again. The answer
        is ACCESS_DENIED or FAILED as long as there is nothing to go by. Raises ObjectMissingError.
        """
        if told in FINAL or (told is None and not self.required):
            return told
        tagged = self.objects.tag(version, TAG)
        return Scan.named(tagged) if tagged else told or Scan.FAILED


@dataclass(frozen=True, slots=True)
class Refusing:
    """A judge that goes by what is known beside the bytes, the codes of rules, and reads nothing."""

    codes: tuple[str, ...]

    def __call__(self, source: ByteSource, facts: Facts) -> Judgement:  # noqa: ARG002  # As the judge is called.
        return Judgement(UNKNOWN, tuple(RULES[code].finding() for code in self.codes), {}, None)
