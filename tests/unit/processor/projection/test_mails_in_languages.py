"""Every mail in every language: with a subject that SNS takes, and nothing left of the English."""

import re

import pytest

from infra.build.catalogues import read_catalogue
from intake.languages import ENGLISH, LANGUAGES, speaking
from intake.messaging.mails import LONGEST_SUBJECT, write_subject
from intake.messaging.model import AlertKind
from tests.unit.processor.projection.sample_mails import list_writers

WRITERS = dict(list_writers())
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
ADDRESS = re.compile(r"https?://\S+")


def write(name, language):
    with speaking(language):
        return WRITERS[name]()


def list_english(language):
    """Yield what finds each text of mails, whatever stands in its holes."""
    for message in read_catalogue("mails", language):
        for form in message.id if isinstance(message.id, tuple) else (message.id,):
            words = [re.escape(part) for part in re.split(r"\{\w+\}", form)]
            if form:
                yield re.compile(r"(?<!\w)" + r"[^\n]+?".join(words) + r"(?!\w)")


def test_there_is_a_sample_of_each_kind():
    assert {name.partition("-")[0] for name in WRITERS} == set(AlertKind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", WRITERS)
def test_a_subject_is_one_short_line_of_ascii_that_says_what_the_mail_begins_with(name, language):
    mail = write(name, language)
    assert mail.subject.isascii()
    assert mail.subject.isprintable()
    assert len(mail.subject) <= LONGEST_SUBJECT
    # Headlines are chosen so that no letter of theirs has to be spelt out.
    told = mail.subject.removeprefix("[Silent Scalper] ")
    assert mail.body.splitlines()[0].startswith(told.removesuffix(" ..."))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_left_of_the_english(name, language):
    mail, english = write(name, language), write(name, ENGLISH)
    text = ADDRESS.sub("", f"{mail.subject}\n{mail.body}")
    assert [found.pattern for found in list_english(language) if found.search(text)] == []
    same = {*mail.body.splitlines()} & {*english.body.splitlines()}
    assert {line for line in same if ADDRESS.sub("", line)} == {"--"}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", WRITERS)
def test_a_mail_tells_the_same_in_each_language(name, language):
    mail, english = write(name, language), write(name, ENGLISH)
    assert (mail.kind, mail.clinic_id, mail.severity) == (english.kind, english.clinic_id, english.severity)
    assert ADDRESS.findall(mail.body) == ADDRESS.findall(english.body)
    assert len(mail.body.splitlines()) == len(english.body.splitlines())
    assert "{" not in mail.subject + mail.body + english.subject + english.body


def test_numbers_and_days_are_written_as_in_german():
    bodies = "\n".join(write(name, "de").body for name in WRITERS)
    assert {"1.234", "98,4 %", "22.11.2026"} <= {*re.findall(r"1\.234|98,4 %|22\.11\.2026", bodies)}
    assert re.search(r"\d,\d{3}\b|\d\.\d %", ADDRESS.sub("", bodies)) is None


@pytest.mark.parametrize(
    ("headline", "subject"),
    [
        ("Prüfung größer", "Pruefung groesser"),
        ("Ärger über Öl", "Aerger ueber Oel"),
        ("Café\r\nBcc: a@example.org", "Cafe Bcc: a@example.org"),
        ("\u4e2d x \U0001f600", "x"),
        ("word " * 40, "word " * 15 + "..."),
    ],
)
def test_what_sns_may_not_take_is_spelt_out_or_left_out_of_a_subject(headline, subject):
    assert write_subject(headline) == f"[Silent Scalper] {subject}"
