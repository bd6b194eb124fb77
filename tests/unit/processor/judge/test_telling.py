"""Findings help their readers: one for each fault, whose it is, where it is, and a remedy that can be followed."""

import pytest
from pydicom.datadict import keyword_for_tag

from intake.files.model import Severity, Whose
from intake.files.weighing import IMPLIED
from processor.judge import Facts, judge
from processor.judge.dicom.dictionary import tags
from processor.judge.inspection.envelope import OTHER_MAGIC
from processor.judge.inspection.findings import Profile
from processor.judge.rules.catalogue import RULES
from processor.judge.rules.rule import ASK_VENDOR, NOTHING
from tests.dicom_files import EXPLICIT_VR_LITTLE_ENDIAN, PIXEL_DATA, ct_slice, data_set, part10, text, uid
from tests.unit.processor.judge.corpus import CORPUS, needs_corpus
from tests.unit.processor.judge.frequencies import Frequencies
from tests.unit.processor.judge.inspection.test_findings import FILES
from tests.unit.processor.judge.sources import CountedSource

SPECTROSCOPY = "1.2.840.10008.5.1.4.1.1.4.2"
SIEMENS_CSA = "1.3.12.2.1107.5.9.1"
MOST_ASKED = 0.05
"""Of accepted files: how many may carry a warning that asks something of the clinic."""


def ct(**options):
    return ct_slice(rows=8, columns=8, **options)


def found_in(data, profile=None):
    return judge(CountedSource(data), Facts(profile=profile or Profile())).findings


def codes_of(data, profile=None):
    return [found.code for found in found_in(data, profile)]


def changed(tag, vr, value):
    return ct(changes={tag: (vr, text(value))})


@pytest.mark.parametrize(
    "preamble",
    [
        b"\0" * 16 + b"\0\1" + b"\0" * 110,
        bytes(range(1, 129)),
        b"\x12\0\0\0GEMS" + b"\xff" * 120,
        b"AB\0\0" * 32,
        b"ok!".ljust(128, b"\0"),
        b"II*\0".ljust(128, b"\0"),
        b"MM\0+".ljust(128, b"\0"),
    ],
)
def test_an_applications_own_preamble_is_no_ones_business(preamble):
    assert codes_of(ct(preamble=preamble)) == []


@pytest.mark.parametrize("beginning", [b"Made by a test", b"a\nb\tc\r", b"x" * 128, *OTHER_MAGIC])
def test_text_and_other_kinds_of_files_in_the_preamble_are_told(beginning):
    assert codes_of(ct(preamble=beginning.ljust(128, b"\0"))) == ["preamble-unusual"]


@pytest.mark.parametrize("sop_class", [SPECTROSCOPY, "1.2.840.10008.5.1.4.1.1.66", SIEMENS_CSA])
def test_rows_and_columns_of_what_is_no_image_ask_for_no_pixels(sop_class):
    changes = {PIXEL_DATA: None, 0x00080016: ("UI", text(sop_class, pad=b"\0")), 0x00080060: ("CS", b"MR")}

    assert "pixel-data-missing" not in codes_of(ct(changes=changes))


def test_pixels_that_a_server_keeps_are_not_missing():
    whole = ct(changes={PIXEL_DATA: None})
    body = whole[144 + int.from_bytes(whole[140:144], "little") :]

    for referenced in ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.204"):
        assert "pixel-data-missing" not in codes_of(part10(body, sop=uid("jpip"), transfer_syntax=referenced))
    assert "pixel-data-missing" in codes_of(part10(body, sop=uid("x"), transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN))


@pytest.mark.parametrize("stated", ["ISO_IR 6", "ISO 2022 IR 6\\ISO 2022 IR 87", "\\ISO 2022 IR 149", "ISO_IR 192"])
def test_character_sets_that_are_known_are_not_warned_of(stated):
    assert codes_of(changed(0x00080005, "CS", stated)) == []


@pytest.mark.parametrize("stated", ["UTF-8", "ISO-IR 100", "latin 1"])
def test_an_unknown_character_set_is_one_fault_and_no_malformed_value_besides(stated):
    assert codes_of(changed(0x00080005, "CS", stated)) == ["character-set-unknown"]


@pytest.mark.parametrize(
    ("tag", "vr", "value", "code"),
    [
        (0x0008002A, "DT", "20230229101112", "datetime-invalid"),
        (0x0008002A, "DT", "10:11:12", "datetime-invalid"),
        (0x00080030, "TM", "20200101101112", "time-invalid"),
        (0x00080020, "DA", "19961301", "date-invalid"),
        (0x00080020, "DA", "1996.10.29", "date-form-old"),
        (0x00080020, "DA", "1996.02.30", "date-invalid"),
        (0x00080020, "DA", "1900.02.29", "date-invalid"),
        (0x00080030, "TM", "15:18:59.25", "date-form-old"),
        (0x00080030, "TM", "25:00:00", "time-invalid"),
    ],
)
def test_what_is_wrong_with_a_date_or_time_is_told_as_what_it_is_and_by_its_keyword(tag, vr, value, code):
    (found,) = found_in(changed(tag, vr, value))

    assert (found.code, found.where) == (code, f"{tags.format_tag(tag)} {keyword_for_tag(tag)}")


