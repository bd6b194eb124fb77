"""Every rule of the other kinds has a file that breaks it."""

import re

import pytest

from intake.files.model import Severity
from processor.judge import READERS, Facts, judge
from processor.judge.rules.catalogue import DOCUMENT_CHAPTERS, RULES, TAKEN
from tests.dicom_files import ct_slice
from tests.document_files import SEEDS, pdf, stream, tiff, zipped
from tests.unit.processor.judge.documents.broken import FILES, MET_ELSEWHERE
from tests.unit.processor.judge.sources import CountedSource

MIB = 1024 * 1024
ESCAPED_JAVASCRIPT = pdf(b"<< /S /J#61vaScript /J#53 (app.alert\\(1\\)) >>")


def judged(code):
    data, facts = FILES[code] if isinstance(FILES[code], tuple) else (FILES[code], Facts())
    return judge(CountedSource(data), facts)


def test_every_rule_has_a_file_that_breaks_it():
    codes = {rule.code for _, rules in DOCUMENT_CHAPTERS for rule in rules}

    assert codes - MET_ELSEWHERE == set(FILES)


@pytest.mark.parametrize("code", FILES)
def test_a_broken_rule_is_found_and_has_its_effect(code):
    judgement = judged(code)

    assert code in {found.code for found in judgement.findings}
    if RULES[code].severity is Severity.REJECT:
        assert judgement.findings[0].code == code
    else:
        assert not judgement.rejected


@pytest.mark.parametrize("code", FILES)
def test_no_finding_carries_a_value_of_the_file(code):
    for found in judged(code).findings:
        assert found == RULES[found.code].finding(found.where)
        assert re.fullmatch(
            r"|(byte|character|entry|row|segment|tag) \d+( of the inflated volume)?|[a-z0-9-]+", found.where
        )


@pytest.mark.parametrize("kind", SEEDS)
def test_good_files_of_every_kind_are_accepted_without_a_warning(kind):
    for seed in SEEDS[kind]:
        judgement = judge(CountedSource(seed), Facts(extension=kind))

        assert (judgement.kind, judgement.findings) == (kind, ())


def test_every_kind_that_is_taken_has_a_reader():
    assert TAKEN - {"dicom"} <= set(READERS)
    assert set(SEEDS) == TAKEN - {"dicom"}


def test_names_with_escapes_hide_nothing():
    assert judge(CountedSource(ESCAPED_JAVASCRIPT)).findings[0].code == "pdf-javascript"


def test_compressed_objects_hide_nothing():
    hidden = pdf(stream(b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>", b"/Type /ObjStm /N 1 /First 0"))

    assert judge(CountedSource(hidden)).findings[0].code == "pdf-javascript"


def test_numbers_with_signs_are_no_formulas():
    data = b'a,b,c\n-1.5,+2,-\n-,+,"-3"\n'

    assert judge(CountedSource(data), Facts(extension="csv")).findings == ()


@pytest.mark.parametrize("data", [b"GIF89a", b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", b"BM", b"MZ", b'{"a": 1}', b"<a/>"])
def test_other_kinds_are_rejected_and_named(data):
    judgement = judge(CountedSource(data + b" " * 10))

    assert [(found.code, found.where) for found in judgement.findings] == [("kind-unsupported", judgement.kind)]


def test_office_documents_are_no_archives():
    data = zipped([("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")])

    assert judge(CountedSource(data)).findings[0].code == "kind-unsupported"


@pytest.mark.parametrize("extension", ["", "1", "ima", "dat", "img", "dcm", "dicom", "001"])
def test_dicom_files_may_have_any_extension_that_is_no_other_kinds(extension):
    assert judge(CountedSource(ct_slice(rows=4, columns=4)), Facts(extension=extension)).findings == ()


@pytest.mark.parametrize("extension", ["jpg", "pdf", "zip", "nii"])
def test_dicom_files_under_another_kinds_extension_are_flagged(extension):
    judgement = judge(CountedSource(ct_slice(rows=4, columns=4)), Facts(extension=extension))

    assert [found.code for found in judgement.findings] == ["extension-mismatch"]
    assert not judgement.rejected


def test_a_large_tiff_of_many_pages_is_checked_in_part():
    class Pages(CountedSource):
        """A file of 20 MiB whose pages stand far apart, each a directory that points to the next."""

        def __init__(self):
            page = tiff()[8 + 64 :]
            data = bytearray(20 * MIB)
            data[:8] = b"II*\0" + (200_000).to_bytes(4, "little")
            for number in range(1, 100):
                place = number * 200_000
                following = place + 200_000 if number < 99 else 0
                data[place : place + len(page)] = page[:-4] + following.to_bytes(4, "little")
            super().__init__(bytes(data))

    judgement = judge(Pages())

    assert [found.code for found in judgement.findings] == ["tiff-pages-unchecked"]
    assert judgement.metadata["pages"] == 64
