"""For every rule of other kinds than DICOM, a file that breaks it."""

import io
import json
import struct
import zipfile
import zlib

from pypdf import PdfWriter

from processor.judge import Facts
from processor.judge.inspection.findings import Profile
from tests.document_files import (
    OBSERVATION,
    PATIENT,
    SEEDS,
    bundle,
    ccda,
    chunk,
    fhir,
    gzipped,
    hl7v2,
    jpeg,
    nifti_1,
    pdf,
    png,
    segment,
    stream,
    tiff,
    zipped,
)
from tests.unit.processor.judge.documents.zip.test_archive import NOISE
from tests.unit.processor.judge.documents.zip.test_archive import REJECTED as ARCHIVES

MIB = 1024 * 1024
SMALL = Facts(profile=Profile(max_bytes={"*": 10}))
NO_IMAGES = Facts(profile=Profile(kinds=frozenset({"dicom"})))


def deep_xml(depth):
    return ccda(component="<a>" * depth + "</a>" * depth)


def looping_tiff():
    whole = tiff()
    return whole[:-4] + whole[4:8]


def long_vector():
    """A vector of 40,000 values, as FreeSurfer writes it."""
    whole = bytearray(nifti_1((1, 1, 1, 1), data=bytes(2 * 40_000)))
    struct.pack_into("<h", whole, 42, -1)
    struct.pack_into("<i", whole, 144, 40_000)
    return bytes(whole)


def restricted(algorithm="RC4-128", user_password=""):
    """A PDF that opens without a password, unless one is given, and forbids all else."""
    writer, written = PdfWriter(), io.BytesIO()
    writer.add_blank_page(72, 72)
    writer.encrypt(user_password, "owner", algorithm=algorithm)
    writer.write(written)
    return written.getvalue()


