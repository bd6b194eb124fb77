"""Who is traced: nobody, unless a stage says so, and then with leave to record it."""

from dataclasses import replace

from infra.stages import PROD
from tests.unit.infra.conftest import template_of
from tests.unit.infra.template import listed

RECORDING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def modes(template):
    return {function["TracingConfig"]["Mode"] for function in template.properties_of("AWS::Lambda::Function")}


def allowed(template):
    return {
        action
        for policy in template.properties_of("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }


def test_no_invocation_is_traced_and_no_callers_trace_is_recorded_at_our_cost(template):
    """A caller's header may say that a request is to be traced, which Lambda then does for whoever has leave."""
    assert modes(template) == {"PassThrough"}
    assert not allowed(template) & RECORDING
    kinds = {body["Type"] for body in template.resources.values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::XRay::")}, "Lambda knows no sampling rules"


def test_a_stage_that_wants_traces_has_them_of_all_functions(tmp_path):
    traced = template_of(replace(PROD, traces=True), tmp_path)
    assert modes(traced) == {"Active"}
    assert allowed(traced) >= RECORDING
