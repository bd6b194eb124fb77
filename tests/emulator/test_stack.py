"""The stack in the emulator: deployed unchanged, updated in place, kept over restarts, guarded at the gateway."""

import base64
import json

import httpx
import pytest

from infra.build.assembly import local_assembly
from infra.local.deployment import STACK_NAME, deploy
from infra.local.emulator import REGION
from infra.local.stack import local_stack
from tests.emulator.stacks import eventually, files_of, free_port

OUTPUTS = {
    "IncomingBucket", "AcceptedBucket", "QuarantineBucket", "LogsBucket", "Table", "QueueUrl", "DeadLetterQueueUrl",
    "AuditTable", "MailboxQueueUrl", "AlertTopicArn", "UserPoolId", "WebClientId", "CliClientId", "AuthorizerId",
    "ApiUrl", "EventTopicArn", "WebhookDeadLetterQueueUrl", "ProjectionFailuresQueueUrl", "ProjectionRedrivesQueueUrl",
    "FailedInvocationsQueueUrl",
    "ExportFailuresQueueUrl", "ExportRedrivesQueueUrl", "AnalyticsDatabase", "AthenaWorkgroup", "ExporterFunction",
    "SignInUrl", "PortalOrigin", "JudgeFunction", "ProjectorFunction", "SweepFunction", "PortalFunction",
    "RebuildFunction", "RendererFunction", "RenditionsBucket", "RenditionsQueueUrl",
    "DataKeyId", "MessagesKeyId", "BreakGlassRoleArn",
}  # fmt: skip


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_every_output_that_others_rely_on_is_there(outputs):
    assert set(outputs) == OUTPUTS
    assert all(outputs.values())


def test_the_template_is_deployed_as_it_was_synthesized(clients):
    deployed = clients.cloudformation.get_template(StackName=STACK_NAME)["TemplateBody"]
    deployed = json.loads(deployed) if isinstance(deployed, str) else deployed
    assert deployed == json.loads(local_assembly().template.read_text())


def test_an_object_that_lands_is_judged_recorded_and_told(clients, outputs):
    clients.s3.put_object(Bucket=outputs["IncomingBucket"], Key="northside/from-the-stack-test", Body=b"no such kind")

    def rejected():
        rows = clients.dynamodb.query(
            TableName=outputs["Table"],
            IndexName="by_clinic_state",
            KeyConditionExpression="clinic_state = :state",
            ExpressionAttributeValues={":state": {"S": "northside#rejected"}},
        )["Items"]
        return [row for row in rows if row["name"]["S"] == "from-the-stack-test"]

    def told():
        answer = clients.sqs.receive_message(QueueUrl=outputs["MailboxQueueUrl"], VisibilityTimeout=0)
        return answer.get("Messages")

    (row,) = eventually(rejected)
    assert row["clinic_id"]["S"] == "northside"
    assert eventually(told)


def test_the_gateway_lets_nobody_without_a_token_to_the_api(api_url):
    assert httpx.get(f"{api_url}/api/v1/files").status_code == 401


def test_the_gateway_refuses_a_token_that_was_tampered_with(api_url, partner_token):
    header, body, signature = partner_token.split(".")
    forged = f"{header}.{body}.{signature[::-1]}"
    assert httpx.get(f"{api_url}/api/v1/files", headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_the_function_behind_the_gateway_answers_a_partner(api_url, partner_token):
    answer = httpx.get(f"{api_url}/api/v1/files", headers={"Authorization": f"Bearer {partner_token}"}, timeout=30)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["/health", "/api/docs", "/api/openapi.json"])
def test_pages_and_the_documentation_of_the_api_need_no_token(api_url, path):
    assert httpx.get(f"{api_url}{path}", timeout=30).status_code == 200


def test_staff_carry_their_clinic_in_the_token_and_admins_their_group(staff_tokens, admin_token):
    assert claims(staff_tokens["northside"])["cognito:groups"] == ["clinic:northside"]
    assert claims(staff_tokens["lakeview"])["cognito:groups"] == ["clinic:lakeview"]
    assert claims(admin_token)["cognito:groups"] == ["admin"]


def test_the_portal_runs_with_the_settings_of_its_function(portal_url):
    assert httpx.get(f"{portal_url.replace('localhost', '127.0.0.1')}/health").status_code == 200


def test_deploying_the_same_again_changes_nothing(clients, outputs):
    def updated():
        (stack,) = clients.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
        return stack.get("LastUpdatedTime")

    before = updated()
    parameters = {"PortalOriginParameter": outputs["PortalOrigin"]}
    assert deploy(clients, local_assembly(), parameters, REGION) == outputs
    assert updated() == before


def test_another_origin_is_deployed_in_place(tmp_path):
    with local_stack(state=tmp_path, emulator_port=free_port(), portal_port=free_port()) as stack:
        elsewhere = "https://portal.example"
        after = deploy(stack.clients, local_assembly(), {"PortalOriginParameter": elsewhere}, REGION)
        (rule,) = stack.clients.s3.get_bucket_cors(Bucket=after["IncomingBucket"])["CORSRules"]
        client = stack.clients.cognito.describe_user_pool_client(
            UserPoolId=after["UserPoolId"], ClientId=after["WebClientId"]
        )["UserPoolClient"]

    assert after == {**stack.outputs, "PortalOrigin": elsewhere}
    assert rule["AllowedOrigins"] == [elsewhere]
    assert client["CallbackURLs"] == [f"{elsewhere}/auth/callback"]


def test_a_restart_keeps_files_people_and_passwords_and_goes_on_judging(tmp_path):
    ports = {"emulator_port": free_port(), "portal_port": free_port()}
    with local_stack(state=tmp_path, **ports) as first:
        first.clients.s3.put_object(Bucket=first.outputs["IncomingBucket"], Key="lakeview/kept", Body=b"kept")
        eventually(lambda: files_of(first, "lakeview"))

    with local_stack(state=tmp_path, **ports) as second:
        assert second.outputs == first.outputs
        assert second.demo == first.demo
        kept = second.clients.s3.get_object(Bucket=second.outputs["IncomingBucket"], Key="lakeview/kept")
        assert kept["Body"].read() == b"kept"
        assert len(files_of(second, "lakeview")) == 1
        second.clients.s3.put_object(Bucket=second.outputs["IncomingBucket"], Key="lakeview/new", Body=b"new")
        eventually(lambda: len(files_of(second, "lakeview")) == 2)
