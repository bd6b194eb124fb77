"""What AWS itself has to tell reaches somebody: who may publish, in the form that AWS documents, and what is lost."""

import json
from dataclasses import dataclass

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.stages import EXAMPLE, PROD, STAGES, STAGING
from tests.unit.infra.template import listed

BY_ACCOUNT = frozenset({"aws:SourceAccount"})
BY_SOURCE = frozenset({"aws:SourceArn"})
NOTHING = frozenset()

FORMS = {
    # EventBridge guide, "Amazon SNS permissions": "You can't use of Condition blocks in Amazon SNS topic policies for
    # EventBridge"; "Amazon SQS permissions" and "Using dead-letter queues": by the rule.
    ("events", "sns:Publish"): {NOTHING},
    ("events", "sqs:SendMessage"): {BY_SOURCE},
    # SNS guide, "Encryption at rest: key management": conditions on the source are "not supported for
    # EventBridge-to-encrypted topics". Scheduler guide, "Troubleshooting".
    ("events", "kms:Decrypt"): {NOTHING},
    ("events", "kms:GenerateDataKey*"): {NOTHING},
    ("scheduler", "kms:Decrypt"): {NOTHING},
    ("scheduler", "kms:GenerateDataKey*"): {NOTHING},
    # SNS guide, "Example cases for Amazon SNS access control" (alarms) and "Key management"; AWS Cost Management guide,
    # "Creating an Amazon SNS topic for budget notifications".
    **{
        (service, action): {BY_ACCOUNT}
        for service in ("cloudwatch", "budgets")
        for action in ("sns:Publish", "kms:Decrypt", "kms:GenerateDataKey*")
    },
    # SNS guide, "Configuring a dead-letter queue", "Subscribing a queue to a topic".
    ("sns", "sqs:SendMessage"): {BY_SOURCE},
    ("sns", "kms:Decrypt"): {BY_ACCOUNT},
    ("sns", "kms:GenerateDataKey*"): {BY_ACCOUNT},
    # S3 guide, "Granting permissions to publish event notification messages to a destination".
    ("s3", "sqs:SendMessage"): {BY_ACCOUNT, BY_ACCOUNT | BY_SOURCE},
    ("s3", "kms:Decrypt"): {NOTHING, BY_ACCOUNT, BY_ACCOUNT | BY_SOURCE},
    ("s3", "kms:GenerateDataKey*"): {NOTHING, BY_ACCOUNT, BY_ACCOUNT | BY_SOURCE},
    # Developer Tools guide, "Configure Amazon SNS topics for notifications".
    ("codestar-notifications", "sns:Publish"): {NOTHING},
    ("codestar-notifications", "kms:Decrypt"): {frozenset({"kms:ViaService"})},
    ("codestar-notifications", "kms:GenerateDataKey*"): {frozenset({"kms:ViaService"})},
}
"""Under which conditions each service publishes to topics and queues and uses their keys, as its guide has it."""

POLICIES = {"AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"}
SENT = ("sns:", "sqs:")


@dataclass(frozen=True)
class Stage:
    """Every template of a stage, and whatever refers from one to another resolved to a resource's id."""

    templates: dict

    def resources(self, *kinds):
        for stack, content in self.templates.items():
            for name, body in content["Resources"].items():
                if body["Type"] in kinds:
                    yield stack, name, body.get("Properties", {})

    def find(self, stack, value):
        """Return the id of the resource that a value means, in whatever stack it is."""
        if "Fn::ImportValue" in value:
            (exported,) = [
                (name, output["Value"])
                for name, content in self.templates.items()
                for output in content.get("Outputs", {}).values()
                if output.get("Export", {}).get("Name") == value["Fn::ImportValue"]
            ]
            return self.find(*exported)
        return value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]

    def admitted(self):
        """Yield who of AWS's services may do what with a topic, a queue or the key of one, under which conditions."""
        keys = {
            self.find(stack, made["KmsMasterKeyId"])
            for stack, _, made in self.resources("AWS::SNS::Topic", "AWS::SQS::Queue")
        }
        for _, name, policy in self.resources(*POLICIES, "AWS::KMS::Key"):
            if "KeyPolicy" in policy and name not in keys:
                continue
            for statement in policy.get("PolicyDocument", policy.get("KeyPolicy"))["Statement"]:
                service = statement["Principal"].get("Service") if isinstance(statement["Principal"], dict) else None
                if isinstance(service, str) and statement["Effect"] == "Allow":
                    given = frozenset(key for test in statement.get("Condition", {}).values() for key in test)
                    for action in listed(statement["Action"]):
                        yield service.partition(".")[0], action, given

    def targets(self):
        """Yield whatever AWS itself starts, publishes to or delivers to, and its letters' queue."""
        for stack, name, rule in self.resources("AWS::Events::Rule"):
            for target in rule["Targets"]:
                yield stack, name, target.get("DeadLetterConfig", {}).get("Arn")
        for stack, name, schedule in self.resources("AWS::Scheduler::Schedule"):
            yield stack, name, schedule["Target"].get("DeadLetterConfig", {}).get("Arn")
        for stack, name, subscription in self.resources("AWS::SNS::Subscription"):
            yield stack, name, subscription.get("RedrivePolicy", {}).get("deadLetterTargetArn")
        for stack, name, function in self.resources("AWS::Lambda::Function"):
            yield stack, name, function.get("DeadLetterConfig", {}).get("TargetArn")

    def watched(self, metric):
        """Return what the alarms look at by a metric."""
        return {
            self.find(stack, dimension["Value"])
            for stack, _, alarm in self.resources("AWS::CloudWatch::Alarm")
            if alarm["MetricName"] == metric
            for dimension in alarm["Dimensions"]
        }


