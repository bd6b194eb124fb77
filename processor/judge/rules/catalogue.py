"""The rules, as data: each finding's code, what it does, its cause and remedy in words for clinic staff.

`docs/findings.md` is generated from here (`python -m processor.judge.document`). A code never changes its meaning;
RULES_VERSION changes with every change that can change a verdict.
"""

from processor.judge.rules.content_rules import MODULES, VALUES
from processor.judge.rules.image_rules import DOCUMENT_CHAPTERS
from processor.judge.rules.rule import ASK_IT, ASK_VENDOR, EXPORT_ANEW, FETCH_ANEW, Rule
from processor.judge.rules.rule import note as _note
from processor.judge.rules.rule import reject as _reject
from processor.judge.rules.rule import warn as _warn

__all__ = [
    "ASK_IT",
    "ASK_VENDOR",
    "CHAPTERS",
    "EXPORT_ANEW",
    "FETCH_ANEW",
    "FILING",
    "RULES",
    "RULES_VERSION",
    "SCANNING",
    "Rule",
]

RULES_VERSION = "2026.11.7"


def _identity(code: str, name: str, element: str, section: str) -> tuple[Rule, Rule]:
    return (
        _reject(
            f"{code}-missing",
            f"The file does not say which {name} it belongs to: {element} is missing or empty.",
            EXPORT_ANEW,
            section,
        ),
        _reject(
            f"{code}-invalid",
            f"{element} holds something that cannot be used as an identifier.",
            EXPORT_ANEW,
            "PS3.5 9.1",
        ),
    )


ENVELOPE = (
    _reject("empty-file", "The file is empty: it has no bytes.",
            "Look whether the file has content where it was made; export it anew there, and send that."),
    _reject("kind-unsupported", "This kind of file is not taken.",
            "Send DICOM, NIfTI, HL7 v2, FHIR, C-CDA, PDF, JPEG, PNG, TIFF or CSV files, or a ZIP archive of these."),
    _reject("not-dicom", "The content is not DICOM, and not of any other kind that is known here.",
            EXPORT_ANEW, "PS3.10 7.1"),
    _reject("all-zero", "The file holds nothing but zeros: its content was lost before it was sent.", FETCH_ANEW),
    _reject("magic-damaged", "The file looks like DICOM, but the mark at byte 128 is damaged.",
            FETCH_ANEW, "PS3.10 7.1"),
    _reject("bytes-swapped", "Every two bytes of the file are swapped: a transfer damaged it.", FETCH_ANEW),
    _reject("base64-encoded", "The file is base64 text, as mail systems make it, and not the DICOM file itself.",
            "Save the attachment as a file, which decodes it, and send that; or send the original file."),
    _reject("http-wrapper", "The file still carries the wrapper of a web upload around the DICOM content.",
            "Send the DICOM file itself. A program that sends it must send its bytes, and no form around them."),
    _reject("line-endings-altered", "A transfer in text mode altered line endings, which damages a DICOM file.",
            "Copy the original file anew, with FTP in binary mode, and send that copy: this one cannot be mended."),
    _reject("text-encoding-altered", "A program treated the file as text and re-encoded it as UTF-8, which damages it.",
            "Copy the original file anew, and not through a program that handles text; this copy cannot be mended."),
    _reject("polyglot-executable", "The file is DICOM and a program at the same time, as malware would be.",
            ASK_IT, "PS3.10 7.5"),
    _reject("polyglot-script", "The file is DICOM and a script or web page at the same time, as malware would be.",
            ASK_IT, "PS3.10 7.5"),
    _reject("polyglot-document", "The file is DICOM and a PDF document at the same time, as malware would be.",
            ASK_IT, "PS3.10 7.5"),
    _reject("polyglot-archive", "The file is DICOM and an archive at the same time, as malware would be.",
            ASK_IT, "PS3.10 7.5"),
    _reject("archive-appended", "A ZIP archive is hidden behind the DICOM content.", ASK_IT),
    _reject("second-file-appended", "A second DICOM file is attached behind the first one.",
            "Send each DICOM file by itself."),
    _note("preamble-missing", "The file lacks the 128 bytes and the mark that DICOM files start with.",
          section="PS3.10 7.1"),
    _note("preamble-unusual",
          "The first 128 bytes, which are free for applications, hold text or the beginning of another kind of file.",
          section="PS3.10 7.1"),
)  # fmt: skip

