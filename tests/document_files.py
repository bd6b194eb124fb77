"""Small synthetic files of every kind but DICOM, byte by byte, with obviously fictional values.

`SEEDS` holds good files of each kind, for tests and for mutators to start from.
"""

import gzip
import io
import json
import struct
import zipfile
import zlib

from tests.dicom_files import ct_slice


def nifti_1(
    dimensions=(4, 3, 2),
    *,
    data_type=4,
    bits=16,
    offset=352.0,
    mark=b"n+1\0",
    order="<",
    data=None,
    qform=1,
    spacing=1.0,
):
    """A NIfTI-1 volume of zeros."""
    axes = len(dimensions)
    head = bytearray(352)
    struct.pack_into(f"{order}i", head, 0, 348)
    struct.pack_into(f"{order}8h", head, 40, axes, *dimensions, *[1] * (7 - axes))
    struct.pack_into(f"{order}2h", head, 70, data_type, bits)
    struct.pack_into(f"{order}8f", head, 76, 1.0, *[spacing] * 7)
    struct.pack_into(f"{order}f", head, 108, offset)
    head[123] = 2
    struct.pack_into(f"{order}2h", head, 252, qform, 0)
    head[344:348] = mark
    return bytes(head) + (bytes(_voxels(dimensions) * bits // 8) if data is None else data)


def nifti_2(dimensions=(4, 3, 2), *, order="<"):
    """A NIfTI-2 volume of zeros, 16 bits a voxel."""
    axes = len(dimensions)
    head = bytearray(544)
    struct.pack_into(f"{order}i8s2h", head, 0, 540, b"n+2\0\r\n\x1a\n", 4, 16)
    struct.pack_into(f"{order}8q", head, 16, axes, *dimensions, *[1] * (7 - axes))
    struct.pack_into(f"{order}8d", head, 104, *[1.0] * 8)
    struct.pack_into(f"{order}q", head, 168, 544)
    struct.pack_into(f"{order}2i", head, 344, 1, 0)
    struct.pack_into(f"{order}i", head, 500, 2)
    return bytes(head) + bytes(_voxels(dimensions) * 2)


def _voxels(dimensions):
    count = 1
    for extent in dimensions:
        count *= max(extent, 0)
    return count


def gzipped(data, level=6):
    return gzip.compress(data, level, mtime=0)


def chunk(name, data, *, checksum=None):
    """One PNG chunk."""
    checked = zlib.crc32(name + data) if checksum is None else checksum
    return len(data).to_bytes(4, "big") + name + data + checked.to_bytes(4, "big")


def png(width=8, height=8, *, depth=8, colour=2, raw=None, extra=b"", interlaced=0, end=True):
    """A PNG image of black pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    rows = bytes(height * (1 + (width * depth * channels + 7) // 8)) if raw is None else raw
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    data = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + data + (chunk(b"IEND", b"") if end else b"")


def segment(marker, content):
    """One JPEG segment."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg(width=8, height=8, *, before=b"", scan=b"\x12\x34\xff\x00\x56", end=b"\xff\xd9"):
    """The structure of a baseline JPEG image, around entropy-coded data that means nothing."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    tables = segment(0xDB, bytes(65)) + segment(0xC4, bytes(17))
    return b"\xff\xd8" + before + tables + segment(0xC0, frame) + segment(0xDA, b"\1\1\0\0\x3f\0") + scan + end


def tiff(width=8, height=8, *, order="<", big=False, changes=None, following=0, data=None):
    """An uncompressed greyscale TIFF image of one strip; `changes` replaces or removes (None) fields by tag."""
    pixels = bytes(width * height) if data is None else data
    start = 16 if big else 8
    fields = {
        256: (4, width), 257: (4, height), 258: (3, 8), 259: (3, 1), 262: (3, 1),
        273: (4, start), 277: (3, 1), 278: (4, height), 279: (4, len(pixels)),
    } | (changes or {})  # fmt: skip
    fields = {tag: field for tag, field in sorted(fields.items()) if field is not None}
    mark = {"<": b"II", ">": b"MM"}[order]
    position = start + len(pixels)
    if big:
        head = mark + struct.pack(f"{order}HHHQ", 43, 8, 0, position)
        entries = b"".join(_field(tag, *field, order=order, word="Q") for tag, field in fields.items())
        return head + pixels + struct.pack(f"{order}Q", len(fields)) + entries + struct.pack(f"{order}Q", following)
    head = mark + struct.pack(f"{order}HI", 42, position)
    entries = b"".join(_field(tag, *field, order=order, word="I") for tag, field in fields.items())
    return head + pixels + struct.pack(f"{order}H", len(fields)) + entries + struct.pack(f"{order}I", following)


def _field(tag, field_type, value, count=1, *, order, word):
    code = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(field_type, "I") if count == 1 else word
    packed = struct.pack(f"{order}{code}", value).ljust(struct.calcsize(word), b"\0")
    return struct.pack(f"{order}HH{word}", tag, field_type, count) + packed


def hl7v2(*lines, header=r"MSH|^~\&|LAB|NORTHSIDE|SCALPER|PROVIDER|20261122||ADT^A01^ADT_A01|42|P|2.5.1"):
    """An HL7 v2 message."""
    body = lines or ("EVN||20261122", "PID|1||TEST-1^^^NORTH||TEST^PATIENT||19700101|F")
    return ("\r".join([header, *body]) + "\r").encode()


PATIENT = {
    "resourceType": "Patient",
    "id": "test-1",
    "identifier": [{"system": "urn:test", "value": "TEST-1"}],
    "name": [{"family": "Test", "given": ["Patient"]}],
    "birthDate": "1970-01-01",
    "gender": "female",
}


def fhir(resource=None, **changes):
    """A FHIR resource; a patient where none is given."""
    return json.dumps((PATIENT if resource is None else resource) | changes).encode()


def bundle(*resources, kind="collection"):
    """A FHIR bundle, whose entries are `urn:uuid:0`, `urn:uuid:1` and so on."""
    entries = [{"fullUrl": f"urn:uuid:{number}", "resource": resource} for number, resource in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()


OBSERVATION = {"resourceType": "Observation", "status": "final", "subject": {"reference": "urn:uuid:0"}}

CCDA_PARTS = {
    "typeId": '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>',
    "templateId": '<templateId root="2.16.840.1.113883.10.20.22.1.1"/>',
    "id": '<id root="2.16.840.1.113883.19"/>',
    "code": '<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/>',
    "title": "<title>Test Summary</title>",
    "effectiveTime": '<effectiveTime value="20261122"/>',
    "recordTarget": '<recordTarget><patientRole><id extension="TEST-1"/><patient><name><given>Patient</given>'
    '<family>Test</family></name><administrativeGenderCode code="F"/><birthTime value="19700101"/></patient>'
    "</patientRole></recordTarget>",
    "author": "<author/>",
    "custodian": "<custodian/>",
    "component": "<component><structuredBody/></component>",
}


def ccda(*, prolog='<?xml version="1.0" encoding="UTF-8"?>', **changes):
    """A C-CDA document; `changes` replaces parts by name, or removes them ("")."""
    parts = "".join((CCDA_PARTS | changes).values())
    return f'{prolog}<ClinicalDocument xmlns="urn:hl7-org:v3">{parts}</ClinicalDocument>'.encode()


def pdf(*objects, catalog=b"", trailer=b"", start=b"%PDF-1.7\n", end=b"%%EOF\n", page=b"/Type /Page"):
    """A PDF document of one empty page, with further objects from number 4 on."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< " + page + b" /Parent 2 0 R /MediaBox [0 0 72 72] >>",
        *objects,
    ]
    written, places = start, []
    for number, body in enumerate(bodies, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n" % (len(bodies) + 1, trailer, len(written))
    return written + table + tail + end


def stream(content, dictionary=b""):
    """A deflated PDF stream, as an object's body."""
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), dictionary, packed)


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """A ZIP archive of pairs of name (or ZipInfo) and content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


SEEDS = {
    "nifti": (nifti_1(), nifti_1(order=">"), nifti_2(), gzipped(nifti_1())),
    "png": (
        png(),
        png(colour=0, depth=1),
        png(interlaced=1, raw=bytes(207), extra=chunk(b"zTXt", b"k\0\0" + zlib.compress(b"text"))),
    ),
    "jpeg": (jpeg(), jpeg(before=segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"))),
    "tiff": (tiff(), tiff(order=">"), tiff(big=True)),
    "pdf": (pdf(), pdf(stream(b"<< /Kind /Nothing >>", b"/Type /ObjStm /N 1 /First 0"))),
    "hl7v2": (hl7v2(),),
    "fhir": (fhir(), bundle(PATIENT, OBSERVATION)),
    "ccda": (ccda(),),
    "csv": (b"id,age,value\n1,40,-1.5\n2,50,+2\n", b'a;b\n"x;""y""";2\n3;4\n'),
    "zip": (zipped([("study/1.dcm", ct_slice(rows=4, columns=4)), ("study/2.dcm", b"none" * 20)]),),
}
"""Kind → good files, which are accepted without a warning."""
