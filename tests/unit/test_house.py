"""The plan of the house is kept: by packages, by modules, and by the contracts over patterns of `make lint`.

Each rule is also held against a made-up tree, in which modules that nobody knew before break it.
"""

import pytest

from tests.architecture.contracts import over_patterns
from tests.architecture.exceptions import ARGUED
from tests.architecture.rules import RULES, circles, full_folders, long_modules, re_exports, silent_packages
from tests.architecture.sources import PRODUCT, Sources

CONTRACTS = {contract.options["forbidden_modules"][0]: contract for contract in over_patterns()}
AWS, WEB, ADAPTERS = (CONTRACTS[first] for first in ("boto3", "fastapi", "**.api_gateway"))


@pytest.fixture(scope="module")
def sources():
    return Sources.read()


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes files, and an `__init__.py` with a docstring into each folder that got none."""

    def write(files: dict[str, str]) -> Sources:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for top in PRODUCT:
            (tmp_path / top).mkdir(exist_ok=True)
            for folder in (tmp_path / top, *(path for path in (tmp_path / top).rglob("*") if path.is_dir())):
                if not (folder / "__init__.py").exists():
                    (folder / "__init__.py").write_text('"""A package."""\n')
        return Sources.read(tmp_path)

    return write


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_of_the_plan_are_kept(sources, rule):
    excused = ARGUED.get(rule, {})
    assert {name: told for name, told in RULES[rule](sources).items() if name not in excused} == {}


@pytest.mark.parametrize("rule", RULES)
def test_what_is_excused_still_breaks_its_rule(sources, rule):
    excused = ARGUED.get(rule, {})
    assert sorted(excused.keys() - RULES[rule](sources).keys()) == []


def test_every_exception_is_of_a_rule_and_gives_a_reason():
    assert {*ARGUED} <= {*RULES}
    assert all(reason for excused in ARGUED.values() for reason in excused.values())


@pytest.mark.parametrize("contract", [AWS, WEB, ADAPTERS], ids=["boto3", "fastapi", "adapters"])
def test_a_module_that_a_contract_names_needs_it(sources, contract):
    assert contract.idle_exceptions(sources) == []


def test_an_exception_that_a_contract_needs_no_longer_is_told(tree):
    idle = WEB.idle_exceptions(tree({"portal/app.py": "import starlette.types\n"}))
    assert "portal.app -> *" not in idle
    assert "portal.app -> *" in WEB.idle_exceptions(tree({"portal/app.py": "import json\n"}))


def test_the_thirteenth_file_fills_a_folder_and_an_init_is_a_file(tree):
    files = {f"intake/newcomer/m{number}.py": "" for number in range(11)}
    assert full_folders(tree(files)) == {}
    assert full_folders(tree({**files, "intake/newcomer/m11.py": ""})) == {
        "intake.newcomer": "13 Python files, 12 is the most"
    }


@pytest.mark.parametrize(
    "back",
    [
        "from intake.left import model\n",
        "import intake.left.model\n",
        "from ..left import model\n",
        "def later():\n    from intake.left.deep.inside import thing\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from intake.left.model import Thing\n",
        "from importlib import import_module\nmodel = import_module('intake.left.model')\n",
    ],
)
def test_packages_that_import_each_other_are_found_however_they_do_it(tree, back):
    files = {
        "intake/left/model.py": "from intake.right.model import Other\n",
        "intake/left/deep/inside.py": "",
        "intake/right/model.py": "",
    }
    assert circles(tree(files)) == {}
    assert circles(tree({**files, "intake/right/ports.py": back})) == {
        "intake.left ↔ intake.right": "they import each other"
    }


def test_a_circle_of_three_and_one_far_below_are_found(tree):
    found = circles(
        tree(
            {
                "portal/a/m.py": "import portal.b.m\n",
                "portal/b/m.py": "import portal.c.m\n",
                "portal/c/m.py": "import portal.a.m\n",
                "processor/judge/x/y/m.py": "import processor.judge.z.m\n",
                "processor/judge/z/m.py": "import processor.judge.x.y.m\n",
            }
        )
    )
    assert sorted(found) == ["portal.a ↔ portal.b ↔ portal.c", "processor.judge.x ↔ processor.judge.z"]


def test_modules_beside_the_packages_may_know_them_and_be_known(tree):
    files = {"portal/app.py": "import portal.web.pages\n", "portal/web/pages.py": "from portal.errors import Trouble\n"}
    assert circles(tree({**files, "portal/errors.py": ""})) == {}


def test_a_package_says_what_it_is(tree, tmp_path):
    tree({"infra/quiet/__init__.py": "X = 1\n", "infra/none/m.py": "", "infra/told/m.py": ""})
    (tmp_path / "infra" / "none" / "__init__.py").unlink()
    assert silent_packages(Sources.read(tmp_path)) == {"infra.none": "no __init__.py", "infra.quiet": "no docstring"}


@pytest.mark.parametrize(
    "text",
    [
        "from intake.newcomer.model import Thing\n",
        "from .model import Thing\n",
        "from intake.newcomer.model import *\n",
        "from intake.newcomer.model import Thing\n__all__ = ['Thing']\nprint(Thing)\n",
        "from intake.newcomer import model\nThing = model.Thing\n",
        "import intake.newcomer.model\nThing: type = intake.newcomer.model.Thing\n",
        "def __getattr__(name): ...\n",
    ],
)
def test_a_package_that_passes_a_name_on_is_found_however_it_does_it(tree, text):
    found = re_exports(tree({"intake/newcomer/model.py": "", "intake/newcomer/__init__.py": f'"""Told."""\n{text}'}))
    assert [*found] == ["intake.newcomer"]


def test_a_package_may_define_things_with_what_it_imports(tree):
    text = '"""Told."""\nfrom intake.newcomer.model import Thing\nALL = [Thing()]\n__all__ = ["ALL"]\n'
    assert re_exports(tree({"intake/newcomer/model.py": "", "intake/newcomer/__init__.py": text})) == {}


def test_the_251st_line_is_too_much(tree):
    assert long_modules(tree({"scalper/newcomer.py": "#\n" * 250})) == {}
    assert long_modules(tree({"scalper/newcomer.py": "#\n" * 251})) == {
        "scalper.newcomer": "251 lines, 250 is the most"
    }


def test_boto3_is_for_adapters_wiring_and_handlers_whatever_a_newcomer_calls_his_module(tree, tmp_path):
    every = "import boto3\nfrom botocore.exceptions import ClientError\n"
    allowed = [
        "intake/newcomer/dynamodb.py",
        "intake/newcomer/deep/s3.py",
        "intake/table/expressions.py",
        "portal/auth/cognito.py",
        "portal/wiring.py",
        "processor/handlers/judging.py",
        "processor/newcomer/sqs.py",
        "infra/local/newcomer.py",
    ]
    forbidden = {
        "intake/newcomer/model.py": "import boto3\n",
        "intake/newcomer/__init__.py": '"""Told."""\nfrom botocore.exceptions import ClientError\n',
        "portal/newcomer.py": "import boto3.session\n",
        "portal/web/newcomer.py": "def late():\n    import boto3\n",
        "processor/judge/newcomer.py": "from boto3.dynamodb.types import TypeSerializer\n",
        "scalper/newcomer.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import botocore\n",
        "intake/dynamodb_newcomer.py": "import boto3\n",
    }
    tree({**dict.fromkeys(allowed, every), **forbidden})
    told = AWS.complaints(tmp_path)
    assert [name for name in modules(forbidden) if f"-   {name} -> " not in told] == []
    assert [name for name in modules(allowed) if f"-   {name} -> " in told] == []


def test_fastapi_is_for_the_portals_doors_whatever_a_newcomer_calls_his_module(tree, tmp_path):
    every = "import fastapi\nfrom starlette.responses import Response\n"
    allowed = [
        "portal/app.py",
        "portal/web/clinic/newcomer.py",
        "portal/api/n.py",
        "portal/dicomweb/n.py",
        "portal/http/n.py",
    ]
    forbidden = {
        "portal/newcomer.py": "from fastapi import Request\n",
        "portal/uploads/newcomer.py": "from starlette.requests import Request\n",
        "portal/webhooks/newcomer.py": "def late():\n    import fastapi\n",
        "intake/newcomer.py": "import fastapi.responses\n",
        "processor/app.py": "import starlette\n",
        "infra/newcomer.py": "import fastapi\n",
    }
    tree({**dict.fromkeys(allowed, every), **forbidden})
    told = WEB.complaints(tmp_path)
    assert [name for name in modules(forbidden) if f"-   {name} -> " not in told] == []
    assert [name for name in modules(allowed) if f"-   {name} -> " in told] == []


def test_an_adapter_is_known_to_wiring_handlers_and_adapters(tree, tmp_path):
    every = "from intake.files.dynamodb import DynamoFiles\n"
    files = {"intake/files/dynamodb.py": "", "intake/files/s3.py": "", "portal/auth/cognito.py": ""}
    allowed = ["intake/studies/dynamodb.py", "portal/wiring.py", "processor/handlers/newcomer.py", "infra/newcomer.py"]
    forbidden = {
        "intake/files/newcomer.py": every,
        "portal/newcomer.py": "from intake.files import s3\n",
        "portal/web/newcomer.py": "import portal.auth.cognito\n",
        "processor/newcomer.py": "def late():\n    import intake.files.dynamodb\n",
    }
    tree({**files, **dict.fromkeys(allowed, every), **forbidden})
    told = ADAPTERS.complaints(tmp_path)
    assert [name for name in modules(forbidden) if f"-   {name} -> " not in told] == []
    assert [name for name in modules(allowed) if f"-   {name} -> " in told] == []


def modules(paths):
    return [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]
