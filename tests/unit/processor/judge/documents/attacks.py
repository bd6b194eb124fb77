"""Files of other kinds that are made to exhaust whoever reads them. Each is small, or cheap to make."""

import struct
import zlib

from tests.document_files import ccda, chunk, gzipped, hl7v2, jpeg, nifti_1, pdf, png, segment, tiff, zipped

MIB = 1024 * 1024
GIB = 1024 * MIB


def deflated_zeros(size, *, wbits=-15, before=b""):
    """Return deflate data that inflates to `before` and `size` zeros, without ever holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    packed = [packer.compress(before)]
    packed += [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join(packed) + packer.flush()


def _listed(name, content, size, offset):
    return struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(content), size,
                       len(name), 0, 0, 0, 0, 0, offset) + name  # fmt: skip


def _archive(local, directory, entries):
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(directory), len(local), 0)
    return local + directory + end


def flat_bomb():
    """One entry of a gigabyte of zeros."""
    content = deflated_zeros(GIB)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(content), GIB, 1, 0) + b"a" + content
    return _archive(local, _listed(b"a", content, GIB, 0), 1)


def quilt(entries=20_000):
    """Entries that all inflate the same bytes, to terabytes."""
    content = deflated_zeros(100 * MIB)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(content), 100 * MIB, 1, 0) + b"a" + content
    directory = b"".join(_listed(b"%d" % number, content, 100 * MIB, 0) for number in range(entries))
    return _archive(local, directory, entries)


def nested_bomb(depth=6):
    """Sixteen archives in an archive, and so on, as 42.zip has them."""
    data = zipped([("zeros", bytes(MIB))])
    for _ in range(depth):
        data = zipped([(f"{number}.zip", data) for number in range(16)])
    return data


def many_entries():
    """More entries than are taken, all of them empty and in one place."""
    return _archive(b"PK\3\4" + bytes(26), b"".join(_listed(b"a", b"", 0, 0) for _ in range(60_000)), 60_000)


def full_directory():
    """As many entries as are taken, with long names."""
    names = [b"%05d" % number + b"/" * 200 for number in range(50_000)]
    return _archive(b"PK\3\4" + bytes(26), b"".join(_listed(name, b"", 0, 0) for name in names), 50_000)


def laughs():
    """The billion laughs."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return ccda(prolog=f'<!DOCTYPE a [<!ENTITY a0 "lol">{entities}]>', title="<title>&a11;</title>")


def quadratic_entity():
    """One long entity, used often."""
    return ccda(prolog=f'<!DOCTYPE a [<!ENTITY a "{"a" * MIB}">]>', title=f"<title>{'&a;' * 10_000}</title>")


def external_entity():
    return ccda(prolog='<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>', title="<title>&a;</title>")


def many_attributes(count=1_200_000):
    return ccda(component="<a " + " ".join(f'a{n}=""' for n in range(count)) + "/>")


def overlapping_directories(pages=8_000, fields=4_000):
    """TIFF directories that lie over each other, each of thousands of fields."""
    data = bytearray(b"II*\0\x08\0\0\0" + bytes(pages * 2 + fields * 12 + 100))
    for place in range(8, 8 + pages * 2, 2):
        data[place : place + 2] = fields.to_bytes(2, "little")
    return bytes(data)


