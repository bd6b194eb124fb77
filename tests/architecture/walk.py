"""The story of one upload, as CONTRIBUTING tells it, and whether each of its files leads to the next."""

import ast
import re
from dataclasses import dataclass

from tests.architecture.sources import Module, Sources

HEADING = "## One upload"
_ITEM = re.compile(r"\d+\. `([\w/]+\.py)`: (.*)", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_PYTHON = re.compile(r"`([\w/]+\.py)`")


@dataclass(frozen=True)
class Step:
    """One file of the story."""

    path: str
    text: str
    come_from: str = ""
    """The file that the line before it names; empty where the story just goes on from the file before."""


def steps(page: str) -> list[Step]:
    """Read the story's numbered files; a line in italics between two of them says where the next one is called."""
    _, _, section = page.partition(f"\n{HEADING}\n")
    section = section.partition("\n## ")[0]
    found: list[Step] = []
    come_from = ""
    for paragraph in re.split(r"\n\n|\n(?=\d+\. )", section):
        item = _ITEM.fullmatch(paragraph.strip())
        if item:
            found.append(Step(item[1], item[2], come_from))
            come_from = ""
        elif paragraph.strip().startswith("*"):
            (come_from,) = _PYTHON.findall(paragraph)
    return found


def broken_links(story: list[Step], sources: Sources) -> list[str]:
    """Return what is wrong: files that do not exist, and steps to which nothing leads."""
    missing = [step.path for step in story if _module(step.path) not in sources.modules]
    if missing:
        return [f"{path} does not exist" for path in missing]
    passed: dict[str, Step] = {}
    wrong: list[str] = []
    for before, step in zip([None, *story], story, strict=False):
        come_from = passed.get(step.come_from, before)
        is_entry = step.come_from == step.path and _is_entry(step.path, sources)
        if come_from is not None and not is_entry and not leads(come_from, step, sources):
            wrong.append(f"{come_from.path} neither imports {step.path} nor calls it by a name that its text tells")
        passed[step.path] = step
    return wrong


def leads(step: Step, following: Step, sources: Sources) -> bool:
    """Tell whether a file imports the next one, or calls a function of it that its text names."""
    here, there = sources.modules[_module(step.path)], sources.modules[_module(following.path)]
    told = set(_CODE.findall(step.text))
    return there.name in sources.imports[here.name] or bool(told & _called(here) & _defined(there))


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_entry(path: str, sources: Sources) -> bool:
    """Tell whether the infrastructure names the file as a function's handler."""
    wanted = f"{_module(path)}.handle"
    return any(
        isinstance(node, ast.Constant) and node.value == wanted
        for name, module in sources.modules.items()
        if name.startswith("infra.") and wanted in module.text
        for node in ast.walk(module.tree)
    )


def _called(module: Module) -> set[str]:
    calls = (node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


def _defined(module: Module) -> set[str]:
    return {node.name for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
