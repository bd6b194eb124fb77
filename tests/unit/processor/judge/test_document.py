"""Generated files are what their generators write."""

import pytest

from processor.judge import document
from tests.unit.processor.judge.corpus import ROOT
from tests.unit.processor.judge.dicom.dictionary import uid_names


def test_the_findings_document_follows_the_catalogue():
    assert (ROOT / document.DOCUMENT).read_text() == document.text()


@pytest.mark.parametrize("name", uid_names.modules())
def test_tables_of_uids_follow_pydicoms_dictionary(name):
    assert (ROOT / name).read_text() == uid_names.modules()[name]


def test_the_portals_copy_of_the_rules_follows_the_catalogue():
    assert (ROOT / document.RULES).read_text() == document.rules_text()
