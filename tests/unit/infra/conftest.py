"""The synthesized templates, as plain data. Synthesis takes seconds, so each stage is synthesized once."""

import json

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.stages import LOCAL, PROD
from tests.unit.infra.template import Template


def template_of(config, folder):
    out = synthesize(config=config, bundles=placeholder_bundles(), out=folder)
    return Template(json.loads((out / "SilentScalper.template.json").read_text()))


@pytest.fixture(scope="session")
def prod(tmp_path_factory) -> Template:
    return template_of(PROD, tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Template:
    return template_of(LOCAL, tmp_path_factory.mktemp("local"))


@pytest.fixture(params=["prod", "local"])
def template(request) -> Template:
    """Each stage in turn: what holds everywhere is asked of both."""
    return request.getfixturevalue(request.param)
