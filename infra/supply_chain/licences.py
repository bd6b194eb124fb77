"""Which licences may be delivered with MIT-licensed code, and what a bill of materials says of them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",  # Of certifi and of sass' helper: unchanged files, whose source is public.
        "OFL-1.1",  # Of the typefaces.
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""SPDX identifiers. Each lets us deliver it, changed or not, beside code of our own licence."""

CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
"""What older packages say instead (PyPI's list of classifiers). Those that say two things are judged by both."""

READ_BY_HAND = {
    "htmx.org": "0BSD",  # Its LICENSE file; its package.json is read into no lock file.
}
"""Packages whose metadata names no licence."""

_OPERATORS = re.compile(r"\s+(?:AND|OR)\s+|[()]")


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """A package that is delivered."""

    name: str
    version: str
    licences: tuple[str, ...]
    """SPDX identifiers, or what the package says where it is none of them; empty where it says nothing."""


def components(bill: dict[str, Any]) -> Iterator[Component]:
    """Yield the components of a CycloneDX bill of materials."""
    for part in bill.get("components", ()):
        said = list(_list_identifiers(part.get("licenses", ()))) or [READ_BY_HAND.get(part["name"], "")]
        name = f"{part['group']}/{part['name']}" if part.get("group") else part["name"]
        yield Component(name, part["version"], tuple(dict.fromkeys(filter(None, said))))


def objections(parts: Iterable[Component]) -> list[str]:
    """Return what stands against delivering these: a licence that is not allowed, or none at all."""
    return sorted(
        {
            f"{part.name} {part.version}: {', '.join(part.licences) or 'names no licence'}"
            for part in parts
            if not part.licences or not ALLOWED.issuperset(part.licences)
        }
    )


def listing(parts: Iterable[Component]) -> str:
    """Return the components by their licence, for people."""
    by_licence: defaultdict[str, list[str]] = defaultdict(list)
    for part in sorted(parts):
        by_licence[", ".join(part.licences) or "(none named)"].append(f"{part.name} {part.version}")
    return "\n".join(f"  {licence}: {'; '.join(names)}" for licence, names in sorted(by_licence.items()))


def _list_identifiers(licences: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield each identifier that a component names. A classifier counts where nothing better is said."""
    stated = [each.get("expression") or each["license"].get("id") for each in licences]
    named = [each["license"].get("name", "") for each in licences if "license" in each]
    for expression in filter(None, stated):
        yield from filter(None, _OPERATORS.split(expression))
    if not any(stated):
        for name in filter(None, named):
            yield CLASSIFIERS.get(name, name)
