"""The judge against real and hostile files with expected verdicts."""

from processor.judge import judge
from tests.unit.processor.judge.corpus import content, dicom_rows, needs_corpus, rows
from tests.unit.processor.judge.sources import CountedSource

pytestmark = needs_corpus

CAUSES = {
    "bad-ascii-ftp-crlf.dcm": "line-endings-altered",
    "bad-base64.dcm": "base64-encoded",
    "bad-byteswapped.dcm": "bytes-swapped",
    "bad-deep-nesting-20000.dcm": "nesting-too-deep",
    "bad-deflate-bomb-256mb.dcm": "deflate-bomb",
    "bad-ds-overclaim-65535.dcm": "pixel-data-too-short",
    "bad-elf-preamble.dcm": "polyglot-executable",
    "bad-encaps-cut.dcm": "encapsulation-unended",
    "bad-encaps-no-fragments.dcm": "encapsulation-empty",
    "bad-frames-999999.dcm": "pixel-data-too-short",
    "bad-frames-negative.dcm": "frame-count-invalid",
    "bad-gzipped.dcm": "kind-unsupported",
    "bad-html-preamble.dcm": "polyglot-script",
    "bad-http-multipart-wrapper.dcm": "http-wrapper",
    "bad-length-overrun.dcm": "truncated",
    "bad-pdf-preamble.dcm": "polyglot-document",
    "bad-pe-polyglot.dcm": "polyglot-executable",
    "bad-pixel-length-4g.dcm": "length-impossible",
    "bad-preamble-only.dcm": "data-set-missing",
    "bad-random.dcm": "not-dicom",
    "bad-shell-preamble.dcm": "polyglot-script",
    "bad-truncated-half-pixels.dcm": "truncated",
    "bad-truncated-in-header.dcm": "truncated",
    "bad-truncated-in-meta.dcm": "truncated",
    "bad-truncated-last-byte.dcm": "truncated",
    "bad-truncated-mid-tag.dcm": "truncated",
    "bad-ts-says-big-endian.dcm": "transfer-syntax-contradicted",
    "bad-ts-says-j2k-native-pixels.dcm": "pixel-data-not-encapsulated",
    "bad-uid-path-traversal.dcm": "sop-instance-uid-invalid",
    "bad-undelimited-sequence.dcm": "sequence-unclosed",
    "bad-utf8-mangled.dcm": "text-encoding-altered",
    "bad-zero-byte.dcm": "empty-file",
    "bad-zero-filled.dcm": "all-zero",
    "bad-zero-hole.dcm": "truncated",
    "bad-zip-appended.dcm": "archive-appended",
    "pydicom-data__emri_small_jpeg_2k_lossless_too_short.dcm": "encapsulation-unended",
    "pydicom__MR_truncated.dcm": "truncated",
    "pydicom__rtplan_truncated.dcm": "truncated",
    "bad-cut": "truncated or unended",
}

# Rows of low confidence that are judged otherwise, each for a reason.
ARGUED = {
    "bad-ts-unknown.dcm": "an unknown transfer syntax is a warning",
    "dwv__dwv-test-anonymise.dcm": "a patient's file without SOP Class UID cannot be shown or filed",
    "dwv__dwv-test-simple.dcm": "as above",
    "pydicom__meta_missing_tsyntax.dcm": "holds an image without rows, columns and bits",
    "pydicom__nested_priv_SQ.dcm": "as above",
    "dwv__sr-arrow.dcm": "a study's report without SOP Instance and Series Instance UID",
    "dwv__sr-roi.dcm": "as above",
    "dwv__sr-ruler.dcm": "as above",
}


def name(row):
    return row["path"].rpartition("/")[2]


def rejecting_codes(row):
    return [finding.code for finding in judge(CountedSource(content(row))).findings if finding.severity == "reject"]


def test_every_dicom_file_of_high_confidence_gets_its_verdict():
    wrong = {}
    for row in dicom_rows(confidence="high"):
        judgement = judge(CountedSource(content(row)))
        if judgement.rejected != (row["expected"] == "reject"):
            wrong[row["path"]] = [finding.code for finding in judgement.findings]

    assert wrong == {}


def test_dicom_files_of_low_confidence_get_their_verdict_unless_argued():
    wrong = {
        name(row)
        for row in dicom_rows(confidence="low")
        if judge(CountedSource(content(row))).rejected != (row["expected"] == "reject")
    }

    assert wrong == set(ARGUED)


def test_every_rejection_names_its_cause():
    broken = [row for row in dicom_rows(confidence="high") if row["expected"] == "reject"]
    wrong = {}
    for row in broken:
        codes = rejecting_codes(row)
        expected = [CAUSES[name(row)]] if name(row) in CAUSES else None
        if expected is None and name(row).startswith("bad-cut"):
            expected = codes if codes in (["truncated"], ["encapsulation-unended"]) else [CAUSES["bad-cut"]]
        if codes != expected:
            wrong[name(row)] = codes

    assert wrong == {}


def test_other_kinds_are_told_from_dicom():
    others = [row for row in rows() if not row["kind"].startswith("dicom/")]

    assert [row["path"] for row in others if judge(CountedSource(content(row))).kind == "dicom"] == []


def test_the_guessed_kind_is_the_manifests_for_whole_files():
    guesses = {
        "pdf": {"pdf"},
        "zip": {"zip"},
        "fhir": {"fhir"},
        "ccda": {"ccda", "xml"},
        "hl7v2": {"hl7v2"},
        "nifti": {"nifti"},
    }
    wrong = {}
    for row in rows():
        if row["kind"] in guesses and row["expected"] != "reject":
            kind = judge(CountedSource(content(row))).kind
            if kind not in guesses[row["kind"]]:
                wrong[row["path"]] = kind

    assert wrong == {}


def test_most_files_are_judged_by_their_first_bytes_and_none_needs_many_reads():
    sources = [CountedSource(content(row)) for row in dicom_rows(confidence="high")]
    for source in sources:
        judge(source)

    once = sum(not source.further_reads for source in sources)
    assert once > 0.75 * len(sources)
    # Each fragment of an image is looked at, which takes about a read for each MiB; none is jumped over.
    assert max(len(source.reads) for source in sources) <= 8
    assert sum(len(source.reads) > 4 for source in sources) <= 3
    assert all(source.bytes_read <= max(512 * 1024, source.size) for source in sources)
