"""Catalogues are read when their language is spoken, and once."""

import pytest

from infra.build.catalogues import PORTAL
from intake import languages
from intake.languages import Catalogue, current_language, speaking


def test_english_reads_no_catalogue(tmp_path):
    texts = Catalogue(tmp_path / "nowhere", "mails")
    assert texts.gettext("Accepted") == "Accepted"
    assert texts.ngettext("{count} file", "{count} files", 2) == "{count} files"


def test_another_language_is_read_once(monkeypatch):
    reads = []

    class Counted(languages.GNUTranslations):
        def __init__(self, compiled):
            reads.append(compiled.name)
            super().__init__(compiled)

    monkeypatch.setattr(languages, "GNUTranslations", Counted)
    texts = Catalogue(PORTAL, "portal")
    for _ in range(3):
        with speaking("de"):
            assert texts.gettext("Accepted") == "Angenommen"
    assert len(reads) == 1


def test_a_language_ends_with_what_was_written_in_it_also_where_that_fails():
    with pytest.raises(KeyError), speaking("de"):
        raise KeyError
    assert current_language() == "en"
