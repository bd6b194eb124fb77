"""Lists as people paste them and systems send them: what is read, what is refused, and that nothing is half taken."""

import random

import pytest

from intake.expectations.lists import LONGEST_LIST, check_requests, read_list
from intake.expectations.model import MOST_EXAMS, ListError, Request, Source
from intake.phrases import Phrase
from intake.studies.exams import Exam

SEED = 20261130
DAY = "20261130"
ENGLISH = "Accession number,Patient ID,Name,Modality,Date,Time,Images,Description\n"
ROW = 'ACC-77,TEST-1,"Example, Nora",ct,2026-11-30,9:30,60,CT Thorax\n'
GERMAN = (
    "\ufeffAuftragsnummer;Patienten-ID;Name;Modalität;Datum;Uhrzeit;Bilder;Untersuchung\r\n"
    "ACC-77;TEST-1;Example, Nora;CT;30.11.2026;09:30;60;CT Thorax\r\n"
)
EXCEL = (
    "Accession\tPatient ID\tName\tModality\tDate\tTime\tImages\tExam\n"
    "ACC-77\tTEST-1\tExample, Nora\tCT\t30.11.2026\t09:30\t60\tCT Thorax"
)
MSH = "MSH|^~\\&|RIS|NORTH|PACS|NORTH|20261130070000||{}|1|P|2.5.1\r"
ORM = (
    MSH.format("ORM^O01")
    + "PID|1||TEST-1^^^RIS||Example^Nora\rORC|{}|P1|F1||||^^^202611300930\r"
    + "OBR|1|P1|F1|CTT^CT Thorax||||||||||||||ACC-77||||||CT\r"
)
OMI = (
    MSH.format("OMI^O23^OMI_O23")
    + "PID|1||TEST-1||Example^Nora\rORC|NW|P1|F1\rTQ1|1||||||20261130093000\r"
    + "OBR|1|P1|F1|CTT^CT Thorax\rIPC|ACC-77|RP|1.2.3|SPS|CT\r"
)
SIU = (
    MSH.format("SIU^{}")
    + "SCH|A1|F1|||||CTT^CT Thorax||||^^^202611300930\rPID|1||TEST-1||Example^Nora\r"
    + "OBR|1|||CTT^CT Thorax||||||||||||||ACC-77||||||CT\r"
)


def faults_of(text, day=DAY):
    with pytest.raises(ListError) as refused:
        read_list(text, day)
    return [(fault.place, fault.problem) for fault in refused.value.faults]


def outcome(text):
    """Return what a list asks for, and what is wrong with it: one of the two is empty."""
    try:
        return read_list(text, DAY)[1], ()
    except ListError as refused:
        return (), refused.faults


@pytest.mark.parametrize(
    "text",
    [ENGLISH + ROW, GERMAN, EXCEL, "sep=;\r\n" + GERMAN.removeprefix("\ufeff"), "\n\n" + ENGLISH + ROW + "\n,,,\n"],
)
def test_a_list_is_read_as_spreadsheets_write_it(text):
    source, (request,) = read_list(text, "20260101")
    assert source is Source.LIST
    assert request.exam == Exam(
        patient_name="Example, Nora",
        patient_id="TEST-1",
        accession_number="ACC-77",
        description="CT Thorax",
        modality="CT",
        study_date=DAY,
    )
    assert (request.time, request.images) == ("0930", 60)
    assert "Nora" not in repr(request)


@pytest.mark.parametrize("text", [ORM.format("NW"), OMI, SIU.format("S12"), "\x0b" + ORM.format("NW") + "\x1c\r"])
def test_orders_and_appointments_are_read_where_ihe_puts_what_they_tell(text):
    source, (request,) = read_list(text, "20260101")
    assert source is Source.HL7
    assert (request.exam.accession_number, request.exam.patient_id, request.exam.modality) == ("ACC-77", "TEST-1", "CT")
    assert (request.exam.study_date, request.time, request.exam.patient_name) == (DAY, "0930", "Example^Nora")
    assert (request.exam.description, request.cancels) == ("CT Thorax", False)


@pytest.mark.parametrize("text", [ORM.format("CA"), ORM.format("DC"), SIU.format("S15"), SIU.format("S17")])
def test_what_is_taken_back_is_expected_no_longer(text):
    assert [request.cancels for request in read_list(text, DAY)[1]] == [True]


