"""What of the sources a function's handler can come to: definitions, followed by the names that they use.

A name leads to what it is defined or imported as. An attribute leads to every method of that name of a class that is
reached, whoever the object is: too much rather than too little, and exact as long as methods of adapters differ in
name from what others do.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from tests.architecture.sources import Module, Sources

Definition = tuple[str, str]
"""Module and name within it: `function`, `Class` or `Class.method`; an empty name is the module's own statements."""


@dataclass
class Reached:
    """Grows from a handler until nothing new is named."""

    sources: Sources
    nodes: dict[Definition, list[ast.AST]] = field(default_factory=dict)
    """Of each definition that is reached, the code that runs when it does."""
    _attributes: set[str] = field(default_factory=set)
    _methods: dict[str, list[tuple[Definition, ast.AST]]] = field(default_factory=dict)
    """Of classes that are reached, what nobody calls yet, by name."""

    @classmethod
    def of(cls, sources: Sources, module: str, name: str) -> "Reached":
        """Follow one function, such as a handler, after the statements of its module and of all that it imports."""
        reached = cls(sources)
        reached._import(module)
        reached._take((module, name))
        return reached

    def _import(self, module: str) -> None:
        if (module, "") in self.nodes or module not in self.sources.modules:
            return
        self.nodes[module, ""] = []
        for imported in self.sources.imports[module]:
            self._import(imported)
        for statement in self.sources.modules[module].tree.body:
            for name, node in _run_at_import(statement):
                self._walk((module, name), [node])

    def _take(self, definition: Definition) -> None:
        module, name = definition
        if definition in self.nodes or module not in self.sources.modules:
            return
        for node in _definitions(self.sources.modules[module]).get(name, []):
            if isinstance(node, ast.ClassDef):
                self._take_class(definition, node)
            else:
                self._walk(definition, [node])

    def _take_class(self, definition: Definition, node: ast.ClassDef) -> None:
        module, name = definition
        own = [one for one in node.body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        self._walk(definition, [*own, *node.bases, *node.decorator_list])
        for method in (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)):
            found = (module, f"{name}.{method.name}")
            if method.name.startswith("__") or method.name in self._attributes:
                self._walk(found, [method])
            else:
                self._methods.setdefault(method.name, []).append((found, method))

    def _walk(self, definition: Definition, nodes: list[ast.AST]) -> None:
        self.nodes.setdefault(definition, []).extend(nodes)
        module = self.sources.modules[definition[0]]
        for node in nodes:
            for used in ast.walk(node):
                self._follow(module, used)

    def _follow(self, module: Module, used: ast.AST) -> None:
        match used:
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute):
                self._call(attribute)
                for origin in _origins(module).get(owner, []):
                    if origin in self.sources.modules:
                        self._take((origin, attribute))
            case ast.Attribute(attr=attribute):
                self._call(attribute)
            case ast.Name(id=name):
                self._take((module.name, name))
                for origin in _origins(module).get(name, []):
                    self._take(_defined_by(origin, self.sources))

    def _call(self, attribute: str) -> None:
        self._attributes.add(attribute)
        for definition, node in self._methods.pop(attribute, []):
            self._walk(definition, [node])


def _run_at_import(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """Yield what of a module's statement runs when it is imported; a decorated function is taken to be called too."""
    match statement:
        case ast.FunctionDef(decorator_list=[_, *_]) | ast.AsyncFunctionDef(decorator_list=[_, *_]):
            yield statement.name, statement
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Import() | ast.ImportFrom():
            return
        case _:
            yield "", statement


@cache
def _definitions(module: Module) -> dict[str, list[ast.AST]]:
    """Return what a module's own statements define, by name."""
    found: dict[str, list[ast.AST]] = {}
    for statement in module.tree.body:
        for name in _names_of(statement):
            found.setdefault(name, []).append(statement)
    return found


def _names_of(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Assign(targets=targets):
            return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


@cache
def _origins(module: Module) -> dict[str, list[str]]:
    """Return what imported names stand for: a module, or `module.name`."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(module.tree):
        origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            found.setdefault(alias.asname or alias.name, []).append(f"{origin}{alias.name}")
    return found


def _defined_by(origin: str, sources: Sources) -> Definition:
    """Split `module.name`; a module itself has no name within it that is followed."""
    if origin in sources.modules:
        return origin, ""
    module, _, name = origin.rpartition(".")
    return module, name
