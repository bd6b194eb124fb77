"""The rules on a DICOM file's values, modules and geometry; all of them warn (chapter of the catalogue)."""

from processor.judge.rules.rule import Rule, note, warn

CHECK_IDENTITY_BURNED_IN = (
    "Nothing to do now. Whoever passes the image on without names must look at it: those in the picture stay there."
)

VALUES: tuple[Rule, ...] = (
    warn("vr-unexpected", "An element states another type (VR) than the standard's for it.", section="PS3.6 6"),
    note("value-length-odd", "A value has an odd length; every value must be padded to an even one.",
         section="PS3.5 7.1"),
    warn("value-count-wrong", "An element holds more or fewer values than it may.", section="PS3.6 6"),
    warn("value-too-long", "A value is longer than its type allows; other systems may cut it.", section="PS3.5 6.2"),
    warn("value-malformed", "A value is not written as its type demands, such as a number that is none.",
         section="PS3.5 6.2"),
    warn("date-invalid", "A date is not a calendar date written as year, month and day.", section="PS3.5 6.2"),
    warn("time-invalid", "A time is not written as hours, minutes and seconds.", section="PS3.5 6.2"),
    warn("datetime-invalid", "A point in time is not written as date, time and time zone.", section="PS3.5 6.2"),
    note("date-form-old",
         "Dates or times are written with points or colons, as DICOM's predecessor ACR-NEMA had them.",
         section="PS3.5 6.2"),
    warn("character-set-unknown", "The file names a character set that the standard does not know.",
         section="PS3.3 C.12.1.1.2"),
    warn("character-set-missing",
         "The file holds letters beyond plain ASCII without saying in which character set; names may show wrongly.",
         section="PS3.3 C.12.1.1.2"),
    warn("text-undecodable", "A text does not fit the character set that the file names; it may show wrongly.",
         section="PS3.5 6.1"),
    warn("elements-unordered", "The data elements are not in ascending order; others may overlook some.",
         section="PS3.5 7.1"),
    note("private-creator-missing", "Private elements stand there without the name of who defined them.",
         section="PS3.5 7.8.1"),
)  # fmt: skip

MODULES: tuple[Rule, ...] = (
    warn("patient-module-incomplete", "The description of the patient lacks an element that must be there.",
         section="PS3.3 C.7.1.1"),
    warn("study-module-incomplete", "The description of the study lacks an element that must be there.",
         section="PS3.3 C.7.2.1"),
    warn("series-module-incomplete", "The description of the series lacks an element that must be there.",
         section="PS3.3 C.7.3.1"),
    warn("image-pixel-module-incomplete", "The description of the image's pixels lacks an element or its value.",
         section="PS3.3 C.7.6.3"),
    warn("image-description-inconsistent",
         "The image's samples, bits and photometric interpretation do not fit together.", section="PS3.3 C.7.6.3"),
    warn("modality-mismatch", "The modality is not one that this kind of object can have.", section="PS3.3 C.7.3.1"),
    note("burned-in-annotation", "The file says that its image shows text that can identify the patient.",
         CHECK_IDENTITY_BURNED_IN, "PS3.3 C.7.6.1"),
    note("burned-in-annotation-possible",
         "Images of this kind often show the patient's name, and the file does not say that this one does not.",
         CHECK_IDENTITY_BURNED_IN, "PS3.3 C.7.6.1"),
    warn("pixel-spacing-invalid", "The distance between pixels is zero, negative or impossible: do not measure in it.",
         "Measure nothing in this image before the source system has been checked.", "PS3.3 C.7.6.2"),
    warn("image-orientation-invalid", "The image's orientation is not two unit vectors at a right angle.",
         "Do not build volumes from this image before the source system has been checked.", "PS3.3 C.7.6.2"),
    warn("fragments-too-few", "The compressed image has fewer fragments than frames.", section="PS3.5 A.4"),
    warn("offset-table-wrong", "The table of where each frame begins does not fit the compressed image.",
         section="PS3.5 A.4"),
)  # fmt: skip