def test_each_order_of_a_message_is_an_exam_and_a_batch_may_hold_many():
    second = "ORC|NW|P2\rOBR|1|P2||US^US Neck||||||||||||||ACC-78||||||US\r"
    batch = "FHS|^~\\&\rBHS|^~\\&\r" + ORM.format("NW") + second + OMI.replace("ACC-77", "ACC-79") + "BTS|2\rFTS|1\r"
    _, requests = read_list(batch, DAY)
    assert [(one.exam.accession_number, one.place) for one in requests] == [
        ("ACC-77", "message 1, order 1"),
        ("ACC-78", "message 1, order 2"),
        ("ACC-79", "message 2"),
    ]
    assert {one.exam.patient_id for one in requests} == {"TEST-1"}


def test_escapes_of_hl7_are_letters():
    _, (request,) = read_list(OMI.replace("CT Thorax", r"CT \T\ MR \F\ A\S\B"), DAY)
    assert request.exam.description == "CT & MR | A^B"


def test_lines_without_a_day_have_that_of_the_list():
    _, (request,) = read_list("Patient ID,Modality\nTEST-1,MR", DAY)
    assert request.exam.study_date == DAY


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        ("", "the list", "no exam"),
        (ENGLISH, "the list", "no exam"),
        (ROW, "line 1", "Accession number, Patient ID"),
        ("Name,Date\nExample,2026-11-30", "line 1", "does not name the columns"),
        ("Accession,Accession number\nA,B", "line 1", "two columns are called"),
        (ENGLISH + ROW.replace("2026-11-30", "11/30/2026"), "line 2", "31.01.2026"),
        (ENGLISH + ROW.replace("2026-11-30", "2026-02-30"), "line 2", "no such day"),
        (ENGLISH + ROW.replace("9:30", "25:30"), "line 2", "09:30"),
        (ENGLISH + ROW.replace(",60,", ",many,"), "line 2", "a number from 1"),
        (ENGLISH + ROW.replace(",60,", ",0,"), "line 2", "a number from 1"),
        (ENGLISH + ROW.replace(",ct,", ",C-T,"), "line 2", "CT, MR or US"),
        (ENGLISH + ROW.replace("TEST-1", "T" * 201), "line 2", "more than 200"),
        (ENGLISH + ROW.replace("TEST-1", "T\x07"), "line 2", "cannot be seen"),
        (ENGLISH + ROW.replace("\n", ",too,many\n"), "line 2", "10 values for 8 columns"),
        (ENGLISH + ROW + '"ACC,TEST-2,open', "line 3", "quotation mark"),
        (ENGLISH + ROW + ROW, "line 3", "the same exam as line 2"),
        ("Name,Patient ID\nExample,TEST-1", "line 2", "accession number, or a Patient ID and a modality"),
        (ORM.format("NW").replace("ORM^O01", "ADT^A01"), "message 1", "ORM, OMI and SIU"),
        (OMI + ORM.format("NW").replace("^^^202611300930", "^^^20261399"), "message 2", "no such day"),
        ("x" * (LONGEST_LIST + 1), "the list", "in parts"),
        (ENGLISH + "".join(f"A{n},,,,,,,\n" for n in range(MOST_EXAMS + 1)), "the list", "2,000 exams"),
    ],
)
def test_a_malformed_list_is_told_line_by_line_and_what_to_do(text, place, advice):
    told = faults_of(text)
    assert told[0][0] == place
    assert advice in told[0][1]


def test_every_fault_is_told_with_its_line_and_none_tells_a_value():
    rows = [
        ROW.replace("ACC-77", f"SECRET-{n}").replace("2026-11-30", "30-SECRET" if n % 2 else "2026-11-30")
        for n in range(10)
    ]
    told = faults_of(ENGLISH + "".join(rows))
    assert [place for place, _ in told] == [f"line {n + 2}" for n in range(10) if n % 2]
    assert "SECRET" not in str(told)
    assert "Nora" not in str(told)


def test_a_value_of_two_lines_does_not_shift_the_lines_that_are_told():
    text = ENGLISH + ROW.replace('"Example, Nora"', '"Example,\nNora"') + ROW.replace("9:30", "soon")
    assert [place for place, _ in faults_of(text)] == ["line 2", "line 4"]


