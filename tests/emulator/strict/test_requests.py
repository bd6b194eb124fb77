"""Requests that no policy is asked about, or that all policies deny: unsigned, tampered with, or not by TLS."""

import json

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.local.emulator import HOST
from tests.emulator.strict import targets
from tests.emulator.strict.actions import SEED
from tests.emulator.strict.roles import Caller, refusal

pytestmark = pytest.mark.disturbs("its objects are put where no record says")


@pytest.fixture(scope="module")
def accepted(stack) -> str:
    """The bucket, with an object in it."""
    return targets.buckets(stack)["accepted"].name


def _signed(role, bucket):
    return role.client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": SEED})


def test_nothing_is_served_by_plain_http(stack):
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://{HOST}:{stack.at.port}/_ministack/health")


def test_a_certificate_that_nobody_vouches_for_is_not_believed(stack, tmp_path):
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{stack.endpoint}/_ministack/health", trust_env=False)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_unsigned_requests_for_an_object_are_refused(stack, accepted, method):
    answer = httpx.request(method, f"{stack.endpoint}/{accepted}/{SEED}")

    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text


@pytest.mark.parametrize("operation", ["GetItem", "Scan", "DeleteTable"])
def test_unsigned_requests_for_a_table_are_refused(stack, operation):
    answer = httpx.post(
        f"{stack.endpoint}/",
        content=json.dumps({"TableName": stack.outputs["AuditTable"], "Key": {"pk": {"S": "x"}, "sk": {"S": "x"}}}),
        headers={"x-amz-target": f"DynamoDB_20120810.{operation}", "content-type": "application/x-amz-json-1.0"},
    )

    assert answer.status_code == 400
    assert "MissingAuthenticationToken" in answer.json()["__type"]


def test_a_presigned_request_serves_for_what_was_signed_only(roles, accepted):
    url = httpx.URL(_signed(roles["portal"], accepted))
    other_key = url.copy_with(path=f"/{accepted}/lakeview/theirs")
    longer = url.copy_set_param("X-Amz-Expires", "604800")

    assert httpx.get(url).content == b"seed"
    for changed in (other_key, longer):
        answer = httpx.get(changed)
        assert answer.status_code == 403
        assert "<Code>SignatureDoesNotMatch</Code>" in answer.text
    assert httpx.put(url, content=b"x").status_code == 403


def test_signing_grants_nothing_that_the_signer_may_not_do(roles, accepted):
    answer = httpx.get(_signed(roles["sweep"], accepted))

    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text


@pytest.mark.parametrize("changed", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_roles_key_is_worth_nothing_without_its_secret_and_its_token(stack, roles, accepted, changed):
    stranger = Caller(stack.at, {**roles["portal"].credentials, changed: "guessed"})

    with pytest.raises(ClientError) as refused:
        stranger.client("s3").get_object(Bucket=accepted, Key=SEED)

    assert refused.value.response["Error"]["Code"] in {"SignatureDoesNotMatch", "InvalidToken"}


_OVER_TLS_ONLY = {
    "incoming": ("judge", "s3", lambda s3, at: s3.list_objects_v2(Bucket=at["IncomingBucket"], MaxKeys=1)),
    "accepted": ("portal", "s3", lambda s3, at: s3.get_object(Bucket=at["AcceptedBucket"], Key=SEED)),
    "quarantine": ("judge", "s3", lambda s3, at: s3.get_object(Bucket=at["QuarantineBucket"], Key=SEED)),
    "queue": ("judge", "sqs", lambda sqs, at: sqs.receive_message(QueueUrl=at["QueueUrl"], VisibilityTimeout=0)),
    "mailbox": ("portal", "sqs", lambda sqs, at: sqs.receive_message(QueueUrl=at["MailboxQueueUrl"])),
    "alerts": ("projector", "sns", lambda sns, at: sns.publish(TopicArn=at["AlertTopicArn"], Message="")),
    "events": ("portal", "sns", lambda sns, at: sns.publish(TopicArn=at["EventTopicArn"], Message="")),
}


@pytest.mark.parametrize("name", _OVER_TLS_ONLY)
def test_what_reached_a_proxy_by_plain_http_is_refused_by_the_resources_own_policy(stack, roles, accepted, name):
    """The emulator takes a header's word for how a request came, as if a proxy in front of it had ended TLS."""
    role, service, call = _OVER_TLS_ONLY[name]
    safe, plain = roles[role].client(service), Caller(stack.at, roles[role].credentials).client(service)
    plain.meta.events.register("before-send", _tell_of_plain_http)

    assert refusal(lambda: call(safe, stack.outputs)) is None
    assert refusal(lambda: call(plain, stack.outputs))


def _tell_of_plain_http(request, **_):
    request.headers["X-Forwarded-Proto"] = "http"


def test_a_role_is_lambdas_and_not_even_an_administrators(stack, root, roles):
    iam = root.client("iam")
    iam.create_user(UserName="administrator")
    anything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.put_user_policy(UserName="administrator", PolicyName="anything", PolicyDocument=json.dumps(anything))
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    administrator = Caller(
        stack.at, {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    )

    assert refusal(administrator.client("iam").list_roles) is None
    for role in roles.values():
        assume = administrator.client("sts").assume_role
        assert refusal(lambda assume=assume, role=role: assume(RoleArn=role.arn, RoleSessionName="foreign"))