def test_dates_and_times_of_the_old_form_are_one_fault():
    old = {0x00080020: ("DA", b"1996.10.29"), 0x00080030: ("TM", b"15:18:59")}

    assert codes_of(ct(changes=old)) == ["date-form-old"]


def test_keywords_are_the_standards():
    assert {tag: keyword_for_tag(tag) or keyword for tag, keyword in tags.KEYWORDS.items()} == tags.KEYWORDS


@pytest.mark.parametrize(("code", "keyword"), [(0x00020002, "MediaStorageSOPClassUID"), (0x00020003, None)])
def test_incomplete_file_meta_information_names_what_it_lacks(code, keyword):
    whole = ct()
    start = whole.index(code.to_bytes(4, "little")[2:] + code.to_bytes(4, "little")[:2] + b"UI")
    end = start + 8 + int.from_bytes(whole[start + 6 : start + 8], "little")
    length = int.from_bytes(whole[140:144], "little") - (end - start)
    told = found_in(whole[:140] + length.to_bytes(4, "little") + whole[144:start] + whole[end:])

    assert [(found.code, found.where) for found in told] == [
        ("file-meta-incomplete", f"{tags.format_tag(code)} {keyword or 'MediaStorageSOPInstanceUID'}")
    ]


PATIENT = (0x00100010, 0x00100020, 0x00100030, 0x00100040)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (FILES["file-meta-missing"], ["file-meta-missing"]),
        (ct(changes=dict.fromkeys(PATIENT)), ["patient-module-missing"]),
        (ct(changes=dict.fromkeys((*PATIENT, 0x00080050))), ["patient-module-missing"]),
        (ct(changes=dict.fromkeys((0x00100040, 0x00080050))), ["patient-module-incomplete"]),
        (FILES["transfer-syntax-missing"], ["transfer-syntax-missing"]),
    ],
)
def test_one_fault_is_one_warning(data, codes):
    assert codes_of(data) == codes


def test_a_rule_that_a_profile_has_reject_is_hidden_by_no_warning():
    stripped = ct(changes=dict.fromkeys((0x00100040, 0x00080050)))

    assert codes_of(stripped, Profile(rules={"study-module-incomplete": "reject"})) == [
        "study-module-incomplete",
        "patient-module-incomplete",
    ]
    assert codes_of(stripped, Profile(rules={"patient-module-incomplete": "off"})) == ["study-module-incomplete"]


def test_a_file_whose_identity_was_removed_on_purpose_is_asked_for_no_patient_id():
    empty = {0x00100020: ("LO", b"")}

    assert codes_of(ct(changes=empty)) == ["patient-id-empty"]
    assert codes_of(ct(changes=empty | {0x00120062: ("CS", b"YES ")})) == []
    assert codes_of(ct(changes=empty | {0x00120062: ("CS", b"NO")})) == ["patient-id-empty"]


def test_findings_are_in_the_order_in_which_to_read_them():
    changes = {0x00280301: ("CS", b"YES "), 0x00080060: ("CS", b"MR"), 0x00100020: ("LO", b"")}

    told = found_in(ct(changes=changes))

    assert [RULES[found.code].whose for found in told] == [Whose.CLINIC, Whose.VENDOR, Whose.NOBODY]


def test_the_three_whose_differ_in_what_they_ask():
    warnings = [rule for rule in RULES.values() if rule.severity is Severity.WARN]

    assert {rule.remedy for rule in warnings if rule.whose is Whose.VENDOR} == {ASK_VENDOR}
    for rule in warnings:
        if rule.whose is Whose.NOBODY:
            assert rule.remedy == NOTHING or rule.remedy.startswith("Nothing to do"), rule.code
        elif rule.whose is Whose.CLINIC:
            assert not rule.remedy.startswith("Nothing"), rule.code
            assert not rule.remedy.startswith("You need not do anything"), rule.code
    assert all(rule.whose is Whose.CLINIC for rule in RULES.values() if rule.severity is Severity.REJECT)


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.severity is Severity.REJECT])
def test_no_refusal_advises_to_send_the_same_bytes_again(code):
    assert not RULES[code].remedy.startswith(("Send the file again", "Send it again", "Send the same"))


def test_what_is_implied_are_warnings_of_the_catalogue():
    for code, implied in IMPLIED.items():
        assert {RULES[one].severity for one in (code, *implied)} == {Severity.WARN}


def test_an_ordinary_data_set_of_no_patient_is_quiet():
    body = data_set({0x00041130: ("CS", b"TEST")})
    told = found_in(part10(body, sop=uid("directory"), sop_class="1.2.840.10008.1.3.10"))

    assert [(found.code, RULES[found.code].whose) for found in told] == [("media-directory", Whose.NOBODY)]


@needs_corpus
def test_few_accepted_files_of_the_corpora_ask_anything_of_the_clinic():
    seen = Frequencies.of_corpora(CORPUS)
    print(seen)

    assert seen.asking <= MOST_ASKED * seen.accepted
