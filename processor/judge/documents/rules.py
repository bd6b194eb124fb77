"""The rules of the kinds other than DICOM, and of what surrounds every file, as chapters of the catalogue."""

from processor.judge.rule import Rule, reject, warn

SURROUNDINGS = (
    reject("kind-not-allowed", "This kind of file is taken, but not from your clinic.",
           "Send it in another way, or ask the administrator to allow this kind for your clinic."),
    reject("too-large", "The file is larger than what is agreed for this kind of file and your clinic.",
           "Send it in parts, or ask the administrator to raise the limit for your clinic."),
    warn("extension-mismatch", "The file's name ends as that of another kind of file than its content.",
         "Check that the right file was sent; the name may have been changed by hand."),
    reject("archive-nested", "This is an archive within an archive; only the outer one is opened.",
           "Unpack the inner archive, and send its files."),
)  # fmt: skip

DOCUMENT_CHAPTERS: tuple[tuple[str, tuple[Rule, ...]], ...] = (("Name, size and clinic", SURROUNDINGS),)
