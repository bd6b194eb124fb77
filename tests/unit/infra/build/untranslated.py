"""Find what people read and no catalogue holds: in templates, in the portal's Python, in the browser's scripts."""

import ast
import re
from collections.abc import Iterator

from infra.build.cache import ROOT
from infra.build.texts import list_page_texts, list_script_texts

TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
UNSEEN = re.compile(r"\{#.*?#\}|\{%.*?%\}|<script.*?</script>|<!doctype[^>]*>", re.DOTALL)
EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
TAG = re.compile(r"<[/!a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
READ_ALOUD = re.compile(r"(?<![\w-])(?:aria-label|placeholder|title|alt|data-label)=\"([^\"]*)\"")
CONSTANT = re.compile(r"(?<!_\()\"([^\"]*)\"")
WORD = re.compile(r"[A-Za-z]{2,}")
NAMES = {"Silent Scalper", "CSV", "DICOM", "DICOMDIR", "MB", "REST API", "UTC"}
"""Names are the same in each language."""

SENTENCE = re.compile(r"[A-Z][a-z\u2019']+ [a-z].*|[A-Z].* .*\.")
"""What reads like words for people, not like a key, a header or a format."""

SPOKEN = (
    "portal/admin", "portal/monitoring", "portal/presentation", "portal/quarantine", "portal/saved_queries",
    "portal/web",
)  # fmt: skip
TOLD_ERRORS = {"FieldsError", "SubscriptionError"}
"""Errors whose texts pages show; those of others are for logs."""
SCRIPT_TEXT = re.compile(r"(?<!import )(?<!from )(?:\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`)")
FOR_MACHINES = {
    "(prefers-color-scheme: dark)", "13px ${getComputedStyle(document.body).fontFamily}", "read me", "dicom viewer",
    "efilm lite", "radiant viewer", "system volume information", "file-row__state tone-${tone}", "signed out",
    "soft small", "${minutes} min ${seconds % 60} s",
}  # fmt: skip
"""Media queries, classes, folders' names, messages between tabs, and units, which are the same in each language."""

COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*", re.DOTALL)


def list_outside() -> Iterator[tuple[str, str]]:
    """Yield source and text of whatever stands in no catalogue."""
    yield from _list_in_templates()
    known = {form for _, text in list_page_texts() for form in ((text,) if isinstance(text, str) else text)}
    yield from _list_in_modules(known)
    known = {form for _, text in list_script_texts() for form in ((text,) if isinstance(text, str) else text)}
    yield from _list_in_scripts(known)


def _list_in_templates() -> Iterator[tuple[str, str]]:
    for template in sorted((ROOT / "templates").rglob("*.html")):
        source = template.relative_to(ROOT).as_posix()
        text = UNSEEN.sub(" ", TRANSLATED.sub("", template.read_text()))
        bare = EXPRESSION.sub("", text)
        found = [" ".join(part.split()) for part in TAG.sub("\n", bare).split("\n")]
        found += [value for tag in TAG.findall(bare) for value in READ_ALOUD.findall(tag)]
        found += [
            constant
            for expression in EXPRESSION.findall(text)
            for constant in CONSTANT.findall(re.sub(r"(?:counted|==|!=)\s*\(?\"[^\"]*\"", "", expression))
            if SENTENCE.fullmatch(constant)
        ]
        yield from (
            (source, one)
            for one in found
            if WORD.search(one) and not one.startswith("/") and one.strip("· ") not in NAMES
        )


def _list_in_modules(known: set[str]) -> Iterator[tuple[str, str]]:
    for folder in SPOKEN:
        for module in sorted(set((ROOT / folder).rglob("*.py")) - set((ROOT / folder).rglob("*_csv.py"))):
            tree = ast.parse(module.read_text())
            prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            prose |= {id(text) for node in ast.walk(tree) if _is_for_logs(node) for text in ast.walk(node)}
            for node in ast.walk(tree):
                text = node.value if isinstance(node, ast.Constant) and id(node) not in prose else None
                if isinstance(text, str) and SENTENCE.fullmatch(text) and text not in known:
                    yield module.relative_to(ROOT).as_posix(), text


def _is_for_logs(node: ast.AST) -> bool:
    named = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    return named.endswith("Error") and named not in TOLD_ERRORS


def _list_in_scripts(known: set[str]) -> Iterator[tuple[str, str]]:
    for script in sorted((ROOT / "assets" / "js").rglob("*.js")):
        for match in SCRIPT_TEXT.finditer(COMMENT.sub("", script.read_text())):
            text = match[1] if match[1] is not None else match[2]
            if _is_prose(text) and text not in known | FOR_MACHINES:
                yield script.relative_to(ROOT).as_posix(), text


def _is_prose(text: str) -> bool:
    """Say whether a script's text is for people: words with a space between them, and not a selector or a path."""
    bare = re.sub(r"\$\{[^}]*\}", "1", text)
    return bool(re.search(r"[A-Za-z\u2019']{2,}[,.:;]? [A-Za-z0-9]", bare)) and not re.search(
        r"[\[\]#<>=/{}]|\.\w", bare
    )