def endless(head, size=0):
    """A gzip file that inflates to `head` and a gigabyte of zeros and more, and says that it is `size` bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + first + block * 1040 + packer.flush() + struct.pack("<II", 0, size)


FORMATS = b'/S /JavaScript /JS (AFNumber_Format\\(2, 0, 0, 0, "", true\\);)'

FILES = {
    "kind-not-allowed": (png(), NO_IMAGES),
    "too-large": (png(), SMALL),
    "extension-mismatch": (png(), Facts(extension="pdf")),
    "extension-claims-dicom": (png(), Facts(extension="dcm")),
    **ARCHIVES,
    "archive-too-many-entries": SEEDS["zip"][0][:-14] + struct.pack("<2H", 50_001, 50_001) + SEEDS["zip"][0][-10:],
    "archive-holds-archive": zipped([("a.zip", b"x"), ("b.dcm", b"y")]),
    "archive-path-backslash": zipped([("a\\b", b"x")]),
    "archive-descriptor-stored": zipped([("a", b"x")], zipfile.ZIP_STORED).replace(
        b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\x08\0"
    ),
    "nifti-length-elsewhere": long_vector(),
    "nifti-header-truncated": nifti_1()[:100],
    "nifti-mark-invalid": nifti_1(mark=b"xxx\0"),
    "nifti-dimensions-invalid": nifti_1((4, -3, 2), data=b""),
    "nifti-data-type-unknown": nifti_1(data_type=99),
    "nifti-offset-invalid": nifti_1(offset=float("nan")),
    "nifti-data-too-short": nifti_1()[:-1],
    "nifti-data-too-long": nifti_1() + b"\0",
    "nifti-bits-mismatch": nifti_1(data_type=2),
    "nifti-spacing-unusual": nifti_1(spacing=0.0),
    "nifti-orientation-missing": nifti_1(qform=0),
    "nifti-image-elsewhere": nifti_1(mark=b"ni1\0", data=b""),
    "gzip-damaged": gzipped(nifti_1())[:-8] + bytes(8),
    "gzip-truncated": gzipped(nifti_1())[:-9],
    "gzip-length-mismatch": endless(nifti_1((2048, 2048, 129), data=b"")),
    "gzip-unchecked": endless(nifti_1((2048, 2048, 129), data=b""), 2048 * 2048 * 129 * 2 + 352),
    "gzip-bomb": gzipped(nifti_1(data=bytes(40 * MIB))),
    "gzip-trailing-bytes": gzipped(nifti_1()) + b"more",
    "image-description-impossible": png(0, 8),
    "image-unchecked": png(1 << 14, (1 << 14) - 1, depth=16, colour=6, raw=NOISE),
    "image-data-surplus": png(raw=bytes(201)),
    "image-too-many-pixels": png(30_000, 30_000, raw=b"\0"),
    "image-too-many-parts": tiff(changes={279: (4, 8, 2_000_000)}),
    "image-data-missing": b"\xff\xd8\xff\xd9",
    "image-data-too-short": png(raw=bytes(20)),
    "image-data-damaged": png().replace(chunk(b"IDAT", zlib.compress(bytes(200), 9)), chunk(b"IDAT", b"no deflate")),
    "foreign-content-appended": jpeg() + b"<?php system($_GET[0]); ?>",
    "document-trailing-bytes": png() + b"more",
    "png-signature-damaged": png()[1:],
    "png-structure-invalid": png(extra=b"\xff\xff\xff\xff1234"),
    "png-truncated": png(end=False),
    "png-checksum-wrong": png()[:29] + bytes(4) + png()[33:],
    "png-text-bomb": png(extra=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2 * MIB)))),
    "jpeg-structure-invalid": b"\xff\xd8" + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\xff\xd9",
    "jpeg-truncated": jpeg(end=b""),
    "jpeg-stray-bytes": jpeg(before=segment(0xE0, b"JFIF") + b"stray"),
    "exif-damaged": jpeg(before=segment(0xE1, b"Exif\0\0????")),
    "tiff-structure-invalid": tiff(changes={256: (2, 8)}),
    "tiff-truncated": tiff(changes={279: (4, 5000)}),
    "tiff-directory-loop": looping_tiff(),
    "tiff-directory-unended": tiff()[:-4],
    "tiff-field-damaged": tiff(changes={270: (2, 99_999, 50)}),
    "pdf-header-missing": b"\n" * 1020 + b"%PDF-x",
    "pdf-truncated": pdf(end=b""),
    "pdf-root-missing": b"%PDF-1.7\n1 0 obj\n<< /Type /Page >>\nendobj\n%%EOF",
    "pdf-page-tree-circular": pdf(page=b"/Type /Page /Kids [2 0 R]"),
    "pdf-objects-hidden": pdf(stream(b"<< >>", b"/Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode]")),
    "pdf-part-unchecked": pdf(stream(b"<< >>", b"/Type /ObjStm").replace(b"\nendstream", b"endstream")[:-12]),
    "pdf-pages-unchecked": pdf(page=b"/Type /Page /Kids [%b]" % b" ".join([b"9 0 R"] * 100_001)),
    "pdf-pages-missing": pdf(page=b"/Type /Thread"),
    "pdf-encrypted": pdf(trailer=b"/Encrypt 4 0 R"),
    "pdf-restricted": restricted(),
    "pdf-form-script": pdf(b"<< /AA << /F << " + FORMATS + b" >> >> >>"),
    "pdf-javascript": pdf(catalog=b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"),
    "pdf-launches-program": pdf(catalog=b"/OpenAction << /S /Launch /F (cmd.exe) >>"),
    "pdf-stream-bomb": pdf(stream(bytes(70 * MIB))),
    "pdf-object-bomb": pdf(stream(b" " * 20 * MIB, b"/Type /ObjStm")),
    "pdf-embedded-file": pdf(b"<< /Type /EmbeddedFile >>"),
    "pdf-submits-data": pdf(b"<< /S /SubmitForm /F (http://example.org) >>"),
    "pdf-rich-media": pdf(b"<< /Type /Annot /Subtype /RichMedia >>"),
    "pdf-xfa-form": pdf(b"<< /XFA 5 0 R >>"),
    "pdf-bytes-before-header": pdf(start=b"HTTP/1.1 200 OK\n\n%PDF-1.7\n"),
    "pdf-cross-reference-wrong": pdf().replace(b"startxref\n", b"startxref\n9"),
    "text-too-large": fhir() + b" " * 17 * MIB,
    "text-not-utf-8": (b"a;b\n1;\xe9\n", Facts(extension="csv")),
    "hl7-header-missing": b"EVN||20261122\rPID|1||TEST-1\r",
    "hl7-header-cut": rb"MSH|^~\&|LAB|NORTHSIDE",
    "hl7-delimiters-invalid": hl7v2(header="MSH|^^^^|A|B|C|D|20261122||ADT^A01|42|P|2.5.1"),
    "hl7-message-type-missing": hl7v2(header=r"MSH|^~\&|A|B|C|D|20261122|||42|P|2.5.1"),
    "hl7-binary": hl7v2("PID|1||TEST\0-1"),
    "hl7-utf-16": hl7v2().decode().encode("utf-16"),
    "hl7-segment-invalid": hl7v2("ab|1"),
    "hl7-too-many-segments": hl7v2(*["NTE|1"] * 100_001),
    "hl7-framing-left": b"\x0b" + hl7v2() + b"\x1c\r",
    "hl7-line-wrapped": hl7v2("NTE|1||a long text", "that goes on here"),
    "hl7-message-empty": hl7v2(""),
    "hl7-control-id-missing": hl7v2(header=r"MSH|^~\&|A|B|C|D|20261122||ADT^A01||P|2.5.1"),
    "hl7-version-unknown": hl7v2(header=r"MSH|^~\&|A|B|C|D|20261122||ADT^A01|42|P|"),
    "json-malformed": b'{"resourceType": "Patient",, "id": "1"}',
    "json-truncated": fhir()[:-10],
    "json-not-utf-8": fhir(id="x").replace(b'"x"', b'"\xe9"'),
    "json-not-a-number": b'{"resourceType": "Observation", "valueDecimal": NaN}',
    "json-duplicate-keys": b'{"resourceType": "Patient", "id": "1", "id": "2"}',
    "json-too-deep": b'{"resourceType": "Patient", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "json-too-many-values": b'{"resourceType": "Patient", "a": [' + b"0," * 2_000_001 + b"0]}",
    "fhir-not-json": fhir() + b"\n" + fhir(),
    "fhir-resource-type-unknown": fhir(resourceType="Pateint"),
    "fhir-resource-type-missing": b'{"contained": [{"resourceType": "Patient"}]}',
    "fhir-version-differs": fhir(resourceType="ProcedureRequest"),
    "fhir-bundle-invalid": bundle(PATIENT, kind="parcel"),
    "fhir-id-invalid": fhir(id="not an id"),
    "fhir-full-url-repeated": json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:a"}, {"fullUrl": "urn:a"}]}
    ).encode(),
    "fhir-reference-unresolved": bundle(OBSERVATION | {"subject": {"reference": "urn:uuid:9"}}),
    "fhir-several-patients": bundle(PATIENT, PATIENT),
    "xml-entities": ccda(prolog='<!DOCTYPE a [<!ENTITY b "c">]>'),
    "xml-dtd": ccda(prolog="<!DOCTYPE ClinicalDocument>"),
    "xml-truncated": ccda()[:-5],
    "xml-malformed": ccda(title="<title>a & b</title>"),
    "xml-encoding-wrong": ccda(title="<title>M?ller</title>").replace(b"?ller", b"\xfcller"),
    "xml-encoding-unknown": ccda(prolog='<?xml version="1.0" encoding="utf-7"?>'),
    "xml-encoding-misspelt": ccda(prolog='<?xml version="1.0" encoding="UTF8"?>'),
    "xml-too-deep": deep_xml(300),
    "xml-too-many-elements": ccda(component="<a/>" * 400_001),
    "ccda-root-wrong": ccda().replace(b'xmlns="urn:hl7-org:v3"', b'xmlns="urn:other"'),
    "ccda-patient-missing": ccda(recordTarget=""),
    "ccda-patient-id-missing": ccda(recordTarget="<recordTarget><patientRole><patient/></patientRole></recordTarget>"),
    "ccda-header-incomplete": ccda(custodian=""),
    "ccda-body-missing": ccda(component=""),
    "ccda-template-missing": ccda(templateId=""),
    "csv-empty": (b"\r\n", Facts(extension="csv")),
    "csv-binary": (b"a,b\n1,\0\n", Facts(extension="csv")),
    "csv-quotes-unbalanced": (b'a,b\n"1,2\n', Facts(extension="csv")),
    "csv-ragged": (b"a,b\n1,2\n1,2,3\n", Facts(extension="csv")),
    "csv-cells-left-out": (b"a,b\n1\n", Facts(extension="csv")),
    "csv-cells-surplus": (b"a,b\n1,2,,\n", Facts(extension="csv")),
    "csv-too-large": (b"a,b\n" + b"1," * MIB, Facts(extension="csv")),
    "csv-formula-runs": b"id,note\n1,=cmd|' /C calc'!A0\n",
    "csv-formula": b"id,note\n1,=A1+A2\n",
    "csv-line-ends-unusual": b"a,b\r1,2\r",
}
MET_ELSEWHERE = {
    "archive-entries-overlap",
    "archive-total-too-large",
    "archive-duplicate-names",
    "archive-nothing-accepted",  # Found when the entries have their verdicts: see test_settle.
    "archive-entries-rejected",
    "tiff-pages-unchecked",
}
"""Made by hand in other tests of this folder."""
