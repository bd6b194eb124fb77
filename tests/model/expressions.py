"""DynamoDB's condition and update expressions, read once each and carried out on items as they travel.

As much of the language as this system's requests use. Source: Amazon DynamoDB Developer Guide, "Condition and filter
expressions, operators, and functions", "Update expressions".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

WireItem = dict[str, Any]
"""Attribute → DynamoDB's typed value."""

_TOKEN = re.compile(r"\s*(<>|<=|>=|[<>=(),+]|[:#]?[A-Za-z_][A-Za-z0-9_]*(?:\.#?[A-Za-z_][A-Za-z0-9_]*)*)")
_COMPARISONS = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class Given:
    """What an expression is about: an item, and what its placeholders stand for."""

    item: WireItem
    names: dict[str, str]
    values: WireItem


Test = Callable[[Given], bool]
Operand = Callable[[Given], Any]
"""Returns a typed value, or None where there is none."""


@cache
def read_condition(expression: str) -> Test:
    reader = _Reader(expression)
    test = reader.read_any()
    reader.end()
    return test


@cache
def read_update(expression: str) -> tuple[list[tuple[str, Operand]], list[tuple[str, Operand]], list[str]]:
    """Return what an update sets, adds and removes."""
    return _Reader(expression).read_update()


def update(item: WireItem, expression: str, names: dict[str, str], values: WireItem) -> WireItem:
    """Return an item as an update leaves it; all that it reads, it reads of the item as it was."""
    given = Given(item, names, values)
    sets, adds, removed = read_update(expression)
    changed = dict(item)
    for path, operand in sets:
        changed[_name(given, path)] = operand(given)
    for path, operand in adds:
        name = _name(given, path)
        changed[name] = _add(item.get(name), operand(given))
    for path in removed:
        changed.pop(_name(given, path), None)
    return changed


def plain(value: WireItem | None) -> Any:
    """Return what a typed value is compared as."""
    if value is None:
        return None
    ((kind, inner),) = value.items()
    if kind in {"SS", "NS", "BS"}:
        return frozenset(inner)
    return int(inner) if kind == "N" else inner


class _Reader:
    """Reads an expression, token by token."""

    def __init__(self, expression: str) -> None:
        self._tokens = list(_split(expression))
        self._place = 0

    def end(self) -> None:
        assert self._place == len(self._tokens), self._tokens[self._place :]

    def read_any(self) -> Test:
        tests = [self._read_all()]
        while self._take("OR"):
            tests.append(self._read_all())
        return tests[0] if len(tests) == 1 else lambda given: any(test(given) for test in tests)

    def _read_all(self) -> Test:
        tests = [self._read_test()]
        while self._take("AND"):
            tests.append(self._read_test())
        return tests[0] if len(tests) == 1 else lambda given: all(test(given) for test in tests)

    def _read_test(self) -> Test:
        if self._take("("):
            inside = self.read_any()
            self._expect(")")
            return inside
        match self._peek():
            case "attribute_exists":
                (path,) = self._read_arguments()
                return lambda given: path(given) is not None
            case "attribute_not_exists":
                (path,) = self._read_arguments()
                return lambda given: path(given) is None
            case "begins_with":
                path, prefix = self._read_arguments()
                return lambda given: path(given) is not None and plain(path(given)).startswith(plain(prefix(given)))
        return self._read_comparison(self._read_operand())

    def _read_comparison(self, left: Operand) -> Test:
        verb = self._next()
        if verb == "BETWEEN":
            low = self._read_operand()
            self._expect("AND")
            high = self._read_operand()
            return lambda given: (
                left(given) is not None and (plain(low(given)) <= plain(left(given)) <= plain(high(given)))
            )
        if verb == "IN":
            members = self._read_list()
            return lambda given: left(given) is not None and any(left(given) == one(given) for one in members)
        right, compare = self._read_operand(), _COMPARISONS[verb]
        if verb == "<>":
            return lambda given: plain(left(given)) != plain(right(given))
        return lambda given: left(given) is not None and compare(plain(left(given)), plain(right(given)))

    def _read_operand(self) -> Operand:
        word = self._peek()
        match word:
            case "size":
                (path,) = self._read_arguments()
                return lambda given: None if path(given) is None else {"N": len(plain(path(given)))}
            case "if_not_exists":
                path, other = self._read_arguments()
                return lambda given: other(given) if path(given) is None else path(given)
            case "list_append":
                first, second = self._read_arguments()
                return lambda given: {"L": [*first(given)["L"], *second(given)["L"]]}
        self._place += 1
        return (lambda given: given.values[word]) if word.startswith(":") else _read_path(word)

    def _read_arguments(self) -> list[Operand]:
        self._place += 1
        return self._read_list()

    def _read_list(self) -> list[Operand]:
        self._expect("(")
        found = [self._read_operand()]
        while self._take(","):
            found.append(self._read_operand())
        self._expect(")")
        return found

    def read_update(self) -> tuple[list[tuple[str, Operand]], list[tuple[str, Operand]], list[str]]:
        sets: list[tuple[str, Operand]] = []
        adds: list[tuple[str, Operand]] = []
        removed: list[str] = []
        clause = ""
        while self._place < len(self._tokens):
            if self._peek() in {"SET", "ADD", "REMOVE"}:
                clause = self._next()
            path = self._next()
            if clause == "SET":
                self._expect("=")
                sets.append((path, self._read_sum()))
            elif clause == "ADD":
                adds.append((path, self._read_operand()))
            else:
                removed.append(path)
            self._take(",")
        return sets, adds, removed

    def _read_sum(self) -> Operand:
        first = self._read_operand()
        if not self._take("+"):
            return first
        second = self._read_operand()
        return lambda given: {"N": str(plain(first(given)) + plain(second(given)))}

    def _peek(self) -> str:
        return self._tokens[self._place]

    def _next(self) -> str:
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, token: str) -> bool:
        found = self._place < len(self._tokens) and self._peek() == token
        self._place += found
        return found

    def _expect(self, token: str) -> None:
        assert self._take(token), (token, self._tokens[self._place :])


def _split(expression: str) -> Iterator[str]:
    place = 0
    while place < len(expression.rstrip()):
        match = _TOKEN.match(expression, place)
        assert match, expression[place:]
        yield match[1]
        place = match.end()


def _read_path(path: str) -> Operand:
    parts = path.split(".")

    def find(given: Given) -> Any:
        found: Any = {"M": given.item}
        for part in parts:
            name = given.names[part] if part.startswith("#") else part
            found = found["M"].get(name) if found and "M" in found else None
        return found

    return find


def _name(given: Given, path: str) -> str:
    return given.names[path] if path.startswith("#") else path


def _add(standing: WireItem | None, more: WireItem) -> WireItem:
    ((kind, inner),) = more.items()
    if kind == "N":
        return {"N": str(int(standing["N"] if standing else 0) + int(inner))}
    return {kind: sorted({*(standing[kind] if standing else ()), *inner})}
