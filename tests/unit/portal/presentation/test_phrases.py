"""What a list is refused for, in its reader's language: no hole stays open, and no word English."""

import pytest

from intake.expectations import facts
from intake.expectations.lists import EXAMPLE, LONGEST_LIST, MOST_EXAMS, read_list
from intake.expectations.model import ListError
from intake.languages import speaking
from portal.presentation.exam_labels import write_phrase

HEAD = "Accession number,Patient ID,Name,Modality,Date,Time,Images\n"
REFUSED = {
    "": ("Die Liste", "Keine Untersuchung darin; die erste Zeile nennt die Spalten"),
    "x" * (LONGEST_LIST + 1): ("Die Liste", "Sie hat mehr als 1.000.000 Zeichen; senden Sie sie in Teilen"),
    HEAD + "".join(f"A{n},,,,,,\n" for n in range(MOST_EXAMS + 1)): (
        "Die Liste",
        "Sie hat mehr als 2.000 Untersuchungen; senden Sie sie in Teilen",
    ),
    HEAD + "A1,,,,,,many\n": ("Zeile 2", "Bilder ist nicht lesbar: schreiben Sie eine Zahl von 1 bis 100.000, oder"),
    HEAD + "A1,,,,30.2.2026,,\n": ("Zeile 2", "Datum ist nicht lesbar: Diesen Tag gibt es nicht"),
    HEAD + "A1,,,,2026/30,,\n": ("Zeile 2", "Datum ist nicht lesbar: schreiben Sie es wie 2026-01-31 oder"),
    HEAD + "A1,,,,,25:00,\n": ("Zeile 2", "Uhrzeit ist nicht lesbar: schreiben Sie es wie 09:30"),
    HEAD + "A1,,,C-T,,,\n": ("Zeile 2", "Modalität ist nicht lesbar: schreiben Sie eine von DICOM"),
    HEAD + f"A1,{'T' * 201},,,,,\n": ("Zeile 2", "Patienten-ID ist nicht lesbar: mehr als 200 Zeichen"),
    HEAD + "A1,T\x07,,,,,\n": ("Zeile 2", "Patienten-ID ist nicht lesbar: unsichtbare Zeichen"),
    HEAD + "A1,,,,,,\nA1,,,,,,\n": ("Zeile 3", "Dieselbe Untersuchung wie Zeile 2; entfernen Sie eine"),
    HEAD + "A1,,,,,,,,9\n": ("Zeile 2", "Sie hat 9 Werte für 7 Spalten; setzen Sie einen Text"),
    HEAD + '"A1,,\n': ("Zeile 2", 'Ein Anführungszeichen (") wird nicht geschlossen'),
    HEAD + ",T1,,,,,\n": ("Zeile 2", "Nichts sagt, welche Untersuchung es ist"),
    "Name\nX\n": ("Zeile 1", "Sie nennt die Spalten nicht; beginnen Sie mit einer Zeile wie: Auftragsnummer, Pat"),
    "Accession,Accession number\nA,B\n": ("Zeile 1", "Zwei Spalten heißen Auftragsnummer; benennen Sie eine um"),
    "MSH|^~\\&|||||||ADT^A01\rPID|1\r": ("Nachricht 1", "Der Typ in MSH-9 ist weder ORM noch OMI noch SIU"),
    "MSH|^~\\&|\rPID|1\r": ("Nachricht 1", "Ohne Typ in MSH-9"),
    "MSH|^~\\&|||||||ORM^O01\rPID|1||T\x07\rORC|NW\rORC|NW\r": ("Nachricht 1, Auftrag 1", "Ein Wert ist nicht lesbar"),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=[f"{place}: {told[:30]}" for place, told in REFUSED.values()])
def test_a_list_is_refused_in_german(text):
    place, told = REFUSED[text]
    with pytest.raises(ListError) as refused, speaking("de"):
        read_list(text, "20261130")
    fault = refused.value.faults[0]
    with speaking("de"):
        said = write_phrase(fault.place)
        assert said[:1].upper() + said[1:] == place
        assert write_phrase(fault.problem).startswith(told)
    assert write_phrase(fault.problem) == fault.problem


def test_the_columns_that_the_form_names_in_german_are_read():
    with speaking("de"):
        columns = write_phrase(EXAMPLE)
    _, (request,) = read_list(f"{columns}\nA-1,T-1,Muster^Max,ct,30.11.2026,8:15,60,CT Thorax", "20261130")
    assert (request.exam.accession_number, request.exam.patient_id, request.exam.modality) == ("A-1", "T-1", "CT")
    assert (request.time, request.images, request.exam.description) == ("0815", 60, "CT Thorax")


@pytest.mark.parametrize("read", [facts.read_day, facts.read_time, facts.read_images, facts.read_modality])
def test_a_fact_that_cannot_be_read_says_so_in_a_phrase(read):
    with pytest.raises(ValueError, match="write") as refused:
        read("?")
    assert refused.value.args[0].pattern
