"""The rules, as data: each finding's code, what it does, its cause and remedy in words for clinic staff.

`docs/findings.md` is generated from here (`python -m processor.judge.document`). A code never changes its meaning;
RULES_VERSION changes with every change that can change a verdict.
"""

from collections.abc import Mapping

from processor.judge.rules.dicom_rules import IDENTITY, META, MODULES, PIXELS, STRUCTURE, VALUES
from processor.judge.rules.image_rules import ARCHIVE, IMAGES, NIFTI
from processor.judge.rules.rule import ASK_IT, EXPORT_ANEW, FETCH_ANEW, Rule, note, reject, warn
from processor.judge.rules.text_rules import CSV, HL7, JSON, PDF, TEXTS, XML

RULES_VERSION = "2026.11.7"

TAKEN = frozenset({"dicom", "nifti", "hl7v2", "fhir", "ccda", "pdf", "jpeg", "png", "tiff", "csv", "zip"})
"""The kinds that can be accepted; all others are rejected as `kind-unsupported`."""

ENVELOPE = (
    reject("empty-file", "The file is empty.",
           "Check that the file has content in the system that made it. Export it again there, and send that copy."),
    reject("kind-unsupported", "This kind of file is not accepted.",
           "Send DICOM, NIfTI, HL7 v2, FHIR, C-CDA, PDF, JPEG, PNG, TIFF or CSV files, or a ZIP archive of these."),
    reject("not-dicom", "The content is not DICOM, and not any other kind of file that we know.",
           EXPORT_ANEW, "PS3.10 7.1"),
    reject("all-zero", "The file contains nothing but zeros: its content was lost before it was sent.", FETCH_ANEW),
    reject("magic-damaged", "The file looks like DICOM, but the mark at byte 128 is damaged.",
           FETCH_ANEW, "PS3.10 7.1"),
    reject("bytes-swapped", "Each pair of bytes in the file is swapped: it was damaged on the way.", FETCH_ANEW),
    reject("base64-encoded", "The file is base64 text, as mail systems make it, not the DICOM file itself.",
           "Save the attachment as a file, which decodes it, and send that file. Or send the original."),
    reject("http-wrapper", "The file still carries the wrapper of a web upload around the DICOM content.",
           "Send the DICOM file itself. A program that sends it must send only its bytes, not a web form around them."),
    reject("line-endings-altered", "The file was copied in text mode, which changed its line endings and damaged it.",
           "Copy the original file again, with FTP in binary mode, and send that copy. This one cannot be repaired."),
    reject("text-encoding-altered", "A program treated the file as text and re-encoded it as UTF-8, which damages it.",
           "Copy the original file again, without a program that handles text. This copy cannot be repaired."),
    reject("polyglot-executable", "The file is both DICOM and a program, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("polyglot-script", "The file is both DICOM and a script or web page, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("polyglot-document", "The file is both DICOM and a PDF document, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("polyglot-archive", "The file is both DICOM and an archive, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("archive-appended", "A ZIP archive is hidden after the DICOM content.", ASK_IT),
    reject("second-file-appended", "A second DICOM file is attached after the first one.",
           "Send each DICOM file separately."),
    note("preamble-missing", "The 128 bytes and the mark that DICOM files start with are missing.",
         section="PS3.10 7.1"),
    note("preamble-unusual",
         "The first 128 bytes, which programs may use freely, contain text or the beginning of another kind of file.",
         section="PS3.10 7.1"),
)  # fmt: skip

SURROUNDINGS = (
    reject("kind-not-allowed", "This kind of file is not accepted from your clinic.",
           "Send it in another way, or ask us to allow this kind of file for your clinic."),
    reject("too-large", "The file is larger than your clinic may send for this kind of file.",
           "Ask us to raise the limit for your clinic. If it is an archive, send several smaller ones."),
    reject("extension-claims-dicom", "The file's name says that it is DICOM, but its content is something else.",
           "Export the study again as DICOM files. If the content is what you mean to send, give the "
           "file the right extension."),
    warn("extension-mismatch", "The ending of the file's name does not match its content.",
         "Check that this is the right file. Its name may have been changed by hand."),
)  # fmt: skip

FILING = (
    reject("clinic-unknown", "The file was sent for a clinic that we do not know, or that no longer takes part.",
           "Put it under your clinic's own prefix, or ask us to let your clinic take part. Then send it again."),
    reject("sop-instance-conflict",
           "Another file with the same SOP Instance UID was accepted before, and its content is different.",
           "Compare the two. If the earlier one is right, there is nothing to do. If this one is right, ask us to let "
           "it replace the other: two of us decide that.",
           "PS3.3 C.12.1.1.1"),
    reject("sop-instance-uncompared",
           "Another file with the same SOP Instance UID was accepted before. The two could not be compared to the "
           "end: they are too large, or the earlier one can no longer be read.",
           "If it is the same image, there is nothing to do. If this one should replace the other, ask us: two of us "
           "decide that.",
           "PS3.3 C.12.1.1.1"),
    reject("sop-instance-refused",
           "Another file with the same SOP Instance UID was accepted before, and its content is different or could not "
           "be compared. Your clinic has asked us not to accept such files.",
           "Compare the two. If the earlier one is right, there is nothing to do. If this one is right, ask us to keep "
           "such files for review. Then have it checked again.",
           "PS3.3 C.12.1.1.1"),
    warn("sop-instance-first-kept",
         "Another file with the same SOP Instance UID was accepted before, and its content is different. Your clinic "
         "has asked us to keep the earlier one, so this one was not kept.",
         "Compare the two. If this one is right, ask us to keep such files for review. Then send it again.",
         "PS3.3 C.12.1.1.1"),
    note("rewrapped",
         "The same image was accepted before, in a file written in a different way. It is stored once.",
         "Nothing to do."),
    note("re-encoded",
         "The same image was accepted before, compressed in a different way. The earlier one is kept.",
         "Nothing to do."),
)  # fmt: skip
"""Found not in the file's bytes, but when it is filed."""

SCANNING = (
    reject("malware-found", "The malware scan found a threat in the file. The file was not opened.",
           "Do not open the file. Tell your IT security team: the system that sent it may be infected. Once it is "
           "clean, export the study again and send it."),
    reject("scan-unsupported",
           "The malware scan could not look into the file, and only files that it finds clean are accepted. Usually "
           "the file is protected by a password.",
           "Send the file without a password. If it is a large archive, unpack it and send the files in it."),
)  # fmt: skip
"""Found by the malware scan, where that is switched on; the content was not read."""

DOCUMENT_CHAPTERS: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("Name, size and clinic", SURROUNDINGS),
    ("ZIP archives", ARCHIVE),
    ("NIfTI volumes", NIFTI),
    ("JPEG, PNG and TIFF images", IMAGES),
    ("PDF documents", PDF),
    ("Text documents", TEXTS),
    ("HL7 v2 messages", HL7),
    ("FHIR resources", JSON),
    ("C-CDA documents", XML),
    ("CSV tables", CSV),
)

CHAPTERS: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("The file as a whole", ENVELOPE),
    ("File meta information", META),
    ("Structure", STRUCTURE),
    ("Image", PIXELS),
    ("Identity", IDENTITY),
    ("Values and their order", VALUES),
    ("Modules, modality and geometry", MODULES),
    ("Filing", FILING),
    ("Malware scan", SCANNING),
    *DOCUMENT_CHAPTERS,
)

_DICOM = frozenset({"dicom"})

KINDS_BY_CHAPTER: Mapping[str, frozenset[str]] = {
    "The file as a whole": _DICOM,
    "File meta information": _DICOM,
    "Structure": _DICOM,
    "Image": _DICOM,
    "Identity": _DICOM,
    "Values and their order": _DICOM,
    "Modules, modality and geometry": _DICOM,
    "Filing": _DICOM,
    "ZIP archives": frozenset({"zip"}),
    "NIfTI volumes": frozenset({"nifti"}),
    "JPEG, PNG and TIFF images": frozenset({"jpeg", "png", "tiff", "pdf", "zip"}),
    "PDF documents": frozenset({"pdf"}),
    "Text documents": frozenset({"hl7v2", "fhir", "ccda", "csv"}),
    "HL7 v2 messages": frozenset({"hl7v2"}),
    "FHIR resources": frozenset({"fhir"}),
    "C-CDA documents": frozenset({"ccda"}),
    "CSV tables": frozenset({"csv"}),
}
"""Chapter → the kinds, of those that are taken, in which those of its rules may be broken that a clinic may soften.
Chapters that are not named concern all."""

RULES: dict[str, Rule] = {rule.code: rule for _, rules in CHAPTERS for rule in rules}