FILES = {
    "ZIP: 1 GB in one entry": (flat_bomb, "archive-bomb"),
    "ZIP: 20,000 entries share their bytes": (quilt, "archive-entries-overlap"),
    "ZIP: archives in archives": (nested_bomb, "archive-nested"),
    "ZIP: 60,000 entries": (many_entries, "archive-too-many-entries"),
    "ZIP: 50,000 long names": (full_directory, "archive-empty"),
    "ZIP: ../": (lambda: zipped([("../../etc/cron.d/x", b"x")]), "archive-path-traversal"),
    "NIfTI: 1 GB behind a small volume": (
        lambda: deflated_zeros(GIB, wbits=31, before=nifti_1()),
        "gzip-bomb",
    ),
    "NIfTI: a huge volume in a small file": (
        lambda: gzipped(nifti_1((32_000, 32_000, 32_000), data=b"")),
        "nifti-data-too-short",
    ),
    "gzip: 1 GB of nothing": (lambda: deflated_zeros(GIB, wbits=31), "gzip-bomb"),
    "gzip: a million empty members": (lambda: gzipped(nifti_1()) + gzipped(b"") * 500_000, "gzip-bomb"),
    "PNG: 1 GB of pixels": (
        lambda: png(30_000, 30_000, raw=b"").replace(zlib.compress(b"", 9), deflated_zeros(GIB, wbits=15)),
        "image-too-many-pixels",
    ),
    "PNG: 1 GB behind a few pixels": (
        lambda: png(extra=chunk(b"IDAT", deflated_zeros(GIB, wbits=15)))[:-12] + chunk(b"IEND", b"") + b"%PDF-1.7",
        "foreign-content-appended",
    ),
    "PNG: 1 GB of text": (
        lambda: png(extra=chunk(b"zTXt", b"k\0\0" + deflated_zeros(GIB, wbits=15))),
        "png-text-bomb",
    ),
    "PNG: thousands of texts": (
        lambda: png(extra=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(MIB - 9), 9)) * 4_000),
        "png-text-bomb",
    ),
    "PNG: a million chunks": (lambda: png(extra=chunk(b"tEXt", b"") * MIB), "image-too-many-parts"),
    "JPEG: 15 MB of filling": (lambda: jpeg(before=b"\xff" * 15 * MIB + b"\0"), "jpeg-stray-bytes"),
    "JPEG: a million segments": (lambda: jpeg(before=segment(0xE0, b"") * MIB), "image-too-many-parts"),
    "TIFF: directories over each other": (overlapping_directories, "image-description-impossible"),
    "TIFF: a circle of pages": (lambda: tiff()[:-4] + tiff()[4:8], "tiff-directory-loop"),
    "TIFF: billions of strips": (lambda: tiff(changes={273: (4, 8, 0xFFFFFFFF)}), "image-too-many-parts"),
    "PDF: 1 GB in a stream": (
        lambda: pdf(b"<< /Filter /FlateDecode >>\nstream\n" + deflated_zeros(GIB, wbits=15) + b"\nendstream"),
        "pdf-stream-bomb",
    ),
    "PDF: 1 GB of objects": (
        lambda: pdf(
            b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n" + deflated_zeros(GIB, wbits=15) + b"\nendstream"
        ),
        "pdf-object-bomb",
    ),
    "PDF: streams without an end": (
        lambda: pdf(b"<< /FlateDecode /Type /ObjStm >> stream\n" * 24_000 + b" " * 10 * MIB, end=b""),
        "pdf-truncated",
    ),
    "PDF: streams that share their bytes": (
        lambda: pdf(
            b"/FlateDecode stream\n".join([zlib.compress(b"x")] * 24_000) + b" " * 10 * MIB, end=b"", trailer=b""
        ),
        "pdf-truncated",
    ),
    "PDF: a million streams": (lambda: pdf(b"stream\n" * MIB), "pdf-object-bomb"),
    "XML: billion laughs": (laughs, "xml-entities"),
    "XML: one long entity": (quadratic_entity, "xml-entities"),
    "XML: an entity from a file": (external_entity, "xml-entities"),
    "XML: depth 100,000": (lambda: ccda(component="<a>" * 100_000), "xml-too-deep"),
    "XML: 4 million elements": (lambda: ccda(component="<a/>" * 4_000_000), "xml-too-many-elements"),
    "XML: a million attributes": (many_attributes, "xml-too-many-elements"),
    "XML: one name of 15 MB": (lambda: ccda(component="<" + "a" * 15 * MIB), "xml-malformed"),
    "JSON: depth 100,000": (
        lambda: b'{"resourceType": "Patient", "a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "json-too-deep",
    ),
    "JSON: depth 100,000 of objects": (
        lambda: b'{"resourceType": "Patient", "a":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        "json-too-deep",
    ),
    "JSON: 5 million arrays": (
        lambda: b'{"resourceType": "Patient", "a": [' + b"[]," * 5_000_000 + b"[]]}",
        "json-too-many-values",
    ),
    "JSON: 8 million numbers": (
        lambda: b'{"resourceType": "Patient", "a": [' + b"0," * 8_000_000 + b"0]}",
        "json-too-many-values",
    ),
    "JSON: 8 million escaped quotes": (
        lambda: b'{"resourceType": "Patient", "a": "' + b'\\"' * 8_000_000,
        "json-truncated",
    ),
    "JSON: a number of a million digits": (
        lambda: b'{"resourceType": "Patient", "a": ' + b"9" * MIB + b"}",
        "json-malformed",
    ),
    "HL7: 15 million lines": (lambda: hl7v2() + b"\r" * 15 * MIB, "hl7-too-many-segments"),
    "HL7: a header of 15 million fields": (
        lambda: hl7v2(header=r"MSH|^~\&" + "|" * 15 * MIB),
        "hl7-message-type-missing",
    ),
    "CSV: 15 million cells in a line": (lambda: b"a,b\n1,2\n" + b"," * 15 * MIB, "csv-too-large"),
    "CSV: 7 million lines": (lambda: b"a,b\n1,2\n" + b",\n" * 7_000_000, "csv-too-large"),
    "CSV: half a formula, 5 million times": (lambda: b"a,b\n1,2\n" + b"=|,\n" * 4_000_000, "csv-too-large"),
}  # fmt: skip
"""Name → what makes the file, and the code of the finding that it must get."""