FILING = (
    _reject("clinic-unknown", "The file was sent for a clinic that is not known here, or that takes part no longer.",
            "Put it under your clinic's own prefix, or ask us to let your clinic take part; then send it again."),
    _reject("sop-instance-conflict",
            "Another file with the same SOP Instance UID was accepted before, and its content differs.",
            "Compare the two. If the earlier one is right, nothing is to be done. If this one is, ask us to let it "
            "take the other's place: two of us decide that.",
            "PS3.3 C.12.1.1.1"),
    _reject("sop-instance-uncompared",
            "Another file with the same SOP Instance UID was accepted before. The two could not be compared to their "
            "end: they are too large for that, or the earlier one cannot be read any more.",
            "If it is the same image, nothing is to be done. If this one is to take the other's place, ask us: two of "
            "us decide that.",
            "PS3.3 C.12.1.1.1"),
    _reject("sop-instance-refused",
            "Another file with the same SOP Instance UID was accepted before, and its content differs or could not be "
            "compared. Your clinic wants such files refused.",
            "Compare the two. If the earlier one is right, nothing is to be done. If this one is, ask us to have such "
            "files held for review; then have it checked again.",
            "PS3.3 C.12.1.1.1"),
    _warn("sop-instance-first-kept",
          "Another file with the same SOP Instance UID was accepted before, and its content differs. Your clinic wants "
          "the earlier one kept, so this one was not.",
          "Compare the two. If this one is right, ask us to have such files held for review, and send it then.",
          "PS3.3 C.12.1.1.1"),
    _note("rewrapped",
          "The same image was accepted before, in a file that was written in another way. It is stored once.",
          "Nothing to do."),
    _note("re-encoded",
          "The same image was accepted before, and its pixels were compressed in another way. The earlier one is kept.",
          "Nothing to do."),
)  # fmt: skip
"""Found not in the file's bytes, but when it is filed."""

SCANNING = (
    _reject("malware-found", "The malware scan found a threat in the file. It was not opened any further.",
            "Do not open the file. Tell your IT security team: the system that sent it may be infected. When that is "
            "clean, export the study anew and send it."),
    _reject("scan-unsupported",
            "The malware scan could not look into the file, and only what it finds clean is taken. Most often the file "
            "is protected by a password.",
            "Send the file without a password, and what it holds as single files instead of large nested archives."),
)  # fmt: skip
"""Found by the malware scan, where that is switched on; the content was not read."""

META = (
    _warn("file-meta-missing",
          "The file lacks its file meta information; how it is encoded was found out from its content.",
          section="PS3.10 7.1"),
    _warn("file-meta-incomplete", "The file meta information lacks a mandatory element.", section="PS3.10 7.1"),
    _note("file-meta-length-missing", "The file meta information does not state its length.", section="PS3.10 7.1"),
    _note("file-meta-length-wrong", "The file meta information states a wrong length.", section="PS3.10 7.1"),
    _warn("file-meta-repeated",
          "The file repeats elements of its file meta information; the first value of each counts, the others do not.",
          section="PS3.10 7.1"),
    _reject("file-meta-length-impossible", "The file meta information claims to be longer than the file.",
            FETCH_ANEW, "PS3.10 7.1"),
    _warn("file-meta-mismatch", "The file meta information names another SOP class or instance than the content.",
          section="PS3.10 7.1"),
    _warn("transfer-syntax-missing", "The file does not say how it is encoded; that was found out from its content.",
          section="PS3.10 7.1"),
    _warn("transfer-syntax-unknown",
          "The file is encoded in a way that the standard does not know; others may be unable to show it.",
          section="PS3.5 10"),
    _warn("transfer-syntax-retired",
          "The file is encoded in a way that the standard has retired; others may be unable to show it.",
          section="PS3.5 A"),
    _warn("vr-encoding-differs",
          "The file says explicit VR and is implicit, or the other way round; it was read as it is.",
          section="PS3.5 7.1"),
    _reject("transfer-syntax-contradicted", "The file says that it is encoded in one way, and is encoded in another.",
            EXPORT_ANEW, "PS3.5 A"),
)  # fmt: skip

