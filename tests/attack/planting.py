"""Patients' values, planted in every way in which a sender can bring them: each way has a text of its own."""

import gzip
import hashlib
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from portal.http.messages import write_message
from tests.archives import zipped
from tests.attack.people import Browser
from tests.attack.things import send
from tests.attack.world import ATTACKER, World
from tests.dicom_files import ct_slice, text, uid
from tests.document_files import bundle, ccda, chunk, fhir, hl7v2, nifti_1, pdf, png

KINDS = (
    "patient name", "patient id", "other tag", "private tag", "file name", "reference", "note", "hl7", "fhir", "ccda",
    "csv", "pdf", "png text", "nifti text", "entry name", "entry content", "rejected content", "query of a page",
    "query of the api", "query of dicomweb", "search form", "header", "cookie", "path", "s3 key", "s3 metadata", "stow",
    "webhook path", "malformed json", "malformed form", "method", "raw request", "sign-in address", "reason",
    "expected list", "expected exam", "label",
)  # fmt: skip
"""At least 18 ways."""


def canary(world: World, kind: str) -> str:
    """Return the text of one way: one that nothing else writes, and that a name and a number may be made of."""
    digest = hashlib.sha256(f"{world.seed}/{kind}".encode()).hexdigest()[:12]
    return f"ZQPATIENT{digest}"


def plant(world: World) -> dict[str, str]:
    """Bring each text in its way, and return them by kind."""
    texts = {kind: canary(world, kind) for kind in KINDS}
    with world.partner(world.all_scopes) as partner:
        _upload(partner, texts)
        _stow(partner, texts)
        _ask_api(partner, texts)
    _ask_pages(world.staff, world.admin, world.own.ids["study_id"], texts)
    _drop(world, texts)
    _send_raw(world, texts)
    return texts


