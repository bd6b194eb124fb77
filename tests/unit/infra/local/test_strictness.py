"""The strict emulator's names stand beside AWS's for the same, and nowhere else; so does the relay lead to it alone."""

import json

import httpx

from infra.local.strictness import tls_relay, translate_policies

TOPIC = "arn:aws:sns:us-east-1:000000000000:alerts"


class Policies:
    """Of IAM, what is asked: customer-managed policies and their versions."""

    def __init__(self, *statements):
        self.documents = {"v1": {"Version": "2012-10-17", "Statement": list(statements)}}
        self.default = "v1"

    def list_policies(self, **asked):
        assert asked == {"Scope": "Local"}
        return {"Policies": [{"Arn": "arn:policy", "DefaultVersionId": self.default}]}

    def get_policy_version(self, **asked):
        return {"PolicyVersion": {"Document": self.documents[asked["VersionId"]]}}

    def create_policy_version(self, **made):
        assert made["SetAsDefault"]
        self.default = f"v{int(self.default[1:]) + 1}"
        self.documents[self.default] = json.loads(made["PolicyDocument"])

    def delete_policy_version(self, **asked):
        del self.documents[asked["VersionId"]]

    @property
    def statements(self):
        (document,) = self.documents.values()
        return document["Statement"]


def _allow(action, **more):
    return {"Effect": "Allow", "Action": action, "Resource": TOPIC, **more}


def test_an_action_for_one_message_is_joined_by_the_one_for_batches_on_the_same_terms():
    condition = {"StringEquals": {"aws:PrincipalTag/part": "projector"}}
    iam = Policies(_allow("sns:Publish", Condition=condition), _allow(["sqs:SendMessage", "sqs:GetQueueAttributes"]))

    translate_policies(iam)

    assert iam.statements == [
        _allow(["sns:Publish", "sns:PublishBatch"], Condition=condition),
        _allow(["sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:SendMessageBatch"]),
    ]


def test_whoever_may_send_nothing_may_send_no_batch():
    statements = [_allow("sns:Subscribe"), _allow(["sqs:ReceiveMessage"])]
    iam = Policies(*statements)

    translate_policies(iam)

    assert (iam.default, iam.statements) == ("v1", statements)


def test_doing_it_twice_changes_nothing():
    iam = Policies(_allow("sns:Publish"))
    translate_policies(iam)
    translate_policies(iam)

    assert (iam.default, iam.statements) == ("v2", [_allow(["sns:Publish", "sns:PublishBatch"])])


def test_reading_a_stream_names_no_stream_there_and_reading_a_table_still_its_table():
    reading = _allow(["dynamodb:GetItem", "dynamodb:DescribeStream"])
    iam = Policies(_allow(["dynamodb:DescribeStream", "dynamodb:GetRecords"]), reading)

    translate_policies(iam)

    assert [(statement["Action"], statement["Resource"]) for statement in iam.statements] == [
        (["dynamodb:DescribeStream", "dynamodb:GetRecords"], "*"),
        (["dynamodb:DescribeStream"], "*"),
        (["dynamodb:GetItem"], TOPIC),
    ]


def test_a_querys_answer_is_read_without_naming_its_workgroup_and_the_query_is_run_in_it():
    iam = Policies(_allow(["athena:StartQueryExecution", "athena:GetQueryResults"]))
    translate_policies(iam)
    translate_policies(iam)

    assert [(statement["Action"], statement["Resource"]) for statement in iam.statements] == [
        (["athena:GetQueryResults"], "*"),
        (["athena:StartQueryExecution"], TOPIC),
    ]


def test_no_other_host_is_reached_through_it(tmp_path):
    with tls_relay("localhost:4566", tmp_path / "server.crt") as relay, httpx.Client(proxy=relay) as client:
        for url in ("http://localhost:4567/keys", "http://example.org/", "http://localhost:45667/"):
            assert client.get(url).status_code == 403


def test_it_forwards_no_request_but_get(tmp_path):
    with tls_relay("localhost:4566", tmp_path / "server.crt") as relay, httpx.Client(proxy=relay) as client:
        assert client.post("http://localhost:4566/").status_code == 501