STRUCTURE = (
    _reject("data-set-missing", "The file starts like a DICOM file and then has no content.", FETCH_ANEW, "PS3.10 7.2"),
    _reject("truncated", "The end of the file is missing: less is there than the file says.", FETCH_ANEW, "PS3.5 7.1"),
    _reject("length-impossible", "An element claims to be gigabytes long in a small file.", EXPORT_ANEW, "PS3.5 7.1"),
    _reject("sequence-unclosed", "The file stops within a sequence that is never closed.", FETCH_ANEW, "PS3.5 7.5"),
    _reject("structure-invalid", "The content cannot be read as DICOM data elements: the file is damaged.",
            FETCH_ANEW, "PS3.5 7"),
    _warn("sequence-damaged", "A sequence within the file is damaged; what surrounds it could be read.",
          section="PS3.5 7.5"),
    _reject("content-damaged",
            "The part that the object is made for, such as its contours or its text, is damaged and lacks something.",
            FETCH_ANEW, "PS3.5 7.5"),
    _warn("item-length-wrong",
          "An item states a shorter length than the image in it has; it was read to that image's end.",
          section="PS3.5 7.5.2"),
    _warn("command-elements", "Elements of the message that sent the file stand before its content; they were ignored.",
          section="PS3.7 E"),
    _warn("vr-invalid", "An element states a type that is none; its length was found out from what follows.",
          section="PS3.5 6.2"),
    _warn("element-vr-missing", "An element does not state its type; it was read as implicit VR.",
          section="PS3.5 7.1"),
    _note("trailing-bytes", "Bytes that belong to no element follow the content.", section="PS3.10 7.2"),
    _reject("nesting-too-deep", "Sequences are nested deeper than they can be read.",
            EXPORT_ANEW),
    _reject("too-many-elements", "The file has more data elements than its size and its frames account for.",
            EXPORT_ANEW),
    _reject("too-many-items", "The file has more sequence items than its size and its frames account for.",
            EXPORT_ANEW),
    _reject("header-too-large",
            "The descriptive part of the file is larger than can be read in the time that one file has.", EXPORT_ANEW),
    _note("header-unchecked",
          "What describes the single frames is so much that it, and what follows it, was not checked to the end.",
          section="PS3.3 C.7.6.16"),
    _reject("deflate-bomb", "The file unpacks to a size out of all proportion, as an attack would.", ASK_IT),
    _reject("deflate-damaged", "The compressed content cannot be unpacked: the file is damaged.",
            FETCH_ANEW, "PS3.5 A.5"),
)  # fmt: skip

