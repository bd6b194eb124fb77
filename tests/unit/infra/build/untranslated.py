"""Find what people read and no catalogue holds: in templates, the portal's Python, the browser's scripts, and mails."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from jinja2 import Environment, nodes

from infra.build.cache import ROOT
from infra.build.texts import MAILS, Text, find_target, list_mail_texts, list_page_texts, list_script_texts

TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
UNSEEN = re.compile(r"\{#.*?#\}|\{%.*?%\}|<script.*?</script>|<!doctype[^>]*>", re.DOTALL)
EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
TAG = re.compile(r"<[/!a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
READ_ALOUD = re.compile(r"(?<![\w-])(?:aria-label|placeholder|title|alt|data-label)=(?:\"([^\"]*)\"|'([^']*)')")
WORD = re.compile(r"(?<!&)(?!UTC)\b[A-Za-z]{2,}")
NAMES = {"Silent Scalper", "CSV", "DICOM", "DICOMDIR", "MB", "REST API"}
"""Names are the same in each language."""

PROSE = re.compile(r"[A-Z][a-z\u2019']{2,}|.*(?:[A-Za-z\u2019'][,.:;]? [A-Za-z\u2019']{2}|\b1 [a-z]{3}).*", re.DOTALL)
"""What reads like words for people: one with a capital, two side by side, or a number of something."""

SPOKEN = (
    "intake/expectations/facts.py", "intake/expectations/hl7_orders.py", "intake/expectations/lists.py", "portal/auth",
    "portal/admin", "portal/expectations", "portal/monitoring", "portal/notifications", "portal/presentation",
    "portal/quarantine", "portal/retrieval/sharing.py", "portal/saved_queries", "portal/web",
)  # fmt: skip
SHOWN = {"FieldsError", "SubscriptionError"}
"""Errors whose texts people read; those of others are for a log."""

OF_MODULES = {
    '<span class="mono">{}</span>', "1 h 1 min", "1 min 1 s", "Silent Scalper, 1: 1", "Somebody with a link",
    "link to a study", "Retry-After", "Allow", "Vary", "Subject", "INTERVAL '1' DAY", "all that match",
}  # fmt: skip
"""Mark-up, units, names, what a key is derived from, and who is told in the audit log."""

LEFT_OUT = {
    "intake/expectations/lists.py": "_NAMES",
    "portal/presentation/formatting.py": "MONTHS",
    "portal/presentation/languages.py": "LANGUAGES",
    "portal/web/quarantine/differences.py": "_WORDS",
}
"""Tables of what others may write, and of words of one language; what `mark` names is in the catalogues anyway."""

UNTOLD = {"message", "remedy", "explanation", "hint"}
"""Attributes that are English, and are translated where they are shown."""

UNSAID = (nodes.Compare, nodes.Getitem, nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)

MACHINES = {"_", "gettext", "ngettext", "static", "icon"}
"""What a template calls with a text that is translated there, or is none."""

SCRIPT_TEXT = re.compile(
    r"(?<!import )(?<!from )(?:\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`)"
)
FOR_MACHINES = {
    "(prefers-color-scheme: dark)", "13px ${getComputedStyle(document.body).fontFamily}", "read me", "dicom viewer",
    "efilm lite", "radiant viewer", "system volume information", "file-row__state tone-${tone}", "signed out",
    "soft small", "${minutes} min ${seconds % 60} s", "${milliseconds} ms", "${seconds / 60} min",
}  # fmt: skip
"""Media queries, classes, folders' names, messages between tabs, and units, which are the same in each language."""

OF_TOPICS = {"Silent Scalper events", "[Silent Scalper] 1"}
"""What a topic is called, and what every subject begins with."""

COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*", re.DOTALL)


def list_outside() -> Iterator[tuple[str, str]]:
    """Yield source and text of whatever stands in no catalogue."""
    known = _list_forms(list_page_texts())
    for template in sorted((ROOT / "templates").rglob("*.html")):
        yield from ((_name(template), text) for text in find_in_template(template.read_text(), known))
    for module in sorted(chain.from_iterable(_list_modules(ROOT / place) for place in SPOKEN)):
        name = _name(module)
        yield from ((name, text) for text in find_in_module(module.read_text(), known, LEFT_OUT.get(name, "")))
    known = _list_forms(list_script_texts())
    for script in sorted((ROOT / "assets" / "js").rglob("*.js")):
        yield from ((_name(script), text) for text in find_in_script(script.read_text(), known))
    known = _list_forms(list_mail_texts())
    for source in MAILS:
        found = find_in_module((ROOT / source).read_text(), known)
        yield from ((source, text) for text in found if " " in text and text not in NAMES | OF_TOPICS)


