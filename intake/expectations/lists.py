"""Reading a day's list: CSV as a spreadsheet writes or copies it, or HL7 v2. All of it is taken, or nothing.

A list is read once from its beginning to its end, and each fault is told with its line and with what to do, never with
a value: values are a patient's.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from intake.expectations import facts
from intake.expectations.hl7_orders import is_hl7, read_messages
from intake.expectations.model import MOST_EXAMS, ListError, ListFault, Request, Source
from intake.files.keys import normalise_patient_id
from intake.studies.exams import Exam

LONGEST_LIST = 1_000_000
"""Characters."""

MOST_FAULTS = 50
"""That are told: whoever corrects these sees the next ones."""

_NAMES: Mapping[str, Sequence[str]] = {
    "accession": ("accession number", "accession", "accession no", "accessionnumber", "auftragsnummer", "auftrag"),
    "patient_id": ("patient id", "patientid", "mrn", "patienten id", "patientennummer", "patienten nr", "pat id"),
    "name": ("name", "patient", "patient name", "patientname", "patientenname"),
    "modality": ("modality", "modalität", "modalitaet", "gerät", "geraet"),
    "day": ("date", "day", "study date", "datum", "tag", "termin"),
    "time": ("time", "uhrzeit", "zeit"),
    "images": ("images", "number of images", "bilder", "anzahl bilder", "bildanzahl"),
    "description": ("description", "exam", "procedure", "untersuchung", "beschreibung"),
    "key": ("key", "order", "order number", "schlüssel"),
}
_COLUMNS = {name: column for column, names in _NAMES.items() for name in names}
_TITLES = {column: names[0].capitalize() for column, names in _NAMES.items()}
_READERS = {
    "accession": facts.read_text,
    "patient_id": facts.read_text,
    "name": facts.read_text,
    "description": facts.read_text,
    "key": facts.read_text,
    "modality": facts.read_modality,
    "day": facts.read_day,
    "time": facts.read_time,
    "images": facts.read_images,
}
_BETWEEN = re.compile(r"[\s_.-]+")
EXAMPLE = "Accession number, Patient ID, Name, Modality, Date, Time, Images, Description"


def read_list(text: str, day: str) -> tuple[Source, tuple[Request, ...]]:
    """Return what a list asks for; `day` (`YYYYMMDD`) is that of the lines which state none. Raises ListError."""
    if len(text) > LONGEST_LIST:
        raise _refuse("the list", f"it has more than {LONGEST_LIST:,} characters; send it in parts")
    if not text.strip("\ufeff \r\n\t"):
        raise _refuse("the list", "there is no exam in it; the first line names the columns")
    source, read = (Source.HL7, read_messages) if is_hl7(text) else (Source.LIST, _read_rows)
    requests, faults = read(text)
    return source, check_requests(requests, day, faults)


def check_requests(requests: Iterable[Request], day: str, faults: Iterable[ListFault] = ()) -> tuple[Request, ...]:
    """Return a list's requests, each with its day. Raises ListError where any of them cannot be taken.

    An exam stands in a list once, but for messages: a later one may change or take back what an earlier one asked for.
    """
    found: list[ListFault] = list(faults)
    taken: list[Request] = []
    first: dict[tuple[str, ...], Request] = {}
    for request in requests:
        stated = request.exam.study_date
        dated = replace(request, exam=replace(request.exam, study_date=stated or day), says_day=bool(stated))
        problem = _find_problem(dated)
        known = first.setdefault(_identify(dated), dated)
        if problem is None and known is not dated and not (dated.cancels or dated.place.startswith("message")):
            problem = f"it is the same exam as {known.place}; remove one, or give each its own accession number"
        if problem is not None:
            found.append(ListFault(request.place, problem))
        taken.append(dated)
    if len(taken) > MOST_EXAMS:
        found.insert(0, ListFault("the list", f"it has more than {MOST_EXAMS:,} exams; send it in parts"))
    if not taken and not found:
        found.append(ListFault("the list", "there is no exam in it; the first line names the columns"))
    if found:
        raise ListError(tuple(found[:MOST_FAULTS]))
    return tuple(taken)


def _find_problem(request: Request) -> str | None:
    exam = request.exam
    if not exam.study_date:
        return "it says no day; add a column Date, or a start to the message"
    if not (exam.accession_number or request.key or (exam.patient_id and exam.modality)):
        return "nothing says which exam it is; give an accession number, or a Patient ID and a modality"
    return None


def _identify(request: Request) -> tuple[str, ...]:
    exam = request.exam
    accession = normalise_patient_id(exam.accession_number)
    whose = ("", normalise_patient_id(exam.patient_id), exam.modality)
    return (exam.study_date, *(("key", request.key) if request.key else ("", accession) if accession else whose))


def _read_rows(text: str) -> tuple[list[Request], list[ListFault]]:
    written = text.removeprefix("\ufeff").lstrip("\r\n")
    skipped = text.removeprefix("\ufeff")[: -len(written) or None].count("\n") if written else 0
    if written.lower().startswith("sep="):
        # Excel's own line, which names the separator.
        written = written.partition("\n")[2]
        skipped += 1
    header = written.partition("\n")[0]
    separator = max(";\t,", key=header.count)
    rows = csv.reader(io.StringIO(written, newline=""), delimiter=separator, strict=True)
    requests: list[Request] = []
    faults: list[ListFault] = []
    try:
        columns = _read_header(next(rows, []), 1 + skipped)
        begins = rows.line_num
        for row in rows:
            line, begins = begins + 1 + skipped, rows.line_num
            if any(value.strip() for value in row):
                _read_row(row, columns, f"line {line}", requests, faults)
            if len(requests) + len(faults) > MOST_EXAMS:
                break
    except csv.Error:
        place = f"line {max(rows.line_num, 1) + skipped}"
        faults.append(ListFault(place, 'a quotation mark (") is not closed, or stands alone'))
    return requests, faults


def _read_header(row: list[str], line: int) -> list[str | None]:
    """Return what each column holds; None for one that is not read. Raises ListError."""
    names = [" ".join(_BETWEEN.sub(" ", name.casefold()).split()) for name in row]
    columns = [_COLUMNS.get(name) for name in names]
    known = [column for column in columns if column]
    if not {"accession", "patient_id", "key"} & set(known):
        raise _refuse(f"line {line}", f"it does not name the columns; begin with a line such as: {EXAMPLE}")
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice:
        raise _refuse(f"line {line}", f"two columns are called {_TITLES[twice]}; rename one")
    return columns


def _read_row(
    row: list[str], columns: list[str | None], place: str, requests: list[Request], faults: list[ListFault]
) -> None:
    if len(row) > len(columns) and any(value.strip() for value in row[len(columns) :]):
        told = f"it has {len(row)} values for {len(columns)} columns"
        faults.append(ListFault(place, f"{told}; put quotation marks around a text that holds the separator"))
        return
    values: dict[str, object] = {}
    for column, text in zip(columns, row, strict=False):
        if column is None or (column == "day" and not text.strip()):
            continue
        try:
            values[column] = _READERS[column](text.strip())
        except ValueError as error:
            faults.append(ListFault(place, f"{_TITLES[column]} cannot be read: {error}"))
            return
    requests.append(_build_request(values, place))


def _build_request(values: Mapping[str, object], place: str) -> Request:
    def told(column: str) -> str:
        return str(values.get(column, ""))

    images = values.get("images")
    exam = Exam(
        patient_name=told("name"),
        patient_id=told("patient_id"),
        accession_number=told("accession"),
        description=told("description"),
        modality=told("modality"),
        study_date=told("day"),
    )
    return Request(
        exam=exam, place=place, time=told("time"), images=images if isinstance(images, int) else None, key=told("key")
    )


def _refuse(place: str, problem: str) -> ListError:
    return ListError((ListFault(place, problem),))
