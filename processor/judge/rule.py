"""What a rule is, and the remedies that many rules share. The rules themselves stand in the catalogue's chapters."""

from dataclasses import dataclass

from intake.record import Finding, Severity

SEND_AGAIN = "Send the file again from the system that made it. If it is refused again, export it anew there."
EXPORT_ANEW = "Export the study anew from the scanner or PACS as DICOM files, and send those."
ASK_IT = "Do not open the file. Tell your IT security team, and export the study anew from the scanner or PACS."
ASK_VENDOR = "Nothing to do now. If it comes often, tell the vendor of the system that wrote the file."


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what is said when it is broken, and where the standard asks for it."""

    code: str
    severity: Severity
    message: str
    remedy: str
    section: str
    """Of the standard that asks for it, or nothing where the rule is ours."""

    def finding(self, where: str = "") -> Finding:
        return Finding(self.code, self.severity, self.message, self.remedy, where)


def reject(code: str, message: str, remedy: str, section: str = "") -> Rule:
    return Rule(code, Severity.REJECT, message, remedy, section)


def warn(code: str, message: str, remedy: str = ASK_VENDOR, section: str = "") -> Rule:
    return Rule(code, Severity.WARN, message, remedy, section)