def find_in_template(source: str, known: set[str]) -> Iterator[str]:
    """Yield the texts between tags, those that are read aloud, and those that expressions and blocks hold."""
    bare = EXPRESSION.sub("", UNSEEN.sub(" ", TRANSLATED.sub("", source)))
    found = [" ".join(part.split()) for part in TAG.sub("\n", bare).split("\n")]
    found += [one or other for tag in TAG.findall(bare) for one, other in READ_ALOUD.findall(tag)]
    yield from (one for one in found if WORD.search(one) and not one.startswith("/") and one.strip("· ") not in NAMES)
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    constants = (text for node in _walk(tree) if isinstance(node, nodes.Const) and isinstance(text := node.value, str))
    yield from (text for text in constants if _is_text(text) and text not in known | NAMES)
    yield from (f".{node.attr}" for node in _walk(tree) if isinstance(node, nodes.Getattr) and node.attr in UNTOLD)
    pagers = (
        node for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Name) and node.node.name == "pager"
    )
    yield from (str(said.value) for call in pagers for said in call.args if isinstance(said, nodes.Const))


def _is_text(constant: str) -> bool:
    """Say whether a template's constant is for people, and no class, path or piece of mark-up."""
    return bool(PROSE.fullmatch(constant)) and not re.search(r"[<>=/]|\w--\w|\w-\w+-\w", constant)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield a template's nodes but for what is no text of its page: keys, what is compared, and names of files."""
    yield node
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MACHINES:
        return
    if isinstance(node, nodes.Filter) and node.name in {"counted", "rejectattr", "selectattr", "map"}:
        inner: Iterable[nodes.Node] = [node.node] if node.node else []
    elif isinstance(node, UNSAID):
        inner = ()
    elif isinstance(node, nodes.Pair):
        inner = (node.value,)
    else:
        inner = node.iter_child_nodes()
    for one in inner:
        yield from _walk(one)


def find_in_module(source: str, known: set[str], table: str = "") -> Iterator[str]:
    """Yield a module's texts; what fills the holes of a formatted one counts as a number. `table` is left out."""
    tree = ast.parse(source)
    unsaid = {id(part) for node in ast.walk(tree) for part in _list_unsaid(node, table)}
    for node in ast.walk(tree):
        text = _write(node)
        if id(node) not in unsaid and text not in known | OF_MODULES and PROSE.fullmatch(text) and "=" not in text:
            yield text


def _list_unsaid(node: ast.AST, table: str) -> Iterator[ast.AST]:
    """Yield what is no text: of docstrings, of errors that nobody is shown, parts of a text that is looked at whole."""
    if isinstance(node, ast.Expr):
        yield node.value
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        if getattr(node.exc.func, "id", "") not in SHOWN:
            yield from ast.walk(node.exc)
    elif isinstance(node, ast.JoinedStr):
        yield from (part for value in node.values for part in _list_format(value))
    elif isinstance(node, ast.Assign | ast.AnnAssign) and table and find_target(node) == table:
        yield from ast.walk(node)


def _list_format(value: ast.expr) -> Iterator[ast.AST]:
    if not isinstance(value, ast.FormattedValue):
        yield value
    elif value.format_spec:
        yield from ast.walk(value.format_spec)


def _write(node: ast.AST) -> str:
    """Return a text as it may read: with a number in each hole; nothing for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_write(value) or "1" for value in node.values)
    return ""


def find_in_script(source: str, known: set[str]) -> Iterator[str]:
    for match in SCRIPT_TEXT.finditer(COMMENT.sub("", source)):
        text = next(group for group in match.groups() if group is not None)
        if _is_prose(text) and text not in known | FOR_MACHINES:
            yield text


def _is_prose(text: str) -> bool:
    """Say whether a script's text is for people: words with a space between them, and not a selector or a path."""
    bare = re.sub(r"\$\{[^}]*\}", "1", text)
    return bool(re.search(r"[A-Za-z0-9\u2019']+[,.:;]? [A-Za-z0-9]{2,}", bare)) and not re.search(
        r"[\[\]#<>=/{}]|\.\w", bare
    )


def _list_forms(texts: Iterable[tuple[str, Text]]) -> set[str]:
    return {form for _, text in texts for form in ((text,) if isinstance(text, str) else text)}


def _list_modules(place: Path) -> Iterable[Path]:
    return [place] if place.suffix else set(place.rglob("*.py")) - set(place.rglob("*_csv.py"))


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
