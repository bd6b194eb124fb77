import pytest

from portal.dicomweb.json_model.attributes import BY_NAME, Level
from portal.dicomweb.qido.query import FARTHEST, LITERAL, MOST_ROWS, ROWS, SHORTENED, parse_search
from portal.errors import DicomWebQueryError


def keywords(search):
    return {attribute.keyword for attribute in search.returned}


def test_an_empty_search_returns_the_attributes_that_the_standard_demands():
    search = parse_search(Level.STUDY, [])
    assert (search.conditions, search.limit, search.offset) == ((), ROWS, 0)
    assert {"StudyDate", "StudyInstanceUID", "PatientID", "ModalitiesInStudy", "RetrieveURL"} <= keywords(search)
    assert not {"Modality", "SOPInstanceUID"} & keywords(search)


def test_attributes_are_named_by_keyword_or_tag_in_either_case():
    by_keyword, by_tag, lower = (
        parse_search(Level.STUDY, [(name, "1.2")]) for name in ("StudyInstanceUID", "0020000D", "0020000d")
    )
    assert by_keyword == by_tag == lower
    assert by_keyword.find_value("StudyInstanceUID") == "1.2"


@pytest.mark.parametrize("value", ["", "*", " ", "**"])
def test_a_value_that_matches_everything_is_no_condition(value):
    assert parse_search(Level.STUDY, [("PatientID", value)]).conditions == ()


def test_a_search_below_a_study_returns_nothing_of_the_study_unless_asked():
    search = parse_search(Level.SERIES, [("includefield", "StudyDate,Manufacturer")], implied=Level.SERIES)
    assert {"SeriesInstanceUID", "StudyDate", "Manufacturer"} <= keywords(search)
    assert "PatientName" not in keywords(search)


def test_a_search_for_all_instances_returns_what_lies_above_them_too():
    assert {"PatientID", "Modality", "SOPInstanceUID"} <= keywords(parse_search(Level.INSTANCE, []))


def test_all_fields_are_returned_on_demand_and_unknown_ones_are_passed_over():
    search = parse_search(Level.SERIES, [("includefield", "all"), ("includefield", "00081111")])
    assert {"Manufacturer", "BodyPartExamined"} <= keywords(search)
    assert BY_NAME["Rows"] not in search.returned


def test_what_is_not_done_is_said():
    search = parse_search(Level.STUDY, [("fuzzymatching", "true"), ("limit", str(MOST_ROWS + 1))])
    assert (search.limit, search.warnings) == (MOST_ROWS, (LITERAL, SHORTENED))


@pytest.mark.parametrize(
    "parameter",
    [
        ("Nonsense", "1"),
        ("SOPInstanceUID", "1.2"),
        ("RetrieveURL", "x"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("offset", str(FARTHEST + 1)),
        ("PatientName", "x" * 257),
        ("PatientName", "?" * 9 + "secret"),
    ],
)
def test_what_cannot_be_searched_is_refused_without_repeating_the_value(parameter):
    with pytest.raises(DicomWebQueryError) as refused:
        parse_search(Level.STUDY, [parameter])
    assert parameter[1] not in str(refused.value) or parameter[1] in {"1", "x"}
