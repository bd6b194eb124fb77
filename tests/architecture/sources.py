"""A tree of sources, and who imports whom in it. Nothing is imported to learn that, so any folder can be read."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
PRODUCT = ("intake", "portal", "processor", "infra", "scalper")


@dataclass(frozen=True)
class Module:
    """One file. A package's `__init__.py` is the module of the package's name."""

    name: str
    path: Path
    text: str

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def package(self) -> str:
        """The package that it stands in; for an `__init__`, the package itself."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @cached_property
    def imported(self) -> frozenset[tuple[str, str]]:
        """All that is imported anywhere in it, for types only or within a function too: origin and name.

        `from a import b` gives `("a", "b")`, where b may be a module; `import a.b` gives `("a.b", "")`.
        """
        return frozenset(pair for node in ast.walk(self.tree) for pair in self._imported_by(node))

    def _imported_by(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, "") for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                origin = ".".join(part for part in (self._above(level), module) if part)
                yield from ((origin, alias.name) for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name, ""

    def _above(self, level: int) -> str:
        parts = self.package.split(".")
        return ".".join(parts[: len(parts) - level + 1]) if level else ""


@dataclass(frozen=True)
class Sources:
    """All modules below some top packages, by name."""

    modules: dict[str, Module]

    @classmethod
    def read(cls, root: Path = ROOT, packages: tuple[str, ...] = PRODUCT) -> Self:
        paths = (path for package in packages for path in sorted((root / package).rglob("*.py")))
        return cls({name: Module(name, path, path.read_text()) for path in paths for name in [_name(path, root)]})

    @cached_property
    def imports(self) -> dict[str, frozenset[str]]:
        """Module → the other modules of the tree that it imports."""
        return {
            name: frozenset(self._module(*pair) for pair in module.imported) & self.modules.keys() - {name}
            for name, module in self.modules.items()
        }

    def packages(self) -> dict[str, Module]:
        """Name → `__init__`, for each folder that has one."""
        return {name: module for name, module in self.modules.items() if module.is_package}

    def children(self, parent: str) -> list[str]:
        """Names of the packages directly within a package; with an empty name, the top ones."""
        return [name for name in self.packages() if name.rpartition(".")[0] == parent]

    def arrows(self, parent: str) -> dict[tuple[str, str], int]:
        """Which packages within `parent` import which others of them, all below them counted: pair → imports."""
        children = self.children(parent)
        counted: dict[tuple[str, str], int] = {}
        for importer, imported in self.imports.items():
            for name in imported:
                pair = _of(importer, children), _of(name, children)
                if all(pair) and pair[0] != pair[1]:
                    counted[pair] = counted.get(pair, 0) + 1
        return dict(sorted(counted.items()))

    def folders(self) -> dict[str, list[str]]:
        """Folder, as a package's name → its files, whether or not it has an `__init__`."""
        found: dict[str, list[str]] = {}
        for module in self.modules.values():
            found.setdefault(module.package, []).append(module.path.name)
        return found

    def _module(self, origin: str, name: str) -> str:
        within = f"{origin}.{name}"
        return within if within in self.modules else origin


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _of(module: str, packages: list[str]) -> str:
    """Return which of the packages a module stands in; empty for none."""
    return next((name for name in packages if f"{module}.".startswith(f"{name}.")), "")
