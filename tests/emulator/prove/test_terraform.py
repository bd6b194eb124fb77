"""The core stack from its first deployment to its end, by Terraform."""

from infra.local.deployment import STACK_NAME
from processor.judge.rules.catalogue import RULES_VERSION
from tests.emulator.terraform import terraform_or_skip
from tests.emulator.test_lifecycle import ORIGIN, assembly, aws, emptied, judged, present

__all__ = ["assembly", "aws"]
"""Fixtures."""


def test_terraform_deploys_the_stack_finds_nothing_more_to_do_and_takes_all_away_again(aws, assembly, tmp_path):
    clients, endpoint = aws
    terraform = terraform_or_skip(tmp_path / "terraform")
    before = present(clients)
    terraform.configure(endpoint=endpoint, assembly=str(assembly.folder), bootstrap=True, parameters=ORIGIN)
    terraform.init()
    terraform("apply", "-auto-approve")  # Validates first, as `terraform validate` does.

    outputs = terraform.outputs()
    (stack,) = clients.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    assert outputs == {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert judged(clients, outputs, "by-terraform")["rules_version"]["S"] == RULES_VERSION
    terraform("plan", "-detailed-exitcode")  # Two, and so a failure, where anything would change.

    for output, bucket in outputs.items():
        if output.endswith("Bucket"):
            emptied(clients, bucket)
    terraform("destroy", "-auto-approve", "-refresh=false")
    assert present(clients) == before
