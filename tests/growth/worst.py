"""The costliest single requests that could be found: the most of everything that one request may ask for."""

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from intake.files.model import Finding, Severity
from intake.files.states import State
from portal.http.messages import write_message
from tests.dicom_files import PIXEL_DATA, ct_elements, ct_slice, data_set, element, item, part10, text, uid
from tests.growth.asgi import Ask
from tests.growth.measure import cpu_seconds, peak_bytes
from tests.growth.portal_world import PortalWorld, with_header, with_query
from tests.growth.rows import LONGEST_BODY, LONGEST_TARGET
from tests.growth.structures import FORM, FORM_BODIES, JSON, JSON_BODIES, LARGEST_MESSAGE, MESSAGES, STOW
from tests.records import a_file, an_upload
from tests.unit.portal.dicomweb.archive import Archive

STUDIES = "/dicomweb/studies"
MOST_S = 1.0
"""CPU seconds that one request may take."""
MOST_BYTES = 100 * 1000 * 1000
"""Bytes that it may take at once."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request took."""

    subject: str
    status: int
    cpu_s: float
    memory: int

    def __str__(self) -> str:
        return f"{self.cpu_s:5.2f} s, {self.memory / 1e6:6.1f} MB, {self.status}: {self.subject}"


def measured(requests: Iterable[tuple[str, PortalWorld, Ask]]) -> list[Cost]:
    """Ask each for its CPU and once again, much slower, for its memory."""
    return [_measured(*request) for request in requests]


def _measured(subject: str, world: PortalWorld, ask: Ask) -> Cost:
    answers: list[int] = []

    def work() -> None:
        answers.append(world.server.ask(ask).status)

    cpu_s = cpu_seconds(work)
    if cpu_s <= 2 * MOST_S:
        cpu_s = min(cpu_s, cpu_seconds(work))
    # What is far too dear anyway would take minutes where each allocation is counted.
    memory = peak_bytes(work) if cpu_s <= 2 * MOST_S else 0
    return Cost(subject, answers[0], cpu_s, memory)


def worst_rows(world: PortalWorld, *, short: bool = False) -> Iterator[tuple[str, PortalWorld, Ask]]:
    """Yield what each request is, and the request."""
    for subject, ask in _bodies(world, short=short):
        yield subject, world, ask
    for subject, ask in _searches(world):
        yield subject, world, ask
    for subject, ask in _instances(world, short=short):
        yield subject, world, ask
    for subject, ask in _many_rows(world, short=short):
        yield subject, world, ask


def _body(world: PortalWorld, path: str, content_type: bytes, body: bytes) -> Ask:
    return with_header(replace(world.base("POST", path), body=body), "content-type", content_type)


