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
from intake.phrases import Phrase
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
_TITLES = {
    "accession": Phrase("Accession number"),
    "patient_id": Phrase("Patient ID"),
    "name": Phrase("Name"),
    "modality": Phrase("Modality"),
    "day": Phrase("Date"),
    "time": Phrase("Time"),
    "images": Phrase("Images"),
    "description": Phrase("Description"),
    "key": Phrase("Key"),
}
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
EXAMPLE = Phrase("Accession number, Patient ID, Name, Modality, Date, Time, Images, Description")
WHOLE = Phrase("the list")
EMPTY = Phrase("there is no exam in it; the first line names the columns")


def read_list(text: str, day: str) -> tuple[Source, tuple[Request, ...]]:
    """Return what a list asks for; `day` (`YYYYMMDD`) is that of the lines which state none. Raises ListError."""
    if len(text) > LONGEST_LIST:
        raise _refuse(WHOLE, Phrase("it has more than {most} characters; send it in parts", most=LONGEST_LIST))
    if not text.strip("\ufeff \r\n\t"):
        raise _refuse(WHOLE, EMPTY)
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
        repeats = known is not dated and not (dated.cancels or dated.place.pattern.startswith("message"))
        if problem is None and repeats:
            problem = Phrase(
                "it is the same exam as {place}; remove one, or give each its own accession number", place=known.place
            )
        if problem is not None:
            found.append(ListFault(request.place, problem))
        taken.append(dated)
    if len(taken) > MOST_EXAMS:
        found.insert(0, ListFault(WHOLE, Phrase("it has more than {most} exams; send it in parts", most=MOST_EXAMS)))
    if not taken and not found:
        found.append(ListFault(WHOLE, EMPTY))
    if found:
        raise ListError(tuple(found[:MOST_FAULTS]))
    return tuple(taken)


def _find_problem(request: Request) -> Phrase | None:
    exam = request.exam
    if not exam.study_date:
        return Phrase("it says no day; add a column Date, or a start to the message")
    if not (exam.accession_number or request.key or (exam.patient_id and exam.modality)):
        return Phrase("nothing says which exam it is; give an accession number, or a Patient ID and a modality")
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
                _read_row(row, columns, _name_line(line), requests, faults)
            if len(requests) + len(faults) > MOST_EXAMS:
                break
    except csv.Error:
        place = _name_line(max(rows.line_num, 1) + skipped)
        faults.append(ListFault(place, Phrase('a quotation mark (") is not closed, or stands alone')))
    return requests, faults


def _read_header(row: list[str], line: int) -> list[str | None]:
    """Return what each column holds; None for one that is not read. Raises ListError."""
    names = [" ".join(_BETWEEN.sub(" ", name.casefold()).split()) for name in row]
    columns = [_COLUMNS.get(name) for name in names]
    known = [column for column in columns if column]
    if not {"accession", "patient_id", "key"} & set(known):
        told = Phrase("it does not name the columns; begin with a line such as: {example}", example=EXAMPLE)
        raise _refuse(_name_line(line), told)
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice:
        raise _refuse(_name_line(line), Phrase("two columns are called {column}; rename one", column=_TITLES[twice]))
    return columns


def _read_row(
    row: list[str], columns: list[str | None], place: Phrase, requests: list[Request], faults: list[ListFault]
) -> None:
    if len(row) > len(columns) and any(value.strip() for value in row[len(columns) :]):
        told = Phrase(
            "it has {values} values for {columns} columns; put quotation marks around a text that holds the separator",
            values=len(row),
            columns=len(columns),
        )
        faults.append(ListFault(place, told))
        return
    values: dict[str, object] = {}
    for column, text in zip(columns, row, strict=False):
        if column is None or (column == "day" and not text.strip()):
            continue
        try:
            values[column] = _READERS[column](text.strip())
        except ValueError as error:
            told = Phrase("{column} cannot be read: {why}", column=_TITLES[column], why=error.args[0])
            faults.append(ListFault(place, told))
            return
    requests.append(_build_request(values, place))


def _build_request(values: Mapping[str, object], place: Phrase) -> Request:
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


def _name_line(number: int) -> Phrase:
    return Phrase("line {number}", number=str(number))


def _refuse(place: Phrase, problem: Phrase) -> ListError:
    return ListError((ListFault(place, problem),))
