"""`docs/architecture.md`: what the packages are and who imports whom, written from the sources alone."""

import re

from tests.architecture.rules import circles_of
from tests.architecture.sources import PRODUCT, ROOT, Module, Sources

PAGE = ROOT / "docs" / "architecture.md"

HEAD = """\
# The packages

This page is written from the sources by `make architecture`; a test compares it with what the imports say now. What a
package is stands in its `__init__.py`, of which the first line is shown here.

An arrow leads from who imports to what is imported, whatever lies within either counted. An arrow that follows from
others (a → b → c makes a → c plain) is left out of the pictures; the tables tell all of them. The layers are told from
the ground up: a package imports only from layers before its own. The modules that stand in a package's own folder
belong to no layer: what all of its packages know (errors, rules) and what knows all of them (`app`, `wiring`).

How a file passes through them is told in [CONTRIBUTING](../CONTRIBUTING.md), why things are so in the
[decisions](adr/).
"""


def page(sources: Sources) -> str:
    """Return the page as it shall be committed."""
    parents = ("", *(name for name in sources.packages() if sources.children(name)))
    return "\n".join([HEAD, *(_section(sources, parent) for parent in parents)])


def layers(packages: list[str], arrows: set[tuple[str, str]]) -> list[list[str]]:
    """Return the packages, those first that import none of the others; packages of one circle share a layer."""
    reach = _reach(packages, arrows)
    left, found = set(packages), []
    while left:
        layer = sorted(name for name in left if all(other not in left or name in reach[other] for other in reach[name]))
        found.append(layer)
        left -= set(layer)
    return found


def reduced(packages: list[str], arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the arrows without those that follow from others; of a circle all arrows stay."""
    reach = _reach(packages, arrows)

    def follows(importer: str, imported: str) -> bool:
        between = reach[importer] - {importer, imported}
        return any(
            imported in reach[name] and importer not in reach[name] and name not in reach[imported] for name in between
        )

    return {arrow for arrow in arrows if not follows(*arrow)}


def first_line(module: Module) -> str:
    return module.docstring.partition("\n")[0].strip()


def where_to_begin(module: Module) -> str:
    """Return the sentence of a package's docstring that says where to begin reading; empty for none."""
    found = re.search(r"Begin with .+?\.(?=\s|$)", " ".join(module.docstring.split()))
    return found[0] if found else ""


def _section(sources: Sources, parent: str) -> str:
    children = sources.children(parent)
    children.sort(key=PRODUCT.index if not parent else str)
    arrows = set(sources.arrows(parent))
    told = [" · ".join(f"`{_short(name)}`" for name in layer) for layer in layers(children, arrows)]
    return "\n".join(
        [
            f"## Within `{parent.replace('.', '/')}/`" if parent else "## All",
            "",
            *([] if len(children) == 1 else [_picture(children, reduced(children, arrows)), ""]),
            *(f"In a circle: {' ↔ '.join(f'`{_short(name)}`' for name in circle)}.\n" for circle in circles_of(arrows)),
            *([f"Layers, from the ground up: {' ← '.join(told)}.", ""] if len(told) > 1 else []),
            "| package | what it is | imports | begin with |",
            "|---|---|---|---|",
            *(_row(sources, name, arrows) for name in children),
            "",
        ]
    )


def _picture(children: list[str], arrows: set[tuple[str, str]]) -> str:
    nodes = [f'    {_node(name)}["{_short(name)}"]' for name in children]
    edges = [f"    {_node(importer)} --> {_node(imported)}" for importer, imported in sorted(arrows)]
    return "\n".join(["```mermaid", "flowchart TD", *nodes, *edges, "```"])


def _row(sources: Sources, name: str, arrows: set[tuple[str, str]]) -> str:
    module = sources.packages()[name]
    imported = [f"`{_short(other)}`" for importer, other in sorted(arrows) if importer == name]
    begin = where_to_begin(module).removeprefix("Begin with ").rstrip(".").replace("|", "\\|")
    what = first_line(module).replace("|", "\\|")
    return f"| [{_short(name)}](../{name.replace('.', '/')}/) | {what} | {', '.join(imported)} | {begin} |"


def _reach(packages: list[str], arrows: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Return package → all that it imports, through others too."""
    reach = {name: {imported for importer, imported in arrows if importer == name} for name in packages}
    for between in packages:
        for name in packages:
            if between in reach[name]:
                reach[name] |= reach[between]
    return reach


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _node(name: str) -> str:
    """Mermaid has words of its own, such as `end` and `graph`; a node's id is none of them."""
    return f"p_{name.replace('.', '_')}"
