"""Looks for English on a page that is to be German: the catalogues' English texts, English words, English amounts."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from html.parser import HTMLParser

from playwright.sync_api import Page

from infra.build.catalogues import DOMAINS, read_catalogue

READ_ALOUD = ("aria-label", "placeholder", "title", "alt", "data-label")
UNREAD = frozenset({"script", "style", "textarea"})

SHOWN = r"""() => {
  const told = ["aria-label", "placeholder", "title", "alt", "data-label"];
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (!node.parentElement.closest("script, style, noscript, template, textarea, [lang]:not(html)"))
      found.push(node.data);
  for (const one of [...document.body.querySelectorAll("*")].filter((one) => !one.closest("[lang]:not(html)")))
    for (const name of told) if (one.hasAttribute(name)) found.push(one.getAttribute(name));
  return [...new Set(found.map((text) => text.replace(/\s+/g, " ").trim()).filter(Boolean))];
}"""
"""Every text of the page, seen or read aloud, and also what is hidden as yet."""

ENGLISH_WORD = re.compile(
    r"\b(?:the|and|of|or|is|are|were|be|been|has|have|not|no|to|by|from|with|without|your|you|this|these|that|"
    r"files?|images?|exams?|stud(?:y|ies)|days?|weeks?|accepted|rejected|missing|sent|failed|waiting|deleted)\b",
    re.IGNORECASE,
)
ENGLISH_AMOUNT = re.compile(
    r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b|\b\d{1,3},\d{3}\b"
    r"|\d\.\d+\s(?:[kMGT]B|s|%)|\$\d|\d [AP]M\b"
)
"""Dates, thousands, decimals and money as English writes them."""

GIVEN = re.compile(
    "|".join(
        (
            r"Second half of Monday's list; the rest follows by courier\.", "wound, left forearm.png",
            "referral letter.pdf", "discharge summary.pdf", r"\S+\.(?:dcm|txt|pdf|png|csv|zip)\b", r"[\w.-]+@[\w.-]+",
            "Magnetic resonance angiography of the supra-aortic arteries with contrast",
            "MRI follow-ups, week 46", "Northside Radiology", "Silent Scalper", "CT Image Storage",
            "Explicit VR Little Endian", "Frame of Reference UID",
            r"(?:Study|Series)(?: Instance)? UID", "File Meta Information", r"\b[a-z]+(?:-[a-z]+)+\b",
        )
    )
)  # fmt: skip
"""What senders wrote, and names: the same in each language."""


HOLE = re.compile(r"%\(\w+\)s|\{\w*\}")
TAG = re.compile(r"<[^>]*>")
WORDS = re.compile(r"[A-Za-z]{3}")


@cache
def list_pieces() -> tuple[frozenset[str], frozenset[str]]:
    """Return what the catalogues' texts are in English and in German: what stands between tags."""
    messages = [message for domain in DOMAINS for message in read_catalogue(domain, "de") if message.id]
    return _cut(message.id for message in messages), _cut(message.string for message in messages)


def _cut(texts: Iterable[str | Sequence[str]]) -> frozenset[str]:
    forms = (form for text in texts for form in ((text,) if isinstance(text, str) else text))
    return frozenset(piece.strip() for form in forms for piece in TAG.split(form))


@cache
def list_patterns() -> tuple[re.Pattern[str], ...]:
    """Return patterns of English texts that are put together from words and what changes."""
    english, german = list_pieces()
    holed = (HOLE.split(piece) for piece in english - german if HOLE.search(piece))
    return tuple(re.compile(".+".join(map(re.escape, parts))) for parts in holed if WORDS.search(" ".join(parts)))


class _Reader(HTMLParser):
    """Reads what a page's HTML shows, as `SHOWN` does of a page that scripts have worked on."""

    VOID = frozenset({"br", "input", "link", "meta", "img", "hr", "path", "rect", "circle", "g", "svg"})

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.language = ""
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = told["lang"]
        elif tag not in self.VOID and (self._unread or tag in UNREAD or "lang" in told):
            self._unread.append(tag)
        self.texts += [told[name] for name in READ_ALOUD if name in told]

    def handle_endtag(self, tag: str) -> None:
        if self._unread and self._unread[-1] == tag:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.texts.append(data)


def read_html(html: str) -> tuple[str, list[str]]:
    """Return a page's language, and its texts without scripts having touched them."""
    reader = _Reader()
    reader.feed(html)
    return reader.language, list(filter(None, (" ".join(text.split()) for text in reader.texts)))


def english_in(page: Page) -> list[str]:
    return find_english(page.evaluate(SHOWN))


def find_english(texts: Iterable[str]) -> list[str]:
    """Return the texts that are English ones of the catalogues, or have English words or amounts in them."""
    english, german = list_pieces()
    return [text for text in texts if text not in german and (text in english or _is_english(text))]


def _is_english(text: str) -> bool:
    own = GIVEN.sub("", text)
    return bool(
        ENGLISH_WORD.search(own)
        or ENGLISH_AMOUNT.search(own)
        or any(pattern.fullmatch(text) for pattern in list_patterns())
    )
