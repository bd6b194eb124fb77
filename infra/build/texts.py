"""Find the texts of pages and mails in the sources: of templates, of Python, of the browser's scripts, of the rules.

`gettext`, `ngettext`, `mark` and `Phrase` name texts where they stand; tables of labels are known by their names.
"""

import ast
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract
from jinja2.ext import babel_extract

from infra.build.cache import ROOT

TEMPLATES = ROOT / "templates"
SCRIPTS = ROOT / "assets" / "js"
RULES = ROOT / "intake" / "rules.json"
PYTHON = (ROOT / "portal", ROOT / "intake" / "expectations")
MAILS = (
    "intake/messaging/mails.py",
    "processor/projection/alert_texts.py",
    "processor/projection/operations_texts.py",
    "infra/messaging.py",
)
"""Where mails are written: alerts, and what Cognito sends to people who get an account or choose a new password."""

Text = str | tuple[str, str]
"""A text, or the two forms of one that tells a number."""

TABLES = {
    "intake/files/keys.py": ("UNKNOWN_SENDERS",),
    "intake/orders/review_rules.py": ("IDENTITY", "ATTACK", "NO_CONTENT", "NOBODYS", "REFUSED", "UNSCANNED", "PACKED"),
    "portal/admin/profiles.py": ("CONFLICTS",),
    "portal/admin/staff.py": ("ACTS",),
    "portal/audit.py": ("ACTIONS", "GROUPS", "DETAILS"),
    "portal/http/problem_types.py": ("PROBLEMS", "BY_STATUS", "NOT_FOUND", "METHOD", "MALFORMED", "INVALID",
                                     "TOO_LARGE", "INTERNAL", "SIGN_IN"),
    "portal/monitoring/statistics.py": ("RANGES",),
    "portal/presentation/dicom_values.py": ("MODALITIES", "POSITIONS", "SEXES", "SIDES", "ANSWERS", "FORMS"),
    "portal/presentation/exam_labels.py": ("EXAM_BADGES",),
    "portal/presentation/formatting.py": ("NOUNS",),
    "portal/presentation/labels.py": ("STATE_BADGES", "HANDLED", "REPLACED", "REASONS", "WARNED", "SOURCES", "KINDS",
                                      "NO_PREVIEW", "EVENTS", "PEOPLE", "ACTORS", "SPELLED", "STANDINGS"),
    "portal/presentation/upload_labels.py": ("UPLOAD_BADGES", "COMPLETE_WARNED"),
    "portal/quarantine/unfinished_work.py": ("_ORDERED", "_FOLLOWERS"),
    "portal/saved_queries/__init__.py": ("QUERIES",),
    "portal/web/admin/accounts.py": ("DEEDS",),
    "portal/web/admin/clinics.py": ("DONE", "LEVELS"),
    "portal/web/quarantine/grouping.py": ("GROUPINGS",),
    "portal/web/quarantine/orders.py": ("TITLES", "EXPLANATIONS", "ANSWERS", "TRIED", "RETRIED"),
    "portal/web/quarantine/rejected.py": ("SAID",),
    "portal/web/quarantine/stuck.py": ("HEADINGS",),
    "portal/web/quarantine/work_lists.py": ("_LISTS",),
    "portal/web/clinic/search_form.py": ("WITHIN",),
    "portal/web/layout/receipts.py": ("STATE_TROUBLES",),
    "portal/web/notifications.py": ("CHOICES", "STANDING_BADGES", "DONE"),
    "portal/web/layout/facts.py": ("PATIENT_ROWS", "DICOM_ROWS", "TECHNICAL_ROWS", "PICTURE_ROWS"),
    "portal/web/routers.py": ("STAFF_PAGES", "LEAD_PAGES", "ADMIN_PAGES"),
}  # fmt: skip
"""Modules → tables of theirs whose words are translated where they are shown."""

LABELLED = {"Badge": (0, 3), "Chip": (0,), "Fact": (0,), "Section": (0,), "Tile": (1,)}
"""What carries labels → at which places."""

CALLS = ("gettext", "mark", "Phrase")