def test_nothing_that_anybody_pastes_ends_in_another_error():
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    letters = 'A;,\t"\n\r|^~\\&\ufeff\x00\x0b0123456789.:-é\ud800 '
    seeds = ["", ENGLISH + ROW, GERMAN, ORM.format("NW"), OMI, SIU.format("S12")]
    for _ in range(3000):
        text = list(chance.choice(seeds))
        for _ in range(chance.randrange(12)):
            at = chance.randrange(len(text) + 1)
            text[at : at + chance.randrange(3)] = chance.choices(letters, k=chance.randrange(4))
        requests, faults = outcome("".join(text))
        assert bool(requests) is not bool(faults)
        assert all(len(one.exam.study_date) == 8 for one in requests)


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH + "".join(f"A{n},P,N,CT,2026-11-30,,,\n" for n in range(MOST_EXAMS)),
        ENGLISH + "\n" * 900_000,
        ",".join(["Accession"] + ["x"] * 300_000) + "\nA",
        MSH.format("ORM^O01") + "PID|1\r" * 90_000 + "ORC|NW\r" * 60_000,
        MSH.format("ORM^O01") * 15_000,
        '"' * 900_000,
    ],
    ids=["full", "empty lines", "wide", "orders", "messages", "quotes"],
)
def test_the_longest_lists_are_read_in_one_go(text):
    """The time limit of each test stands for what a reader that is not linear would take."""
    assert any(outcome(text))


STATUS = "ORC|SC|P1|F1||{}||^^^202611300930\r"


@pytest.mark.parametrize(
    ("control", "cancels"),
    [
        ("CA", True),
        ("OC", True),
        ("CR", True),
        ("DC", True),
        ("OD", True),
        ("DR", True),
        ("UC", False),
        ("UD", False),
        ("XO", False),
        ("NW", False),
    ],
)
def test_an_order_is_taken_back_by_what_ends_it_and_not_by_an_end_that_failed(control, cancels):
    """HL7 table 0119: `CR` and `DR` say that it was ended as asked, `UC` and `UD` that it could not be."""
    (request,) = read_list(ORM.format(control), DAY)[1]
    assert request.cancels is cancels


@pytest.mark.parametrize(
    ("status", "cancels"), [("CA", True), ("DC", True), ("SC", False), ("IP", False), ("CM", False), ("", False)]
)
def test_a_change_of_status_takes_an_order_back_where_the_status_says_so(status, cancels):
    text = ORM.replace("ORC|{}|P1|F1||||^^^202611300930\r", STATUS.format(status))
    (request,) = read_list(text, DAY)[1]
    assert request.cancels is cancels


@pytest.mark.parametrize(
    ("start", "time"),
    [
        ("20261130+0100", ""),
        ("2026113009+0100", ""),
        ("202611300930+0100", "0930"),
        ("20261130093000.0000-0500", "0930"),
        ("2026113009", ""),
    ],
)
def test_a_start_may_say_its_time_zone_and_may_end_anywhere(start, time):
    (request,) = read_list(OMI.replace("20261130093000", start), "20260101")[1]
    assert (request.exam.study_date, request.time) == (DAY, time)


@pytest.mark.parametrize("day", ["31.12.9999", "9999-12-31", "99991001", "01.01.0001", "0999-01-31", "30.11.2206"])
def test_a_day_that_nobody_lives_to_see_is_a_slip(day):
    """Its list would never be told of, and neither its year nor the end of what is kept can be written."""
    ((place, problem),) = faults_of(ENGLISH + ROW.replace("2026-11-30", day))
    assert (place, "there is no such day" in problem) == ("line 2", True)


@pytest.mark.parametrize("place", ["line", "exam"])
def test_an_exam_stands_in_a_list_once_however_the_list_came(place):
    """Two of which nothing says that they differ would be one, and the other would never be missed."""
    exam = Exam(patient_id="TEST-1", modality="US", study_date=DAY)
    asked = [
        Request(exam=exam, place=Phrase(f"{place} {{number}}", number=number), time=time)
        for number, time in ((1, "0900"), (2, "1400"))
    ]
    with pytest.raises(ListError) as refused:
        check_requests(asked, DAY)
    assert [fault.place for fault in refused.value.faults] == [f"{place} 2"]
    assert "its own accession number" in refused.value.faults[0].problem