def _bodies(world: PortalWorld, *, short: bool) -> Iterator[tuple[str, Ask]]:
    names = [f"{number:04d}/" + "\u0301a" * 300 for number in range(500)]
    files = [{"name": name, "size": 1, "sha256": "0" * 64} for name in names]
    announced = json.dumps({"files": files, "reference": "x" * 200, "note": "y" * 2000, "expected": 99_000}).encode()
    for path in ("/api/v1/uploads", "/upload/new"):
        yield f"POST {path}: 500 files with the longest names", _body(world, path, JSON, announced)
        for name, body in JSON_BODIES.items():
            yield f"POST {path}: 2 MiB of {name}", _body(world, path, JSON, body(LONGEST_BODY - 100))
    for name, (content_type, body) in FORM_BODIES.items():
        for path in ("/sign-out", "/files/search") if short else ("/sign-out", "/files/search", "/admin/clinics/new"):
            yield f"POST {path}: 2 MiB of {name}", _body(world, path, content_type, body(LONGEST_BODY - 100))
    for name, body in MESSAGES.items():
        yield f"POST {STUDIES}: 4 MiB of {name}", _body(world, STUDIES, STOW, body(LARGEST_MESSAGE - 100))
    for count in (500, 5000):
        message, content_type = write_message([b"x"] * count, "application/dicom")
        yield f"POST {STUDIES}: {count} parts of a byte", _body(world, STUDIES, content_type.encode(), message)
    cookies = with_header(world.base("GET", "/files"), "cookie", b"a=b; " * (LONGEST_TARGET // 5))
    yield "GET /files: 60 KB of cookies", cookies
    for name in ("accept", "content-type", "if-none-match"):
        for value in (b"," * 30_000, b'",' * 15_000, b'multipart/related; a="' + b";" * 30_000):
            route = ("POST", "/dicomweb/studies") if name == "content-type" else ("GET", "/dicomweb/studies")
            yield f"{' '.join(route)}: 30 KB of {name}", with_header(world.base(*route), name, value)


HOSTILE_INSTANCES: dict[str, Callable[[], bytes]] = {
    "240,000 items": lambda: _instance("items", element(0x0040A730, "SQ", item(b"") * 240_000)),
    "240,000 items with an element": lambda: _instance(
        "full", element(0x0040A730, "SQ", struct.pack("<HHIHH2sH", 0xFFFE, 0xE000, 8, 0x40, 0xA040, b"CS", 0) * 240_000)
    ),
    "390,000 elements": lambda: _instance("elements", _elements(390_000)),
    "3 MB of text": lambda: _instance("text", element(0x0040A160, "UT", b"a" * 3_000_000)),
    "a text of 700,000 names": lambda: _instance("names", element(0x0040A123, "UC", b"a^b\\" * 700_000)),
}
"""Instances that the judge takes, as large as it takes them."""


def _instance(name: str, middle: bytes) -> bytes:
    study = uid("worst", name)
    elements = ct_elements(study=study, series=uid(study, "s"), sop=uid(study, 1))
    elements[PIXEL_DATA] = ("OW", bytes(128))
    before = data_set({tag: value for tag, value in elements.items() if tag < 0x00400000})
    after = data_set({tag: value for tag, value in elements.items() if tag > 0x00420000})
    return part10(before + middle + after, sop=uid(study, 1))


def _elements(count: int) -> bytes:
    """Private elements in order: 4,096 of a block, group after group."""
    rows = []
    for number in range(count):
        group, place = divmod(number, 61_000)
        rows.append(struct.pack("<HH2sH", 0x0041 + 2 * group, 0x1000 + place, b"LO", 0))
    return b"".join(rows)


def _instances(world: PortalWorld, *, short: bool) -> Iterator[tuple[str, Ask]]:
    archive = Archive(world.portal)
    for name, make in HOSTILE_INSTANCES.items():
        archive.add(make())
        record = next(reversed(world.portal.table.files.values()))
        if record.state is State.ACCEPTED:
            study = record.metadata["study_instance_uid"]
            yield f"GET …/metadata of an instance of {name}", _metadata(world, study)
    study, count = uid("worst", "many"), 60 if short else 1000
    slices = [ct_slice(study=study, series=uid(study, "s"), instance=n, rows=8, columns=8) for n in range(count)]
    for start in range(0, count, 500):
        archive.add(*slices[start : start + 500])
    yield f"GET …/metadata of {count} instances", _metadata(world, study)
    yield (
        f"GET /dicomweb/studies/…: {count} instances at once",
        replace(world.base("GET", "/dicomweb/studies/{study_uid}"), path=f"/dicomweb/studies/{study}"),
    )
    described = {0x00081030: ("LO", text("a" * 64))}
    archive.add(ct_slice(study=uid("worst", "wild"), rows=8, columns=8, changes=described))
    asked = {
        "StudyInstanceUID": uid("worst", "wild"),
        "StudyDescription": "*a*a*a*a*a*b" if short else "*a*a*a*a*a*a*b",
    }
    yield (
        "GET /dicomweb/studies: wild cards",
        replace(world.base("GET", "/dicomweb/studies"), query=urlencode(asked).encode()),
    )


def _searches(world: PortalWorld) -> Iterator[tuple[str, Ask]]:
    """Yield searches, with and without conditions that each study must be held against.

    Of few studies: the fakes look at every file for each of them, which costs them far more than it costs the portal.
    """
    studies = [uid("worst", "study", number) for number in range(20)]
    slices = [ct_slice(study=study, series=uid(study, "s"), rows=8, columns=8) for study in studies]
    Archive(world.portal).add(*slices)
    for path in (STUDIES, "/dicomweb/series", "/dicomweb/instances"):
        for conditions in ({}, {"PatientName": "*a*b*c*"}, {"StudyInstanceUID": ",".join(studies)[:250]}):
            asked = urlencode({"limit": 200, "includefield": "all", **conditions}).encode()
            subject = f"GET {path}: {len(studies)} rows, {', '.join(conditions) or 'no condition'}"
            yield subject, replace(world.base("GET", path), query=asked)


def _metadata(world: PortalWorld, study: str) -> Ask:
    path = "/dicomweb/studies/{study_uid}/metadata"
    return replace(world.base("GET", path), path=path.format(study_uid=study))


def _many_rows(world: PortalWorld, *, short: bool) -> Iterator[tuple[str, Ask]]:
    """Yield pages and tables over an upload of many files, each with all that can be wrong.

    What is told file by file costs by the file: an upload of 99,999 files costs twenty times the table of 5,000.
    """
    count = 1_000 if short else 5_000
    upload_id = a_file(0).upload_id
    findings = tuple(
        Finding(f"code-{n}", Severity.REJECT, "<&" * 100, "\u0301" * 100, "(0010,0010)") for n in range(10)
    )
    world.portal.table.uploads[upload_id] = an_upload(reference="<&" * 100, note="<&" * 1000, declared=count)
    records = [a_file(n, name="<&" * 512, state=State.REJECTED, findings=findings) for n in range(count)]
    world.portal.table.files |= {record.file_id: record for record in records}
    for path in ("/uploads/{upload_id}", "/uploads/{upload_id}/_receipt", "/uploads/{upload_id}/receipt.csv"):
        yield f"GET {path} of {count} files", replace(world.base("GET", path), path=path.format(upload_id=upload_id))
    for path in ("/files", "/admin/quarantine", "/admin/stuck", "/admin", "/api/v1/files", "/api/v1/changes"):
        yield f"GET {path} beside {count} files", with_query(world.base("GET", path), "limit", "100")
    chosen = [("file", record.file_id) for record in records[:500]]
    form = urlencode([("task", "try"), ("order_id", "a" * 26), ("scope", "selected"), *chosen]).encode()
    yield "POST /admin/quarantine: 500 files", _body(world, "/admin/quarantine", FORM, form)
