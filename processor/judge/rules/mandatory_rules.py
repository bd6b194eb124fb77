"""The rules that no clinic can soften, by the reason why."""

from collections.abc import Mapping

REASONS: Mapping[str, tuple[str, ...]] = {
    "A file without content, or of an unknown kind, cannot be checked, filed or shown.": (
        "empty-file", "kind-unsupported", "not-dicom", "all-zero", "magic-damaged", "bytes-swapped", "base64-encoded",
        "http-wrapper", "line-endings-altered", "text-encoding-altered", "data-set-missing",
    ),
    "A file of two kinds, or with another one hidden in it, contains parts that nobody has checked.": (
        "polyglot-executable", "polyglot-script", "polyglot-document", "polyglot-archive", "archive-appended",
        "second-file-appended", "foreign-content-appended",
    ),
    "Only files that the malware scan finds clean are accepted.": ("malware-found", "scan-unsupported"),
    "Reading stopped there, so the rest of the file was never checked.": (
        "file-meta-length-impossible", "transfer-syntax-contradicted", "truncated", "length-impossible",
        "sequence-unclosed", "structure-invalid", "content-damaged",
        "deflate-damaged", "encapsulation-unended", "encapsulation-empty",
        "encapsulation-invalid", "image-description-impossible", "image-data-missing", "image-data-damaged",
        "png-signature-damaged", "png-structure-invalid", "png-truncated", "png-checksum-wrong",
        "hl7-header-missing", "hl7-header-cut", "hl7-delimiters-invalid", "hl7-message-type-missing", "hl7-binary",
        "hl7-utf-16", "hl7-segment-invalid", "json-malformed", "json-truncated", "json-not-utf-8",
        "json-not-a-number", "json-duplicate-keys", "fhir-resource-type-missing", "fhir-resource-type-unknown",
        "fhir-bundle-invalid", "xml-truncated", "xml-malformed", "xml-encoding-wrong", "xml-encoding-unknown",
        "ccda-root-wrong", "csv-empty", "csv-binary", "csv-quotes-unbalanced",
        "pdf-header-missing", "pdf-truncated", "pdf-root-missing",
        "jpeg-structure-invalid", "jpeg-truncated", "tiff-structure-invalid", "tiff-truncated",
    ),
    "This limit protects the system, and every program after it, from being overloaded.": (
        "nesting-too-deep", "too-many-elements", "too-many-items", "header-too-large", "deflate-bomb",
        "archive-nested", "archive-too-many-entries", "archive-total-too-large", "archive-bomb",
        "archive-entries-overlap", "archive-directory-too-large", "gzip-bomb", "text-too-large",
        "pdf-stream-bomb", "pdf-object-bomb", "pdf-page-tree-circular",
        "json-too-deep", "json-too-many-values", "xml-entities", "xml-dtd", "xml-too-deep", "xml-too-many-elements",
        "hl7-too-many-segments", "csv-too-large",
        "image-too-many-pixels", "image-too-many-parts", "png-text-bomb", "tiff-directory-loop",
    ),
    "An entry that leaves its folder, or says two different things, misleads whoever unpacks it.": (
        "archive-path-traversal", "archive-symlink", "archive-special-file", "archive-ambiguous",
        "archive-local-header-differs", "archive-trailing-bytes",
    ),
    "A document that starts programs attacks whoever opens it.": (
        "pdf-javascript", "pdf-launches-program", "pdf-objects-hidden", "csv-formula-runs",
    ),
    "A volume whose header cannot be trusted cannot be checked.": (
        "nifti-header-truncated", "nifti-mark-invalid", "nifti-dimensions-invalid", "nifti-data-type-unknown",
        "nifti-offset-invalid",
    ),
    "What cannot be unpacked cannot be checked.": (
        "archive-directory-missing", "archive-directory-damaged", "archive-split", "archive-empty",
        "archive-encrypted", "archive-method-unsupported", "archive-entry-damaged", "archive-nothing-accepted",
        "gzip-damaged", "gzip-truncated", "gzip-length-mismatch",
    ),
    "A file that does not say which image it is, or whose, cannot be filed.": (
        "sop-class-uid-missing", "sop-class-uid-invalid", "sop-instance-uid-missing", "sop-instance-uid-invalid",
        "study-instance-uid-missing", "study-instance-uid-invalid", "series-instance-uid-missing",
        "series-instance-uid-invalid", "identity-ambiguous", "patient-id-missing", "ccda-patient-missing",
        "clinic-unknown", "sop-instance-conflict", "sop-instance-uncompared", "sop-instance-refused",
    ),
}  # fmt: skip

PROTECTED: Mapping[str, str] = {code: reason for reason, codes in REASONS.items() for code in codes}
"""Code → why it always rejects."""
