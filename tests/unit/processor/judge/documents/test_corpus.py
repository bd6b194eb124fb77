"""The judge against real and hostile files of other kinds than DICOM, with expected verdicts."""

from intake.files import keys
from processor.judge import Facts, judge
from tests.unit.processor.judge.corpus import content, needs_corpus, rows
from tests.unit.processor.judge.sources import CountedSource

pytestmark = needs_corpus

CAUSES = {
    "ccda/bad-billion-laughs.xml": "xml-entities",
    "ccda/bad-encoding-lie.xml": "xml-encoding-wrong",
    "ccda/bad-wrong-root.xml": "kind-unsupported",
    "csv/bad-empty.csv": "csv-empty",
    "csv/bad-formula.csv": "csv-formula-runs",
    "csv/bad-nul.csv": "csv-binary",
    "csv/bad-xlsx.csv": "archive-directory-missing",
    "fhir/bad-deep.json": "json-too-deep",
    "fhir/bad-nan.json": "json-not-a-number",
    "fhir/bad-unknown-type.json": "fhir-resource-type-unknown",
    "hl7v2/bad-cut-msh.hl7": "hl7-header-cut",
    "hl7v2/bad-encoding-chars.hl7": "hl7-delimiters-invalid",
    "hl7v2/bad-no-msh.hl7": "hl7-header-missing",
    "hl7v2/bad-nul.hl7": "hl7-binary",
    "image/Pillow__broken.png": "png-structure-invalid",
    "image/Pillow__broken_data_stream.png": "png-checksum-wrong",
    "image/Pillow__crash-0c7e0e8e11ce787078f00b5b0ca409a167f070e0.tif": "tiff-truncated",
    "image/Pillow__crash-0e16d3bfb83be87356d026d66919deaefca44dac.tif": "tiff-truncated",
    "image/Pillow__crash-1152ec2d1a1a71395b6f2ce6721c38924d025bf3.tif": "tiff-truncated",
    "image/Pillow__crash-2020-10-test.tif": "tiff-structure-invalid",
    "image/Pillow__crash-63b1dffefc8c075ddc606c0a2f5fdc15ece78863.tif": "tiff-structure-invalid",
    "image/Pillow__crash-86214e58da443d2b80820cff9677a38a33dcbbca.tif": "tiff-truncated",
    "image/Pillow__crash-f46f5b2f43c370fe65706c11449f567ecc345e74.tif": "tiff-truncated",
    "image/Pillow__oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": "tiff-truncated",
    "image/Pillow__png_decompression_dos.png": "png-text-bomb",
    "image/Pillow__pngtest_bad.png.bin": "png-signature-damaged",
    "image/bad-cut.jpg": "jpeg-truncated",
    "image/bad-cut.png": "png-truncated",
    "image/bad-png-crc.png": "png-checksum-wrong",
    "image/bad-soi-only.jpg": "image-data-missing",
    "image/bad-svg.png": "kind-unsupported",
    "nifti/bad-cut.nii.gz": "gzip-truncated",
    "nifti/bad-datatype.nii": "nifti-data-type-unknown",
    "nifti/bad-dims-huge.nii": "nifti-dimensions-invalid",
    "nifti/bad-dims-negative.nii": "nifti-dimensions-invalid",
    "nifti/bad-gzip-bomb.nii.gz": "gzip-bomb",
    "nifti/bad-header-only.nii": "nifti-data-too-short",
    "nifti/bad-magic.nii": "nifti-mark-invalid",
    "nifti/bad-short-data.nii": "nifti-data-too-short",
    "nifti/nifti-rs__crash-1.nii": "not-dicom",
    "nifti/nifti-rs__crash-ed7d46344d7efb3b9f0c374d66d2e02f66cc447d.nii": "not-dicom",
    "not-medical/a-AUTORUN.INF": "kind-unsupported",
    "not-medical/a-elf.dcm": "kind-unsupported",
    "not-medical/a-json-error.dcm": "kind-unsupported",
    "not-medical/a-page.html.dcm": "kind-unsupported",
    "not-medical/a-random.dat": "not-dicom",
    "not-medical/a-script.sh": "kind-unsupported",
    "not-medical/a-sqlite.db": "kind-unsupported",
    "not-medical/eicar.com.txt": "kind-unsupported",
    "not-medical/pydicom__README.md": "kind-unsupported",
    "not-medical/pydicom__pyproject.toml": "kind-unsupported",
    "pdf/bad-cut.pdf": "pdf-truncated",
    "pdf/bad-header-only.pdf": "pdf-truncated",
    "pdf/bad-html.pdf": "kind-unsupported",
    "pdf/bad-js.pdf": "pdf-javascript",
    "pdf/bad-launch.pdf": "pdf-launches-program",
    "zip/bad-absolute.zip": "archive-path-traversal",
    "zip/bad-crc.zip": "archive-entry-damaged",
    "zip/bad-cut.zip": "archive-directory-missing",
    "zip/bad-empty.zip": "archive-empty",
    "zip/bad-flat-bomb-700mb.zip": "archive-bomb",
    "zip/bad-nested-bomb.zip": "archive-nested",
    "zip/bad-overlap-bomb.zip": "archive-entries-overlap",
    "zip/bad-symlink.zip": "archive-symlink",
    "zip/bad-traversal.zip": "archive-path-traversal",
}
"""Rejected row of high confidence → the code that names its cause, which is told first."""

