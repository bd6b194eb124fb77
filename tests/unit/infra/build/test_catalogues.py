"""The catalogues hold each text of the sources, and each language has all of them."""

import json
import re
from collections import Counter

import pytest

from infra.build.catalogues import (
    COMPILED,
    DOMAINS,
    LANGUAGES,
    SCRIPT_TEXTS,
    build_catalogue,
    compile_catalogue,
    find_catalogue,
    list_translations,
    read_catalogue,
    write_text,
)
from infra.build.texts import list_rule_texts
from intake import languages
from tests.unit.infra.build.untranslated import list_outside

EVERY = [(domain, language) for domain in DOMAINS for language in LANGUAGES]

HOLES = re.compile(r"%\(\w+\)s|\{\w*\}|`[^`]+`")
TAGS = re.compile(r"</?\w[^>]*>")

OUTSIDE: dict[str, int] = {}
"""Sources whose texts are not all in the catalogues yet → how many are not. It only shrinks."""


def pairs(domain, language):
    """Return each text and what it is in another language, form by form."""
    for message in read_catalogue(domain, language):
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            written = message.string if isinstance(message.string, tuple) else (message.string,)
            yield from zip(forms, written, strict=True)


def test_the_portal_offers_the_languages_that_there_are_catalogues_of():
    assert set(languages.LANGUAGES) == {languages.ENGLISH, *LANGUAGES}


@pytest.mark.parametrize(("domain", "language"), EVERY)
def test_a_catalogue_has_the_texts_of_the_sources_and_no_others(domain, language):
    told = "Run `make catalogues`, and translate what is new."
    assert find_catalogue(domain, language).read_bytes() == write_text(build_catalogue(domain, language)), told


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    for domain in COMPILED:
        compiled = find_catalogue(domain, language).with_suffix(".mo").read_bytes()
        assert compiled == compile_catalogue(read_catalogue(domain, language))
    texts = json.loads((SCRIPT_TEXTS / f"{language}.json").read_text())
    assert texts == list_translations(read_catalogue("browser", language))


@pytest.mark.parametrize(("domain", "language"), EVERY)
def test_no_text_lacks_a_language(domain, language):
    assert [text for text, written in pairs(domain, language) if not written] == []


@pytest.mark.parametrize(("domain", "language"), EVERY)
def test_a_translation_has_the_holes_and_the_tags_of_its_text(domain, language):
    for text, written in pairs(domain, language):
        assert Counter(HOLES.findall(written)) == Counter(HOLES.findall(text)), text
        assert Counter(TAGS.findall(written)) == Counter(TAGS.findall(text)), text


@pytest.mark.parametrize(("domain", "language"), EVERY)
def test_a_translation_ends_as_its_text_does(domain, language):
    ends = ".:?…"
    differing = [text for text, written in pairs(domain, language) if (text[-1] in ends) != (written[-1] in ends)]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_says_what_a_page_says_of_the_same_finding(language):
    pages, mails = (dict(pairs(domain, language)) for domain in ("portal", "mails"))
    assert [text for _, text in list_rule_texts("message") if mails[text] != pages[text]] == []


def test_no_text_stands_outside_the_catalogues():
    assert Counter(source for source, _ in list_outside()) == OUTSIDE