def files(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Return files of each kind that hold them."""

    def value(kind: str) -> bytes:
        return text(texts[kind])

    tags = {
        0x00100020: ("LO", value("patient id")),
        0x00101040: ("LO", value("other tag")),
        0x00080090: ("PN", value("other tag")),
        0x00104000: ("LT", value("other tag")),
        0x00091001: ("LO", value("private tag")),
        0x00090010: ("LO", b"SOMEBODY"),
    }
    seen = uid("canaries", texts["patient id"])
    scan = ct_slice(study=seen, rows=8, columns=8, patient_name=texts["patient name"], changes=tags)
    entry = ct_slice(study=uid(seen, 2), rows=8, columns=8, patient_name=texts["entry content"])
    return {
        "scan.dcm": scan,
        "again.dcm": scan,
        f"{texts['file name']}^JOHN.dcm": ct_slice(study=uid(seen, 3), rows=8, columns=8),
        f"{texts['file name']}-bad.dcm": b"no image of " + texts["rejected content"].encode(),
        "cut.dcm": ct_slice(study=uid(seen, 4), rows=8, columns=8, patient_name=texts["rejected content"])[:-60],
        "m.hl7": hl7v2(f"PID|1||{texts['hl7']}||{texts['hl7']}^JOHN"),
        "p.json": fhir({"resourceType": "Patient", "id": "a", "name": [{"family": texts["fhir"]}]}),
        "b.json": bundle({"resourceType": "Patient", "id": "b", "name": [{"family": texts["fhir"]}]}),
        "c.xml": ccda(title=f"<title>{texts['ccda']}</title>"),
        "t.csv": f"name,id\n{texts['csv']},1\n".encode(),
        "d.pdf": pdf(trailer=f"/Title ({texts['pdf']})".encode()),
        "i.png": png(extra=chunk(b"tEXt", b"Comment\0" + texts["png text"].encode())),
        "n.nii": nifti_1().replace(bytes(20), texts["nifti text"].encode()[:20], 1),
        "n.nii.gz": gzip.compress(nifti_1()),
        "z.zip": zipped({f"{texts['entry name']}/1.dcm": entry, f"{texts['entry name']}.txt": b"nothing"}),
    }


def _upload(partner: httpx.Client, texts: Mapping[str, str]) -> None:
    sent = files(texts)
    declared = [{"name": n, "size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in sent.items()]
    fields = {"reference": texts["reference"], "note": texts["note"]}
    answer = partner.post("/api/v1/uploads", json={"files": declared, **fields})
    assert answer.status_code == 201, f"an announcement was answered with {answer.status_code}"
    for file, data in zip(answer.json()["files"], sent.values(), strict=True):
        send(file["put"], data).raise_for_status()


def _stow(partner: httpx.Client, texts: Mapping[str, str]) -> None:
    good = ct_slice(study=uid("canaries stow", texts["stow"]), rows=8, columns=8, patient_name=texts["stow"])
    message, content_type = write_message([good, b"no image of " + texts["stow"].encode()], "application/dicom")
    partner.post("/dicomweb/studies", content=message, headers={"content-type": content_type})


def _ask_api(partner: httpx.Client, texts: Mapping[str, str]) -> None:
    named, cookie, path = texts["header"], texts["cookie"], texts["path"]
    partner.get("/api/v1/files", params={"patient": texts["query of the api"], "cursor": texts["query of the api"]})
    partner.get("/dicomweb/studies", params={"PatientName": texts["query of dicomweb"]})
    partner.get("/dicomweb/studies", params={"PatientID": texts["query of dicomweb"], "Foreign": "x"})
    names = ("user-agent", "referer", "x-request-id", "x-forwarded-for", "x-amzn-trace-id", "if-none-match", "origin")
    partner.get("/api/v1/files", headers=dict.fromkeys(names, named) | {"cookie": f"scalper-session={cookie}"})
    partner.post("/api/v1/uploads", json={"files": [{"name": "a", "size": 1}]}, headers={"idempotency-key": named})
    for place in (f"/api/v1/files/{path}", f"/api/v1/uploads/{path}", f"/api/v1/findings/{path}", f"/{path}"):
        partner.get(place)
    expected = texts["expected exam"]
    exam = {"key": expected, "accession_number": expected, "patient_id": expected, "patient_name": expected}
    for body in ({"exams": [exam]}, {"exams": [{**exam, "modality": expected}]}, {"list": f"Accession\n{expected}"}):
        partner.post("/api/v1/expected-exams", json=body)
    hook = {"url": f"http://127.0.0.1:9/{texts['webhook path']}", "events": ["file.rejected", "upload.completed"]}
    partner.post("/api/v1/webhooks", json=hook)
    broken = texts["malformed json"]
    for body in (
        f'{{"files": "{broken}',
        f'{{"{broken}": 1}}',
        f'{{"files": [{{"name": "{broken}\\u0000", "size": 1}}]}}',
    ):
        partner.post("/api/v1/uploads", content=body, headers={"content-type": "application/json"})


def _ask_pages(staff: Browser, admin: Browser, study_id: str, texts: Mapping[str, str]) -> None:
    page, form = texts["query of a page"], texts["malformed form"]
    for path in ("/files", "/studies", "/uploads", "/signed-out", "/nowhere"):
        staff.http.get(path, params={"patient": page, "name": page, "search": page, "cursor": page, "next": page})
    searched = {"patient": texts["search form"], "name": texts["search form"], "reference": texts["search form"]}
    for path in ("/files/search", "/studies/search"):
        staff.post(path, data=searched)
    listed = texts["expected list"]
    staff.post(f"/studies/{study_id}/labels", data={"label": texts["label"]})
    staff.post(
        "/expected", data={"list": f"Accession;Patient ID;Name;Description\n{listed};{listed};{listed};{listed}"}
    )
    staff.post("/expected", data={"list": f"Accession;Date\n{listed};{listed}"})
    staff.http.cookies.set("other", texts["cookie"])
    staff.http.get("/files", headers={"hx-current-url": texts["header"]})
    parts = {"content-type": f"multipart/form-data; boundary={form}"}
    staff.post("/files/search", content=f"--{form}\r\n{form}", headers=parts)
    staff.post("/settings/notifications/harbour", data={"email": form, "kinds": form})
    admin.http.get("/admin/audit", params={"person": page, "subject": page, "cursor": page})
    admin.post("/admin/clinics/new", data={"name": "", "clinic_id": form, "email": form})
    httpx.get(f"{staff.portal}/sign-in", params={"next": f"/{texts['sign-in address']}"})
    httpx.get(f"{staff.portal}/auth/callback", params={"code": texts["sign-in address"], "state": "x"})


def _drop(world: World, texts: Mapping[str, str]) -> None:
    """Put objects past the API, as scanners do: keys and metadata are whatever they are called there."""
    bucket, s3 = world.stack.outputs["IncomingBucket"], world.stack.clients.s3
    dropped = uid("canaries dropped", texts["s3 key"])
    scan = ct_slice(study=dropped, rows=8, columns=8)
    for key, body in ((f"{texts['s3 key']}/1.dcm", scan), (f"{texts['s3 key']}.txt", b"none")):
        told = {"patient": texts["s3 metadata"]}
        s3.put_object(Bucket=bucket, Key=f"{ATTACKER}/{key}", Body=body, Metadata=told)
    s3.put_object(Bucket=bucket, Key=f"no-such-clinic/{texts['s3 key']}.dcm", Body=scan)


def _send_raw(world: World, texts: Mapping[str, str]) -> None:
    """Send what no client would: the server's own messages and logs are read, too."""
    raw, method = texts["raw request"], texts["method"]
    for lines in (
        f"{method} /files HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /{raw}\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\n{raw}\r\n\r\n",
        f"POST /sign-out HTTP/1.1\r\nHost: x\r\nContent-Length: {raw}\r\n\r\n",
        f"GET /files/%0a{raw} HTTP/1.1\r\nHost: {raw}\r\n\r\n",
    ):
        _exchanged(world.portal, lines.encode("latin-1"))


def _exchanged(portal: str, data: bytes) -> bytes:
    at = urlsplit(portal)
    with socket.create_connection((at.hostname or "", at.port or 80), timeout=2) as line:
        line.sendall(data)
        line.settimeout(1)
        try:
            return line.recv(65536)
        except OSError:
            return b""
