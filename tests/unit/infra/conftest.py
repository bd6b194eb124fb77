"""The synthesized templates, as plain data. Synthesis takes seconds, so each stage is synthesized once."""

import json

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.stages import EXAMPLE, LOCAL, PROD, STAGING
from tests.unit.infra.template import Template


def read(assembly, stack="SilentScalper"):
    return Template(json.loads((assembly / f"{stack}.template.json").read_text()))


def template_of(config, folder):
    """Return the core's template of a stage that only one test asks for."""
    return read(synthesize(config=config, bundles=placeholder_bundles(), out=folder), config.prefix)


@pytest.fixture(scope="session")
def prod_assembly(tmp_path_factory):
    return synthesize(config=PROD, bundles=placeholder_bundles(), out=tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def assemblies(prod_assembly, tmp_path_factory):
    """Folder by stage: production as it is, where it proves itself, and with every switch turned."""
    others = {
        config.name: synthesize(config=config, bundles=placeholder_bundles(), out=tmp_path_factory.mktemp(config.name))
        for config in (STAGING, EXAMPLE)
    }
    return {"prod": prod_assembly, **others}


@pytest.fixture(scope="session")
def local_assembly(tmp_path_factory):
    return synthesize(config=LOCAL, bundles=placeholder_bundles(), out=tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="session")
def prod(prod_assembly) -> Template:
    return read(prod_assembly)


@pytest.fixture(scope="session")
def edge(prod_assembly) -> Template:
    return read(prod_assembly, "SilentScalper-Edge")


@pytest.fixture(scope="session")
def local(local_assembly) -> Template:
    return read(local_assembly)


@pytest.fixture(params=["prod", "local"])
def template(request) -> Template:
    """Each stage in turn: what holds everywhere is asked of both."""
    return request.getfixturevalue(request.param)
