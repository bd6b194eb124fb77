"""The rules of the kinds other than DICOM, and of what surrounds every file, as chapters of the catalogue."""

from processor.judge.rule import ASK_IT, SEND_AGAIN, Rule, reject, warn

PACK_ANEW = "Pack the files into a new ZIP archive, and send that; or send the files themselves."
CONVERT_ANEW = "Convert the volume anew from its DICOM series, and send that; or send the series itself."
SEND_FILES = "Send the files themselves, or pack them into an ordinary ZIP archive."

SURROUNDINGS = (
    reject("kind-not-allowed", "This kind of file is taken, but not from your clinic.",
           "Send it in another way, or ask the administrator to allow this kind for your clinic."),
    reject("too-large", "The file is larger than what is agreed for this kind of file and your clinic.",
           "Send it in parts, or ask the administrator to raise the limit for your clinic."),
    warn("extension-mismatch", "The file's name ends as that of another kind of file than its content.",
         "Check that the right file was sent; the name may have been changed by hand."),
)  # fmt: skip

ARCHIVE = (
    reject("archive-nested", "This is an archive within an archive; only the outer one is opened.",
           "Unpack the inner archive, and send its files."),
    warn("archive-holds-archive", "The archive holds another archive beside its files; that one will be refused.",
         "Unpack the inner archive, and send its files."),
    reject("archive-directory-missing", "The archive lacks its directory, which stands at the end: it was cut off.",
           SEND_AGAIN, "APPNOTE 4.3.16"),
    reject("archive-directory-damaged", "The archive's directory is damaged, so its files cannot be told.",
           PACK_ANEW, "APPNOTE 4.3.12"),
    reject("archive-directory-too-large", "The archive's directory is larger than that of any real archive.",
           PACK_ANEW),
    reject("archive-trailing-bytes", "Something else follows the end of the archive.", PACK_ANEW, "APPNOTE 4.3.16"),
    reject("archive-ambiguous", "The archive has two directories, so that two programs would see different files.",
           ASK_IT, "APPNOTE 4.3.1"),
    reject("archive-split", "This is one part of an archive that is split over several files.",
           PACK_ANEW, "APPNOTE 8"),
    reject("archive-empty", "The archive holds no file with any content.", "Check the folder that was packed."),
    reject("archive-too-many-entries", "The archive holds more than 50,000 files.", "Send them in several archives."),
    reject("archive-total-too-large", "The archive unpacks to more than 100 GiB.", "Send it in several archives."),
    reject("archive-bomb", "The archive unpacks to a size out of all proportion, as an attack would.", ASK_IT),
    reject("archive-entries-overlap", "Files in the archive share the same bytes, as an attack would have it.",
           ASK_IT),
    reject("archive-encrypted", "The archive is protected by a password.",
           "Send it without a password; the transfer itself is encrypted.", "APPNOTE 4.4.4"),
    reject("archive-method-unsupported", "The archive uses a compression that few programs can unpack.",
           SEND_FILES, "APPNOTE 4.4.5"),
    reject("archive-path-traversal", "A file in the archive is placed outside of its folder, as an attack would.",
           ASK_IT, "APPNOTE 4.4.17"),
    warn("archive-path-backslash", "Paths in the archive are written with backslashes, which some programs misread.",
         section="APPNOTE 4.4.17"),
    reject("archive-symlink", "The archive holds a link to another place instead of a file.", SEND_FILES),
    reject("archive-special-file", "The archive holds a device or a pipe instead of a file.", SEND_FILES),
    warn("archive-duplicate-names", "Two files in the archive have the same name.",
         "Check that none of them was meant to replace the other."),
    reject("archive-local-header-differs", "The archive says two different things of one of its files.",
           PACK_ANEW, "APPNOTE 4.3.7"),
    warn("archive-descriptor-stored",
         "The archive gives the size of an uncompressed file only behind it, which some programs cannot read.",
         section="APPNOTE 4.4.4"),
    reject("archive-entry-damaged", "A file in the archive cannot be unpacked to what it was: the archive is damaged.",
           SEND_AGAIN, "APPNOTE 4.4.7"),
)  # fmt: skip

NIFTI = (
    reject("nifti-header-truncated", "The volume's header is cut off.", SEND_AGAIN, "NIfTI-1 header"),
    reject("nifti-mark-invalid", "The file starts like a NIfTI volume, but lacks the mark of one: it is damaged.",
           SEND_AGAIN, "NIfTI-1 magic"),
    reject("nifti-dimensions-invalid", "The volume's dimensions are not possible.", CONVERT_ANEW, "NIfTI-1 dim"),
    reject("nifti-data-type-unknown", "The volume's voxels are of a type that does not exist.",
           CONVERT_ANEW, "NIfTI-1 datatype"),
    reject("nifti-offset-invalid", "The volume says that its image starts where it cannot start.",
           CONVERT_ANEW, "NIfTI-1 vox_offset"),
    reject("nifti-data-too-short", "The volume is shorter than its dimensions say: part of the image is missing.",
           SEND_AGAIN, "NIfTI-1 dim"),
    warn("nifti-data-too-long", "The volume is longer than its dimensions say.", section="NIfTI-1 dim"),
    warn("nifti-bits-mismatch", "The volume states its bits per voxel wrongly; they follow from its data type.",
         section="NIfTI-1 bitpix"),
    warn("nifti-spacing-unusual", "The size of a voxel is missing or not possible, so nothing can be measured.",
         "Check the size of the voxels before anything is measured.", "NIfTI-1 pixdim"),
    warn("nifti-orientation-missing", "The volume does not say how it lies in space: left and right cannot be told.",
         "Check left and right before the volume is used.", "NIfTI-1 qform_code"),
    warn("nifti-image-elsewhere", "This is only the header of a volume; its image is in another file (.img).",
         "Send the .img file as well, or convert both to one .nii file.", "NIfTI-1 magic"),
    reject("gzip-damaged", "The compressed content cannot be unpacked: the file is damaged.", SEND_AGAIN, "RFC 1952"),
    reject("gzip-truncated", "The compressed content stops before its end: part of the file is missing.",
           SEND_AGAIN, "RFC 1952"),
    reject("gzip-length-mismatch", "The compressed content is not as long as the volume's dimensions say.",
           SEND_AGAIN, "RFC 1952 2.3.1"),
    reject("gzip-bomb", "The file unpacks to a size out of all proportion, as an attack would.", ASK_IT),
    warn("gzip-trailing-bytes", "Something else follows the compressed content.", section="RFC 1952 2.2"),
)  # fmt: skip

DOCUMENT_CHAPTERS: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("Name, size and clinic", SURROUNDINGS),
    ("ZIP archives", ARCHIVE),
    ("NIfTI volumes", NIFTI),
)
