"""What grows in files of other kinds than DICOM (see `files.py`)."""

import gzip
import struct
import zlib
from collections.abc import Callable

from tests.document_files import (
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
)

Grow = Callable[[int], bytes]


def _times(one: bytes, size: int) -> bytes:
    return one * max(size // len(one), 1)


def _archive(
    entries: list[tuple[bytes, bytes]], *, comment: bytes = b"", extra: bytes = b"", shared: bool = False
) -> bytes:
    """An archive of stored entries, each with `extra` fields in the directory; `shared` lets all have one place."""
    local, listed, offset = [], [], 0
    for name, content in entries:
        crc = zlib.crc32(content)
        head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, crc, len(content), len(content), len(name), 0)
        listed.append(
            struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, crc, len(content), len(content),
                        len(name), len(extra), 0, 0, 0, 0, 0 if shared else offset) + name + extra
        )  # fmt: skip
        if not shared or not local:
            local.append(head + name + content)
            offset += len(local[-1])
    data, directory = b"".join(local), b"".join(listed)
    count = min(len(entries), 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(data), len(comment))
    return data + directory + end + comment


def _entries(size: int, *, name: bytes = b"%07d", content: bytes = b"x") -> list[tuple[bytes, bytes]]:
    each = 76 + 2 * len(name % 0 if b"%" in name else name) + len(content)
    return [(name % number if b"%" in name else name, content) for number in range(max(size // each, 1))]


def _directories(size: int) -> bytes:
    """A chain of TIFF directories, each of one small image."""
    fields = [(256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8), (279, 64)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    each = 2 + len(entries) + 4
    count = max(size // each, 1)
    pages = [
        struct.pack("<H", len(fields)) + entries + struct.pack("<I", 72 + each * (n + 1) if n + 1 < count else 0)
        for n in range(count)
    ]
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + b"".join(pages)


def _tiff_strips(size: int) -> bytes:
    """One page of many strips of a row each."""
    count = max(size // 9, 1)
    offsets = struct.pack(f"<{count}I", *range(8, 8 + count))
    counts = struct.pack(f"<{count}I", *([1] * count))
    data = bytes(count) + offsets + counts
    places = {273: 8 + count, 279: 8 + count + 4 * count}
    fields = [(256, 1, 1), (257, 1, count), (258, 1, 8), (259, 1, 1), (262, 1, 1), (273, count, places[273]),
              (277, 1, 1), (278, 1, 1), (279, count, places[279])]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, many, value) for tag, many, value in fields)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(fields)) + entries + bytes(4)


def _tiff_fields(size: int) -> bytes:
    """Directories of as many fields as are allowed, one after the other."""
    page = [(256, 8), (257, 8), (273, 8), (279, 64)]
    filling = [(0x8000 + n, 1) for n in range(4000)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in page + filling)
    each, data = 2 + len(entries) + 4, b""
    count = max(size // each, 1)
    for n in range(count):
        following = 72 + each * (n + 1) if n + 1 < count else 0
        data += struct.pack("<H", len(page + filling)) + entries + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + data


def _pdf_objects(size: int) -> bytes:
    return pdf(*[b"<< /Kind /Nothing >>"] * max(size // 60, 1))


def _pdf_tree(size: int, node: bytes) -> bytes:
    """A page tree that goes down one node after the other, each written as `node` with the next one's number."""
    return pdf(*[node % (5 + n) for n in range(max(size // (len(node) + 40), 1))]).replace(
        b"/Kids [3 0 R]", b"/Kids [4 0 R]"
    )


def _pdf_overlapping(size: int, filling: bytes) -> bytes:
    """Lists of nodes, none of which is ever ended: each goes on into all that follow."""
    count = max(size // (32 + len(filling)), 1)
    lists = [range(first, min(first + 1000, count)) for first in range(0, count, 1000)]
    first = 4 + len(lists)
    objects = [b"<< /Type /Pages /Kids [%b] >>" % b" ".join(b"%d 0 R" % (first + n) for n in part) for part in lists]
    top = b"/Kids [%b]" % b" ".join(b"%d 0 R" % (4 + n) for n in range(len(lists)))
    nodes = b"".join(b"%b %d 0 obj " % (filling, first + n) for n in range(count))
    return pdf(*objects).replace(b"/Kids [3 0 R]", top).replace(b"xref\n", nodes + b"xref\n", 1)


def _pdf_updates(size: int) -> bytes:
    """Cross-reference sections, each of which points to the one before."""
    document = pdf()
    one = b"xref\n0 0\ntrailer\n<< /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (9, 9)
    return document + _times(one, size)


def _json(value: bytes) -> bytes:
    return b'{"resourceType": "Patient", "a": %b}' % value


def _keys(size: int) -> bytes:
    return _json(b"{%b}" % b",".join(b'"key%07d":1' % n for n in range(max(size // 15, 1))))


def _references(size: int) -> bytes:
    refs = b",".join(b'{"reference":"urn:uuid:%07d"}' % n for n in range(max(size // 32, 1)))
    return b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":%b}]}' % _json(b"[%b]" % refs)


def _entries_of_bundle(size: int) -> bytes:
    one = b'{"fullUrl":"urn:uuid:%07d","resource":{"resourceType":"Observation","id":"%07d"}}'
    rows = b",".join(one % (n, n) for n in range(max(size // 80, 1)))
    return b'{"resourceType":"Bundle","type":"collection","entry":[%b]}' % rows


def _namespaces(size: int) -> bytes:
    return ccda(component="".join(f'<a xmlns:p{n}="urn:{n}"/>' for n in range(max(size // 26, 1))))


def _nested_namespaces(size: int) -> bytes:
    """Elements one within the other, each with as many new prefixes as the size asks for."""
    each = max(size // 190 // 26, 1)
    prefixes = [[f'xmlns:p{level}_{n}="urn:{n}"' for n in range(each)] for level in range(190)]
    opened = "".join(f"<a {' '.join(level)}>" for level in prefixes)
    return ccda(component=f"<component>{opened}{'</a>' * 190}</component>")


def _attributes(size: int) -> bytes:
    """Elements of as many attributes as are allowed on average."""
    one = "<a " + " ".join(f'a{n}=""' for n in range(15)) + "/>"
    return ccda(component=one * max(size // len(one), 1))


def _table(row: bytes) -> Grow:
    return lambda size: b"a,b\n1,2\n" + _times(row, size)


def _png_in_bytes(size: int) -> bytes:
    """An image whose data stands in chunks of one byte each."""
    raw = zlib.compress(bytes(max(size // 13 - 20, 200)), 0)
    pieces = b"".join(chunk(b"IDAT", raw[at : at + 1]) for at in range(len(raw)))
    whole = png(raw=b"")
    start = whole.index(b"IDAT") - 4
    return whole[:start] + pieces + whole[-12:]


ARCHIVES: dict[str, Grow] = {
    "zip: entries": lambda size: _archive(_entries(size)),
    "zip: long names": lambda size: _archive(_entries(size, name=b"%05d" + b"a/" * 200)),
    "zip: the same name": lambda size: _archive(_entries(size, name=b"same.dcm")),
    "zip: archives within": lambda size: _archive(_entries(size, name=b"%05d.zip", content=b"PK\5\6" + bytes(18))),
    "zip: entries in one place": lambda size: _archive(_entries(size), shared=True),
    "zip: extra fields": lambda size: _archive(_entries(size // 40, content=b"x"), extra=bytes(4) * 1000),
    "zip: a comment of end marks": lambda size: _archive(_entries(100), comment=_times(b"PK\5\6", min(size, 65_532))),
    "zip: a large entry": lambda size: _archive([(b"large.dcm", bytes(size))]),
    "gzip: members": lambda size: gzipped(nifti_1()) + _times(gzipped(b""), size),
    "gzip: a name": lambda size: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * size + b"\0" + gzip.compress(nifti_1())[10:],
    "gzip: zeros behind": lambda size: gzipped(nifti_1()) + bytes(size),
    "nifti: voxels": lambda size: nifti_1((64, 64, max(size // 8192, 1))),
    "nifti: zipped voxels": lambda size: gzipped(nifti_1((64, 64, min(max(size // 512, 1), 32_000)))),
    "nifti: extensions": lambda size: nifti_1(offset=float(352 + size // 16 * 16), data=bytes(size + 48)),
}

IMAGES: dict[str, Grow] = {
    "png: chunks": lambda size: png(extra=_times(chunk(b"tEXt", b""), size)),
    "png: texts": lambda size: png(extra=_times(chunk(b"zTXt", b"k\0\0" + zlib.compress(b"text")), size)),
    "png: one text": lambda size: png(extra=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(size // 2) + b"x", 0))),
    "png: one profile": lambda size: png(extra=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(16 * size)))),
    "png: texts of languages": lambda size: png(extra=_times(chunk(b"iTXt", b"k\0\1\0" + b"\0" * 64), size)),
    "png: pixels": lambda size: png(1024, max(size // 3072, 1)),
    "png: pixels behind the last row": lambda size: png(raw=bytes(200 + 16 * size)),
    "png: image data byte by byte": _png_in_bytes,
    "jpeg: filling": lambda size: jpeg(before=b"\xff" * size),
    "jpeg: stray bytes": lambda size: jpeg(before=b"\xff\xe0\0\2" + bytes(size)),
    "jpeg: segments": lambda size: jpeg(before=_times(segment(0xE0, b""), size)),
    "jpeg: long segments": lambda size: jpeg(before=_times(segment(0xE1, b"Exif\0\0" + bytes(60_000)), size)),
    "jpeg: restarts": lambda size: jpeg(scan=_times(b"\x12\xff\xd0", size)),
    "jpeg: stuffed bytes": lambda size: jpeg(scan=_times(b"\xff\0", size)),
    "jpeg: scans": lambda size: jpeg(scan=_times(segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12", size)),
    "jpeg: a scan": lambda size: jpeg(scan=b"\x12" * size),
    "jpeg: bytes behind": lambda size: jpeg() + bytes(size),
    "tiff: pages": _directories,
    "tiff: strips": _tiff_strips,
    "tiff: fields": _tiff_fields,
    "tiff: pixels": lambda size: tiff(1024, max(size // 1024, 1)),
}


PDFS: dict[str, Grow] = {
    "pdf: objects": _pdf_objects,
    "pdf: updates": _pdf_updates,
    "pdf: streams": lambda size: pdf(*[stream(b"x")] * max(size // 110, 1)),
    "pdf: streams of objects": lambda size: pdf(*[stream(b"<< /K /V >>", b"/Type /ObjStm")] * max(size // 140, 1)),
    "pdf: one stream of objects": lambda size: pdf(stream(_times(b"<< /K /V >> 1 0 obj ", size), b"/Type /ObjStm")),
    "pdf: one stream": lambda size: pdf(stream(bytes(16 * size))),
    "pdf: filters": lambda size: pdf(stream(b"x", b"/F [" + _times(b"/FlateDecode ", size) + b"]")),
    "pdf: a chain of nodes": lambda size: _pdf_tree(size, b"<< /Type /Pages /Kids [%d 0 R] >>"),
    "pdf: lists that never close": lambda size: _pdf_tree(size, b"<< /Type /Pages /Kids [%d 0 R " + b"/Kids[" * 9),
    "pdf: one list that never closes": lambda size: _pdf_tree(size, b"/Kids[%d 0 R").replace(b"endobj", b"EndObj"),
    "pdf: open lists over each other": lambda size: _pdf_overlapping(size, b"/Kids["),
    "pdf: nodes over each other": lambda size: _pdf_overlapping(size, b""),
    "pdf: a list of pages": lambda size: pdf(b"<< /Type /Pages /Kids [" + _times(b"3 0 R ", size) + b"] >>"),
    "pdf: roots": lambda size: pdf(_times(b"<< /Type /Pages /Count 1 ", size)),
    "pdf: root marks and digits": lambda size: pdf(_times(b"/Root 1 0", size), trailer=b""),
    "pdf: spaces": lambda size: pdf(b"/JS" + b" " * size + b"/S" + b" " * size),
    "pdf: names with spaces": lambda size: pdf(_times(b"/JS /S /Root /XFA /Launch ", size)),
    "pdf: digits": lambda size: pdf(b"/JS " + b"1" * (size // 2) + b" /Encrypt " + b"1" * (size // 2)),
    "pdf: escaped names": lambda size: pdf(_times(b"/J#61va", size)),
    "pdf: one escaped name": lambda size: pdf(b"/" + _times(b"#61", size)),
    "pdf: letters before an escape": lambda size: pdf(b"/" + b"a" * size + _times(b"/aaaa", size)),
    "pdf: ends": lambda size: pdf() + _times(b"startxref\n9\n%%EOF\n", size),
    "pdf: object marks": lambda size: pdf(_times(b"9 9 obj ", size)),
    "pdf: stream marks": lambda size: pdf(_times(b"stream\n", size)),
    "pdf: image sizes": lambda size: pdf(_times(b"/Width 9 /Height 9 /JBIG2Decode stream\n0endstream ", size)),
    "pdf: bytes behind": lambda size: pdf() + bytes(size),
}

TEXTS: dict[str, Grow] = {
    "xml: elements": lambda size: ccda(component="<component/>" * max(size // 12, 1)),
    "xml: depth": lambda size: ccda(component="<a>" * max(size // 3, 1)),
    "xml: attributes": _attributes,
    "xml: attributes of one element": lambda size: ccda(
        component="<a " + " ".join(f'a{n}=""' for n in range(max(size // 11, 1))) + "/>"
    ),
    "xml: namespaces": _namespaces,
    "xml: nested namespaces": _nested_namespaces,
    "xml: a text": lambda size: ccda(title=f"<title>{'t' * size}</title>"),
    "xml: a name of the patient": lambda size: ccda(
        recordTarget="<recordTarget><patientRole><patient><name><given>"
        + "g&amp;" * max(size // 6, 1)
        + "</given></name></patient></patientRole></recordTarget>"
    ),
    "xml: references": lambda size: ccda(title=f"<title>{'&#65;' * max(size // 5, 1)}</title>"),
    "xml: comments": lambda size: ccda(component="<component/>" + "<!---->" * max(size // 7, 1)),
    "xml: one comment": lambda size: ccda(component=f"<component/><!--{'c' * size}-->"),
    "xml: instructions": lambda size: ccda(component="<component/>" + "<?a b?>" * max(size // 7, 1)),
    "xml: literal sections": lambda size: ccda(
        component=f"<component>{'<![CDATA[]]>' * max(size // 12, 1)}</component>"
    ),
    "xml: an attribute": lambda size: ccda(component=f'<component a="{"v" * size}"/>'),
    "xml: an element's name": lambda size: ccda(component="<" + "a" * size),
    "xml: templates": lambda size: ccda(templateId='<templateId root="2.16.840"/>' * max(size // 30, 1)),
    "json: arrays": lambda size: _json(b"[" + _times(b"[],", size) + b"1]"),
    "json: depth": lambda size: _json(b"[" * (size // 2) + b"]" * (size // 2)),
    "json: keys": _keys,
    "json: the same key": lambda size: _json(b"{" + _times(b'"a":1,', size) + b'"a":1}'),
    "json: a string": lambda size: _json(b'"' + b"s" * size + b'"'),
    "json: escapes": lambda size: _json(b'"' + _times(b'\\"\\\\', size) + b'"'),
    "json: digits": lambda size: _json(b"1" * min(size, 4_000) + b"." + b"1" * size),
    "json: spaces": lambda size: _json(b" " * size + b"1"),
    "json: strings that never end": lambda size: _json(_times(b'"', size)),
    "json: backslashes": lambda size: _json(b'"' + b"\\" * size),
    "json: an array of another kind": lambda size: b"[" + _times(b"[],", size) + b"1]",
    "fhir: references": _references,
    "fhir: entries": _entries_of_bundle,
    "fhir: names": lambda size: fhir(name=[{"given": ["G"] * max(size // 5, 1)}]),
    "hl7v2: segments": lambda size: hl7v2(*["PID|1||TEST-1|"] * max(size // 15, 1)),
    "hl7v2: messages": lambda size: hl7v2() * max(size // len(hl7v2()), 1),
    "hl7v2: fields": lambda size: hl7v2("PID" + "|" * size),
    "hl7v2: repetitions": lambda size: hl7v2("PID|1||" + "TEST-1~" * max(size // 7, 1)),
    "hl7v2: components": lambda size: hl7v2("PID|1||1||" + "^" * size),
    "hl7v2: wrapped lines": lambda size: hl7v2("OBX|1|TX|", *["a long line"] * max(size // 12, 1)),
    "hl7v2: empty lines": lambda size: hl7v2() + b"\r" * size,
    "hl7v2: a header": lambda size: hl7v2(header=r"MSH|^~\&" + "|" * size),
    "hl7v2: delimiters": lambda size: hl7v2(header="MSH|" + "^" * size),
    "hl7v2: letters beyond ASCII": lambda size: hl7v2("NTE|1||" + "é" * (size // 2)).decode().encode("latin-1"),
    "hl7v2: framing": lambda size: b"\x0b" * size + hl7v2(),
    "csv: rows": _table(b"1,2\n"),
    "csv: empty rows": _table(b"\n"),
    "csv: a row of cells": lambda size: b"a,b\n1,2\n" + b"," * size + b"\n",
    "csv: quotes": _table(b'"a ""b""",2\n'),
    "csv: quotes that never close": lambda size: b"a,b\n1,2\n" + b'"' + _times(b'""\n', size),
    "csv: lines within quotes": _table(b'"a\nb\nc",2\n'),
    "csv: formulas": _table(b"=1+1,2\n"),
    "csv: calls": _table(b"CALL(,2\n"),
    "csv: formulas in a line": lambda size: b"a,b\n1,2\n" + _times(b"=1,", min(size, 900_000)) + b"\n",
    "csv: calls behind a formula": lambda size: b"a,b\n1,2\n=1+1,2\n" + _times(b"CALL(,2\n", size),
    "csv: formulas and calls": _table(b"=1+1;CALL;x CALL (\n"),
    "csv: bars": _table(b"=|=|\n"),
    "csv: a long cell": lambda size: b"a,b\n1,2\n" + b"x" * size + b",2\n",
    "csv: carriage returns": lambda size: b"a,b\r1,2\r" + _times(b"1,2\r", size),
    "csv: UTF-16": lambda size: ("\ufeffa,b\n1,2\n" + "1,2\n" * (size // 8)).encode("utf-16-le"),
    "csv: letters beyond ASCII": lambda size: b"a,b\n1,2\n" + _times(b"\xe9,2\n", size),
}

DOCUMENTS: dict[str, Grow] = ARCHIVES | IMAGES | PDFS | TEXTS
