"""What a rule is, and the remedies that many rules share. The rules themselves stand in the catalogue's chapters.

A remedy is read by clinic staff. What arrives is what was sent (S3 checks its SHA-256), so that sending the same copy
once more never helps: what is damaged has to be fetched again from where it is whole.
"""

from dataclasses import dataclass

from intake.files.model import Finding, Severity, Whose

FETCH_ANEW = (
    "This copy is damaged, so sending it again will not help. Copy or export the file again from the system that "
    "made it, and send that copy. If it is not accepted either, tell the vendor of that system."
)
EXPORT_ANEW = (
    "Export the study again from the scanner or PACS as DICOM files, and send those. If they are not accepted either, "
    "tell the vendor of that system what you read here."
)
ASK_IT = "Do not open the file. Tell your IT security team, and export the study again from the scanner or PACS."
ASK_VENDOR = "You need not do anything. If you see this often, tell the vendor of the system that wrote the file."
NOTHING = "Nothing to do: the file was accepted and can be used as it is."


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what is said when it is broken, whose business that is, and where the standard asks for it."""

    code: str
    severity: Severity
    message: str
    remedy: str
    section: str
    """Of the standard that asks for it, or nothing where the rule is ours."""
    whose: Whose = Whose.CLINIC

    def finding(self, where: str = "") -> Finding:
        return Finding(self.code, self.severity, self.message, self.remedy, where)


def reject(code: str, message: str, remedy: str, section: str = "") -> Rule:
    return Rule(code, Severity.REJECT, message, remedy, section)


def warn(code: str, message: str, remedy: str = ASK_VENDOR, section: str = "") -> Rule:
    """Return a warning that asks something of the clinic by its `remedy`, or else is the vendor's business."""
    return Rule(code, Severity.WARN, message, remedy, section, Whose.VENDOR if remedy is ASK_VENDOR else Whose.CLINIC)


def note(code: str, message: str, remedy: str = NOTHING, section: str = "") -> Rule:
    """Return a warning that asks nothing of anybody."""
    return Rule(code, Severity.WARN, message, remedy, section, Whose.NOBODY)
