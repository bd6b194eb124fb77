"""Keep the catalogues of the texts of pages and mails: run by `make catalogues` after a text was changed.

Babel reads and writes them, and is needed nowhere else: what runs reads the compiled ones (docs/adr/0050).
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from infra.build.cache import ROOT
from infra.build.texts import Text, list_mail_texts, list_page_texts, list_script_texts

PORTAL, MESSAGING = ROOT / "portal" / "locale", ROOT / "intake" / "messaging" / "locale"
SCRIPT_TEXTS = ROOT / "assets" / "js" / "texts"
LANGUAGES = ("de",)
"""All but English, whose texts are their own names."""

DOMAINS = {"portal": list_page_texts, "browser": list_script_texts, "mails": list_mail_texts}

_FOLDERS = {"portal": PORTAL, "browser": PORTAL, "mails": MESSAGING}

COMPILED = ("portal", "mails")
"""What is read where it runs. Scripts get theirs as JSON."""

_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""What a compiled catalogue says of when it was made: the same texts are the same bytes."""


def find_catalogue(domain: str, language: str) -> Path:
    return _FOLDERS[domain] / language / "LC_MESSAGES" / f"{domain}.po"


def read_catalogue(domain: str, language: str) -> Catalog:
    """Return a language's texts of a domain; empty ones where there are none yet."""
    file = find_catalogue(domain, language)
    return read_po(BytesIO(file.read_bytes() if file.exists() else b""), locale=language)


def build_catalogue(domain: str, language: str) -> Catalog:
    """Return a catalogue with the sources' texts and what is translated of them, be it in another domain."""
    known = [read_catalogue(one, language) for one in (domain, *(other for other in DOMAINS if other != domain))]
    fresh = Catalog(locale=language, project="silent-scalper", fuzzy=False)
    for source, text in DOMAINS[domain]():
        written = next(filter(any, (_translate(one, text) for one in known)), _translate(Catalog(), text))
        fresh.add(text, written, locations=[(source, 0)])
    return fresh


def _translate(known: Catalog, text: Text) -> str | tuple[str, ...]:
    message = known.get(text if isinstance(text, str) else text[0])
    written = message.string if message else None
    if isinstance(text, str):
        return written if isinstance(written, str) else ""
    return written if isinstance(written, tuple) else ("", "")


def update(languages: Iterable[str] = LANGUAGES) -> None:
    """Bring the catalogues up to the sources, and compile them for the server and for the browser."""
    for language in languages:
        # All are built before one is written: a text that moves to another domain takes its translation along.
        for domain, catalogue in {domain: build_catalogue(domain, language) for domain in DOMAINS}.items():
            file = find_catalogue(domain, language)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(write_text(catalogue))
        for domain in COMPILED:
            compiled = compile_catalogue(read_catalogue(domain, language))
            find_catalogue(domain, language).with_suffix(".mo").write_bytes(compiled)
        SCRIPT_TEXTS.mkdir(exist_ok=True)
        written = list_translations(read_catalogue("browser", language))
        (SCRIPT_TEXTS / f"{language}.json").write_text(json.dumps(written, ensure_ascii=False, indent=2) + "\n")


def write_text(catalogue: Catalog) -> bytes:
    """Return a catalogue as text, sorted, so that it changes only where its texts do."""
    output = BytesIO()
    write_po(output, catalogue, width=120, sort_output=True, omit_header=False, include_lineno=False)
    dated = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b'"Last-Translator', b'"Language-Team')
    return b"".join(
        line for line in output.getvalue().splitlines(keepends=True) if not line.startswith((b"# ", *dated))
    )


def compile_catalogue(catalogue: Catalog) -> bytes:
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    output = BytesIO()
    write_mo(output, catalogue)
    return output.getvalue()


def list_translations(catalogue: Catalog) -> dict[str, str | list[str]]:
    """Return the browser's texts, by the English ones: one text, or one for one and one for more."""
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            message.string if isinstance(message.string, str) else list(message.string)
        )
        for message in catalogue
        if message.id and message.string
    }


if __name__ == "__main__":
    update()
