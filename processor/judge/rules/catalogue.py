"""The rules, as data: each finding's code, what it does, its cause and remedy in words for clinic staff.

`docs/findings.md` is generated from here (`python -m processor.judge.document`). A code never changes its meaning;
RULES_VERSION changes with every change that can change a verdict.
"""

from processor.judge.rules.dicom_rules import IDENTITY, META, MODULES, PIXELS, STRUCTURE, VALUES
from processor.judge.rules.image_rules import ARCHIVE, IMAGES, NIFTI
from processor.judge.rules.rule import ASK_IT, EXPORT_ANEW, FETCH_ANEW, Rule, note, reject, warn
from processor.judge.rules.text_rules import CSV, HL7, JSON, PDF, TEXTS, XML

RULES_VERSION = "2026.11.7"

TAKEN = frozenset({"dicom", "nifti", "hl7v2", "fhir", "ccda", "pdf", "jpeg", "png", "tiff", "csv", "zip"})
"""The kinds that can be accepted; all others are rejected as `kind-unsupported`."""

ENVELOPE = (
    reject("empty-file", "The file is empty: it has no bytes.",
           "Look whether the file has content where it was made; export it anew there, and send that."),
    reject("kind-unsupported", "This kind of file is not taken.",
           "Send DICOM, NIfTI, HL7 v2, FHIR, C-CDA, PDF, JPEG, PNG, TIFF or CSV files, or a ZIP archive of these."),
    reject("not-dicom", "The content is not DICOM, and not of any other kind that is known here.",
           EXPORT_ANEW, "PS3.10 7.1"),
    reject("all-zero", "The file holds nothing but zeros: its content was lost before it was sent.", FETCH_ANEW),
    reject("magic-damaged", "The file looks like DICOM, but the mark at byte 128 is damaged.",
           FETCH_ANEW, "PS3.10 7.1"),
    reject("bytes-swapped", "Every two bytes of the file are swapped: a transfer damaged it.", FETCH_ANEW),
    reject("base64-encoded", "The file is base64 text, as mail systems make it, and not the DICOM file itself.",
           "Save the attachment as a file, which decodes it, and send that; or send the original file."),
    reject("http-wrapper", "The file still carries the wrapper of a web upload around the DICOM content.",
           "Send the DICOM file itself. A program that sends it must send its bytes, and no form around them."),
    reject("line-endings-altered", "A transfer in text mode altered line endings, which damages a DICOM file.",
           "Copy the original file anew, with FTP in binary mode, and send that copy: this one cannot be mended."),
    reject("text-encoding-altered", "A program treated the file as text and re-encoded it as UTF-8, which damages it.",
           "Copy the original file anew, and not through a program that handles text; this copy cannot be mended."),
    reject("polyglot-executable", "The file is DICOM and a program at the same time, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("polyglot-script", "The file is DICOM and a script or web page at the same time, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("polyglot-document", "The file is DICOM and a PDF document at the same time, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("polyglot-archive", "The file is DICOM and an archive at the same time, as malware would be.",
           ASK_IT, "PS3.10 7.5"),
    reject("archive-appended", "A ZIP archive is hidden behind the DICOM content.", ASK_IT),
    reject("second-file-appended", "A second DICOM file is attached behind the first one.",
           "Send each DICOM file by itself."),
    note("preamble-missing", "The file lacks the 128 bytes and the mark that DICOM files start with.",
         section="PS3.10 7.1"),
    note("preamble-unusual",
         "The first 128 bytes, which are free for applications, hold text or the beginning of another kind of file.",
         section="PS3.10 7.1"),
)  # fmt: skip

SURROUNDINGS = (
    reject("kind-not-allowed", "This kind of file is taken, but not from your clinic.",
           "Send it in another way, or ask the administrator to allow this kind for your clinic."),
    reject("too-large", "The file is larger than what is agreed for this kind of file and your clinic.",
           "Ask the administrator to raise the limit for your clinic; send an archive as several smaller ones."),
    reject("extension-claims-dicom", "The file's name says that it is DICOM, and its content is of another kind.",
           "Export the study anew as DICOM files. If the content is what you mean to send, give it its own extension."),
    warn("extension-mismatch", "The file's name ends as that of another kind of file than its content.",
         "Check that the right file was sent; the name may have been changed by hand."),
)  # fmt: skip

FILING = (
    reject("clinic-unknown", "The file was sent for a clinic that is not known here, or that takes part no longer.",
           "Put it under your clinic's own prefix, or ask us to let your clinic take part; then send it again."),
    reject("sop-instance-conflict",
           "Another file with the same SOP Instance UID was accepted before, and its content differs.",
           "Compare the two. If the earlier one is right, nothing is to be done. If this one is, ask us to let it "
           "take the other's place: two of us decide that.",
           "PS3.3 C.12.1.1.1"),
    reject("sop-instance-uncompared",
           "Another file with the same SOP Instance UID was accepted before. The two could not be compared to their "
           "end: they are too large for that, or the earlier one cannot be read any more.",
           "If it is the same image, nothing is to be done. If this one is to take the other's place, ask us: two of "
           "us decide that.",
           "PS3.3 C.12.1.1.1"),
    reject("sop-instance-refused",
           "Another file with the same SOP Instance UID was accepted before, and its content differs or could not be "
           "compared. Your clinic wants such files refused.",
           "Compare the two. If the earlier one is right, nothing is to be done. If this one is, ask us to have such "
           "files held for review; then have it checked again.",
           "PS3.3 C.12.1.1.1"),
    warn("sop-instance-first-kept",
         "Another file with the same SOP Instance UID was accepted before, and its content differs. Your clinic wants "
         "the earlier one kept, so this one was not.",
         "Compare the two. If this one is right, ask us to have such files held for review, and send it then.",
         "PS3.3 C.12.1.1.1"),
    note("rewrapped",
         "The same image was accepted before, in a file that was written in another way. It is stored once.",
         "Nothing to do."),
    note("re-encoded",
         "The same image was accepted before, and its pixels were compressed in another way. The earlier one is kept.",
         "Nothing to do."),
)  # fmt: skip
"""Found not in the file's bytes, but when it is filed."""

SCANNING = (
    reject("malware-found", "The malware scan found a threat in the file. It was not opened any further.",
           "Do not open the file. Tell your IT security team: the system that sent it may be infected. When that is "
           "clean, export the study anew and send it."),
    reject("scan-unsupported",
           "The malware scan could not look into the file, and only what it finds clean is taken. Most often the file "
           "is protected by a password.",
           "Send the file without a password, and what it holds as single files instead of large nested archives."),
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

RULES: dict[str, Rule] = {rule.code: rule for _, rules in CHAPTERS for rule in rules}