ARGUED = {
    "ccda/C-CDA-Examples__External_Document_Reference_QRDA_Template__C-CDAR2.1_.xml": (
        "is a fragment: its root is no ClinicalDocument, so it has neither header nor patient"
    ),
    "csv/csv-parser__bad-data.csv": "all of its four rows have three columns",
    "nifti/bad-plain-as-gz.nii.gz": (
        "33 x 41 x 25 voxels of 16 bits from byte 352 need 68,002 bytes, and the file has 60,000"
    ),
    "pdf/pdf.js__GHOSTSCRIPT-698804-1-fuzzed.pdf": "only its cross-reference table is wrong, which readers mend",
    "pdf/pdf.js__PDFBOX-3148-2-fuzzed.pdf": "its page tree is a tree, and its page is there",
    "pdf/pdf.js__PDFBOX-4352-0.pdf": (
        "opens without a password, and only its cross-reference table is wrong, which readers mend"
    ),
    "pdf/pdf.js__auth-event-ef-open.pdf": "encrypted documents cannot be checked; a clinic's profile may take them",
    "pdf/pdf.js__encrypted-attachment.pdf": "as above",
    "pdf/pdf.js__issue15893_reduced.pdf": "as above",
    "pdf/pdf.js__pr6531_1.pdf": "as above",
    "pdf/sample-files__libreoffice-writer-password.pdf": "as above",
    "pdf/pdf.js__autoprint.pdf": "prints by JavaScript, in a compressed object",
    "zip/bad-exe-inside.zip": "the archive is sound; the program in it is rejected as a file of its own",
    "zip/bad-nested-study.zip": "holds nothing but an archive, and archives in archives are not opened",
}
"""Rows of low confidence that are judged otherwise, each for a reason."""


def others(*, confidence):
    return [row for row in rows() if not row["kind"].startswith("dicom/") and row["confidence"] == confidence]


def judged(row):
    return judge(CountedSource(content(row)), Facts(extension=keys.extension(row["path"])))


def test_every_file_of_high_confidence_gets_its_verdict():
    wrong = {}
    for row in others(confidence="high"):
        judgement = judged(row)
        if judgement.rejected != (row["expected"] == "reject"):
            wrong[row["path"]] = [found.code for found in judgement.findings]

    assert wrong == {}


def test_every_rejection_names_its_cause_first():
    rejected = [row for row in others(confidence="high") if row["expected"] == "reject"]

    assert {row["path"]: judged(row).findings[0].code for row in rejected} == CAUSES


def test_files_of_low_confidence_get_their_verdict_unless_argued():
    wrong = {row["path"] for row in others(confidence="low") if judged(row).rejected != (row["expected"] == "reject")}

    assert wrong == set(ARGUED)


def test_few_reads_are_enough_and_text_is_read_once():
    for row in others(confidence="high") + others(confidence="low"):
        source = CountedSource(content(row))
        judge(source)

        assert len(source.reads) <= 8, row["path"]
        assert source.bytes_read <= source.size + 256 * 1024, row["path"]