@pytest.fixture(scope="module", params=[PROD, STAGING, EXAMPLE, STAGES["local"]], ids=lambda config: config.name)
def stage(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.name)
    synthesize(config=request.param, bundles=placeholder_bundles(), out=folder)
    suffix = ".template.json"
    return Stage({one.name.removesuffix(suffix): json.loads(one.read_text()) for one in folder.glob(f"*{suffix}")})


def test_a_service_of_aws_publishes_in_the_form_that_its_guide_documents(stage):
    wrong = {
        f"{service} may {action} under {sorted(given)}"
        for service, action, given in stage.admitted()
        if (service, action) in FORMS and given not in FORMS[service, action]
    }
    assert wrong == set()


def test_whoever_publishes_has_a_documented_form(stage):
    asked = {(service, action) for service, action, _ in stage.admitted() if action.startswith(SENT)}
    assert asked <= set(FORMS), "say in FORMS what the guide of this service asks for"


def test_whoever_publishes_may_use_the_key_of_what_is_encrypted(stage):
    may = {(service, action) for service, action, _ in stage.admitted()}
    for service, action in may:
        if action.startswith(SENT):
            assert {(service, "kms:Decrypt"), (service, "kms:GenerateDataKey*")} <= may, service


def test_what_cannot_be_delivered_is_kept_in_an_encrypted_queue_that_an_alarm_watches(stage):
    encrypted = {name for _, name, queue in stage.resources("AWS::SQS::Queue") if queue.get("KmsMasterKeyId")}
    depths = stage.watched("ApproximateNumberOfMessagesVisible")
    # A function that wakes people through the mailbox itself keeps its letters there, where admins read them.
    kept = {name: letters and stage.find(stack, letters) for stack, name, letters in stage.targets()}
    lost = {name for name, queue in kept.items() if queue not in encrypted}
    assert lost == set()
    silent = {name for name, queue in kept.items() if queue not in depths and not queue.startswith("AlertsMailbox")}
    assert silent == set()


def test_a_letters_queue_lets_in_whoever_leaves_letters_there(stage):
    lets_in = {
        (stage.find(stack, queue), statement["Principal"]["Service"].partition(".")[0])
        for stack, _, policy in stage.resources("AWS::SQS::QueuePolicy")
        for queue in policy["Queues"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and "Service" in statement["Principal"]
    }
    senders = {"AWS::Events::Rule": "events", "AWS::SNS::Subscription": "sns"}
    sender_of = {name: service for kind, service in senders.items() for _, name, _ in stage.resources(kind)}
    for stack, name, queue in stage.targets():
        if name in sender_of:
            assert (stage.find(stack, queue), sender_of[name]) in lets_in, name


def test_a_schedules_role_may_leave_letters_and_use_their_key(template):
    (schedule,) = template.properties_of("AWS::Scheduler::Schedule")
    target = schedule["Target"]
    role = template.resources[target["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
    (policy,) = [template.resources[arn["Ref"]]["Properties"] for arn in role["ManagedPolicyArns"]]
    may = {
        (action, json.dumps(one["Resource"])) for one in policy["PolicyDocument"]["Statement"]
        for action in listed(one["Action"])
    }  # fmt: skip
    letters = template.resources[target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]]["Properties"]
    assert ("sqs:SendMessage", json.dumps(target["DeadLetterConfig"]["Arn"])) in may
    assert {("kms:Decrypt", json.dumps(letters["KmsMasterKeyId"])),
            ("kms:GenerateDataKey", json.dumps(letters["KmsMasterKeyId"]))} <= may  # fmt: skip


def test_every_rule_tells_when_it_could_not_tell(stage):
    rules = {name for _, name, _ in stage.resources("AWS::Events::Rule")}
    assert stage.watched("FailedInvocations") == rules


def test_a_rule_that_listens_to_the_trail_hears_what_only_reads(stage):
    for _, name, rule in stage.resources("AWS::Events::Rule"):
        if any("CloudTrail" in kind for kind in rule["EventPattern"]["detail-type"]):
            assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", name