def list_page_texts() -> Iterator[tuple[str, Text]]:
    """Yield each text of the server's pages, behind the source that it stands in."""
    for template in sorted(TEMPLATES.rglob("*.html")):
        for text in _read_template(template):
            yield _name(template), text
    modules = (module for folder in PYTHON for module in folder.rglob("*.py"))
    for module in sorted({*modules, *(ROOT / name for name in TABLES)}):
        for found in _read_module(module):
            yield _name(module), found
    rules = json.loads(RULES.read_text())
    yield from ((_name(RULES), chapter["title"]) for chapter in (*rules["chapters"], *rules["studies"]))
    rules = json.loads(RULES.read_text())
    yield from ((_name(RULES), chapter["title"]) for chapter in (*rules["chapters"], *rules["studies"]))
    rules = json.loads(RULES.read_text())
    yield from ((_name(RULES), chapter["title"]) for chapter in (*rules["chapters"], *rules["studies"]))
    yield from list_rule_texts("message", "remedy")


def list_mail_texts() -> Iterator[tuple[str, Text]]:
    """Yield each text of mails, behind the source that it stands in; of a rule, only what it found."""
    for source in MAILS:
        yield from ((source, found) for found in _read_module(ROOT / source))
    yield from list_rule_texts("message")


def list_rule_texts(*parts: str) -> Iterator[tuple[str, str]]:
    """Yield these parts of each rule, of `message` and `remedy`."""
    for chapter in (rules := json.loads(RULES.read_text()))["chapters"] + rules["studies"]:
        for rule in chapter["rules"]:
            yield from ((_name(RULES), rule[part]) for part in parts)


def list_script_texts() -> Iterator[tuple[str, Text]]:
    """Yield each text of the browser's scripts, behind the source that it stands in."""
    for script in sorted(SCRIPTS.rglob("*.js")):
        keywords = {"gettext": None, "mark": None, "ngettext": (1, 2)}
        for _, text, _, _ in extract(
            "javascript", BytesIO(script.read_bytes()), keywords, (), {"parse_template_string": True}
        ):
            yield _name(script), text if isinstance(text, str) else (text[0], text[1])


def _read_template(template: Path) -> Iterator[Text]:
    options = {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
    keywords = ("gettext", "_", "ngettext")
    for _, _, text, _ in babel_extract(BytesIO(template.read_bytes()), keywords, [], options):
        parts = [part for part in (text if isinstance(text, tuple) else (text,)) if isinstance(part, str)]
        if parts:
            yield parts[0] if len(parts) == 1 else (parts[0], parts[1])


def _read_module(module: Path) -> Iterator[Text]:
    tree = ast.parse(module.read_text())
    tables = TABLES.get(_name(module), ())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and find_target(node) in tables:
            yield from _list_words(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _read_call(node, node.func.id)


def _read_call(call: ast.Call, name: str) -> Iterator[Text]:
    if name in CALLS and call.args:
        yield from _list_branches(call.args[0])
    elif name == "ngettext" and all(isinstance(argument, ast.Constant) for argument in call.args[:2]):
        one, more = (argument.value for argument in call.args[:2] if isinstance(argument, ast.Constant))
        yield str(one), str(more)
    for place in LABELLED.get(name, ()):
        yield from _list_branches(call.args[place]) if len(call.args) > place else ()


def _list_branches(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may be: one, or either of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _list_branches(node.body)
        yield from _list_branches(node.orelse)


def _list_words(table: ast.expr) -> Iterator[Text]:
    """Yield a table's texts for people: what begins with a capital or has a space in it. The rest are keys."""
    keys = {id(key) for node in ast.walk(table) if isinstance(node, ast.Dict) for key in node.keys}
    for node in ast.walk(table):
        if isinstance(node, ast.Tuple) and (pair := _read_pair(node)):
            yield pair
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            is_heading = id(node) not in keys or text in {"Study", "Series", "Image", "Device"}
            if is_heading and (text[:1].isupper() or " " in text):
                yield text


def _read_pair(node: ast.Tuple) -> tuple[str, str] | None:
    words = [part.value for part in node.elts if isinstance(part, ast.Constant)]
    if len(words) != 2 or not all(isinstance(word, str) and word.replace(" ", "").islower() for word in words):
        return None
    one, more = map(str, words)
    return (one, more) if more.startswith(one) else None


def find_target(node: ast.Assign | ast.AnnAssign) -> str:
    """Return the name that a table is given."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return target.id if isinstance(target, ast.Name) else ""


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