PIXELS = (
    _warn("pixel-data-missing", "The file describes an image and holds none.",
          "If the image was meant to be sent, look whether the PACS has it, and export it anew.", "PS3.3 C.7.6.3"),
    _reject("pixel-data-too-short",
            "The image is shorter than its rows, columns and frames say: part of it is missing.",
            FETCH_ANEW, "PS3.5 8"),
    _note("pixel-data-too-long", "The image is longer than its rows, columns and frames say.",
          section="PS3.5 8"),
    _reject("image-description-missing",
            "The file holds an image but not its rows, columns or bits, so nobody can show it.",
            EXPORT_ANEW, "PS3.3 C.7.6.3"),
    _reject("image-description-invalid", "The image's rows, columns, samples or bits are not possible.",
            EXPORT_ANEW, "PS3.3 C.7.6.3"),
    _warn("frame-count-unreadable", "The number of frames is not a number, so the image's length could not be checked.",
          section="PS3.5 6.2"),
    _reject("frame-count-invalid", "The number of frames is negative.", EXPORT_ANEW, "PS3.3 C.7.6.6"),
    _reject("pixel-data-not-encapsulated", "The file says that its image is compressed, and it is not.",
            EXPORT_ANEW, "PS3.5 A.4"),
    _reject("encapsulation-invalid", "The compressed image is not split into fragments as it must be.",
            FETCH_ANEW, "PS3.5 A.4"),
    _reject("encapsulation-empty", "The file announces a compressed image and holds none.", FETCH_ANEW, "PS3.5 A.4"),
    _reject("encapsulation-unended", "The compressed image stops before its end: part of it is missing.",
            FETCH_ANEW, "PS3.5 A.4"),
    _note("pixel-data-unchecked",
          "The image is so large, or has so many parts, that it was not checked to its end.",
          section="PS3.5 A.4"),
    _reject("compressed-stream-mismatch", "The compressed image does not start as its kind of compression does.",
            EXPORT_ANEW, "PS3.5 8.2"),
)  # fmt: skip

IDENTITY = (
    *_identity("sop-class-uid", "kind of object", "SOP Class UID", "PS3.3 C.12.1"),
    *_identity("sop-instance-uid", "instance", "SOP Instance UID", "PS3.3 C.12.1"),
    *_identity("study-instance-uid", "study", "Study Instance UID", "PS3.3 C.7.2.1"),
    *_identity("series-instance-uid", "series", "Series Instance UID", "PS3.3 C.7.3.1"),
    _reject("compressed-stream-damaged",
            "The compressed image's first bytes contradict themselves, so that nothing can show it.",
            EXPORT_ANEW, "PS3.5 8.2"),
    _reject("patient-id-missing", "The file describes a patient without a Patient ID element.",
            "Export the study anew with the Patient ID, or with a pseudonym where it was stripped on purpose.",
            "PS3.3 C.7.1.1"),
    _reject("identity-ambiguous",
            "An element that says whose the image is, or which one, stands there twice with two values.",
            "Find out in the system that made the file which value is right, and export the file anew from there.",
            "PS3.5 7.1"),
    _warn("patient-id-empty", "The Patient ID is empty.",
          "Check on the scanner or PACS that the patient was registered, and correct the study there.",
          "PS3.3 C.7.1.1"),
    _warn("patient-module-missing",
          "The file says nothing of its patient but perhaps a name: no ID, birth date or sex.",
          section="PS3.3 C.7.1.1"),
    _note("identity-missing", "The file names no study, no series and no patient, so it cannot be filed under one.",
          "Nothing to do for a test image, or one that was stripped on purpose: it is kept as a file of no study.",
          "PS3.3 C.7"),
    _warn("object-uids-missing",
          "The data set says not what kind of object it is, or not which one: only its bytes tell it from others.",
          section="PS3.3 C.12.1"),
    _note("uid-malformed", "An identifier breaks the standard's rules for UIDs, but can be used.", section="PS3.5 9.1"),
    _warn("sop-class-unknown", "The kind of object is not in the standard; others may be unable to show it.",
          section="PS3.4 B.5"),
    _note("sop-class-retired", "The standard has retired this kind of object; others may be unable to show it.",
          section="PS3.4 B.5"),
    _note("media-directory", "This is the directory of a CD or DVD (DICOMDIR). It holds no image itself.",
          "Nothing to do if the files of the CD or DVD were sent with it.", "PS3.10 8"),
)  # fmt: skip

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
