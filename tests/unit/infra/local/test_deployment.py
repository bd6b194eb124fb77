"""What a saved state holds is looked for in the emulator before anything is deployed over it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from infra.local.deployment import require_standing
from infra.local.state.shutdown import StateNotReadError


def emulator(*, stacks, tables):
    """Clients of one that has read these stacks and tables."""

    def describe_stacks(StackName):  # noqa: N803  AWS's name.
        if StackName not in stacks:
            error = {"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}}
            raise ClientError(error, "DescribeStacks")
        return {"Stacks": [{"StackName": StackName, "StackStatus": "CREATE_COMPLETE"}]}

    pages = [{"TableNames": [name]} for name in tables]
    paginator = SimpleNamespace(paginate=lambda: pages)
    return SimpleNamespace(
        cloudformation=SimpleNamespace(describe_stacks=describe_stacks),
        dynamodb=SimpleNamespace(get_paginator=lambda _name: paginator),
    )


def test_an_emulator_that_has_read_everything_is_deployed_to():
    read = emulator(stacks={"Scalper"}, tables=["Records", "Another"])
    require_standing(read, {"Scalper"}, {"Records"}, log=Path("log"))


@pytest.mark.parametrize(
    ("stacks", "tables", "said"),
    [
        ({"Scalper"}, [], "the table Records is missing"),
        ({}, ["Records"], "the stack Scalper is missing"),
        ({}, [], "the stack Scalper, the table Records is missing"),
    ],
)
def test_one_that_has_not_is_not_deployed_to(stacks, tables, said):
    with pytest.raises(StateNotReadError, match=rf"{said} \(see log\)"):
        require_standing(emulator(stacks=stacks, tables=tables), {"Scalper"}, {"Records"}, log=Path("log"))
