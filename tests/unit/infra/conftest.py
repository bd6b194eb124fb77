"""The synthesized templates, as plain data. Synthesis takes seconds, so each stage is synthesized once."""

import json
from pathlib import Path

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.stages import LOCAL, PROD
from tests.unit.infra.template import Template


def template_of(config, folder):
    out = synthesize(config=config, bundles=placeholder_bundles(), out=folder)
    return template_in(out, "SilentScalper")


def template_in(assembly, stack):
    return Template(json.loads((assembly / f"{stack}.template.json").read_text()))


@pytest.fixture(scope="session")
def prod_assembly(tmp_path_factory) -> Path:
    """All stacks of production."""
    return synthesize(config=PROD, bundles=placeholder_bundles(), out=tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def prod(prod_assembly) -> Template:
    return template_in(prod_assembly, "SilentScalper")


@pytest.fixture(scope="session")
def edge(prod_assembly) -> Template:
    return template_in(prod_assembly, "SilentScalper-Edge")


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Template:
    return template_of(LOCAL, tmp_path_factory.mktemp("local"))


@pytest.fixture(params=["prod", "local"])
def template(request) -> Template:
    """Each stage in turn: what holds everywhere is asked of both."""
    return request.getfixturevalue(request.param)
