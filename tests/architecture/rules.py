"""The rules of the plan that imports' contracts (`make lint`) cannot express: each tells what breaks it.

A rule returns dotted names, or several joined by `↔`, → what is wrong there. What may break it stands in
`exceptions.py`.
"""

import ast
from collections.abc import Callable, Iterator

from tests.architecture.sources import Module, Sources

MOST_FILES = 12
MOST_LINES = 250
Breaches = dict[str, str]


def full_folders(sources: Sources) -> Breaches:
    """A folder is read at a glance."""
    return {
        folder: f"{len(files)} Python files, {MOST_FILES} is the most"
        for folder, files in sources.folders().items()
        if len(files) > MOST_FILES
    }


def circles(sources: Sources) -> Breaches:
    """Packages of one level import in one direction, whatever lies within them and however long the way back."""
    return {
        " ↔ ".join(circle): "they import each other"
        for parent in ("", *sources.packages())
        for circle in circles_of(set(sources.arrows(parent)))
    }


def silent_packages(sources: Sources) -> Breaches:
    """A folder with modules is a package, and its `__init__` says what it is."""
    packages = sources.packages()
    without = {folder: "no __init__.py" for folder in sources.folders() if folder not in packages}
    return without | {name: "no docstring" for name, module in packages.items() if not module.docstring}


def re_exports(sources: Sources) -> Breaches:
    """A name is imported from where it is defined. What an `__init__` imports it uses itself, and passes nothing on."""
    found = {name: sorted(passed_on(module)) for name, module in sources.packages().items()}
    return {name: f"passes on {', '.join(names)}" for name, names in found.items() if names}


def long_modules(sources: Sources) -> Breaches:
    """A module has one subject. A table of data may be as long as what it lists."""
    return {
        name: f"{module.lines} lines, {MOST_LINES} is the most"
        for name, module in sources.modules.items()
        if module.lines > MOST_LINES
    }


RULES: dict[str, Callable[[Sources], Breaches]] = {
    rule.__name__: rule for rule in (full_folders, circles, silent_packages, re_exports, long_modules)
}


def circles_of(arrows: set[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return each largest set of packages in which every one leads to every other."""
    names = {name for arrow in arrows for name in arrow}
    reach = {name: _reached(name, arrows) for name in names}
    found = {tuple(sorted(other for other in names if other in reach[name] and name in reach[other])) for name in names}
    return sorted(circle for circle in found if circle)


def passed_on(module: Module) -> set[str]:
    """Return the names that a package's `__init__` offers though they are others'; `*` for all of a module."""
    imported = {name for node in ast.walk(module.tree) for name in _bound(node)}
    used = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
    listed = {
        constant.value
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and "__all__" in _targets(node)
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    }
    lazily = {
        node.name for node in module.tree.body if isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
    }
    return (imported - used) | (imported & listed) | ({"*"} & imported) | _other_names(module, imported) | lazily


def _other_names(module: Module, imported: set[str]) -> set[str]:
    """Return names that are only another name of something imported: `Study = model.Study`."""
    return {
        name
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _root(node.value) in imported
        for name in _targets(node)
    }


def _root(value: ast.expr | None) -> str:
    while isinstance(value, ast.Attribute):
        value = value.value
    return value.id if isinstance(value, ast.Name) else ""


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _bound(node: ast.AST) -> Iterator[str]:
    """Return the names that an import binds. What the interpreter itself offers is nobody's to pass on."""
    if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", None) != "__future__":
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)


def _reached(start: str, arrows: set[tuple[str, str]]) -> set[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        further = {imported for importer, imported in arrows if importer == here} - reached
        reached |= further
        ahead.extend(further)
    return reached
