"""The deployed sweep, started by hand beside its schedule."""

import json

from tests.waiting import until


def sweep(stack) -> None:
    """Have everything swept once, after whatever sweep is at work already: two do not sweep at a time."""

    def swept():
        answer = stack.clients.functions.invoke(FunctionName=stack.outputs["SweepFunction"], Payload=b"{}")
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said["swept"]

    until(swept, "the sweep's turn", 90)
