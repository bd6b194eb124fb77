"""Who may do what: each function has a role of its own, which may do what its work needs and nothing besides."""

import json

import pytest

FUNCTIONS = [f"{part}Function" for part in ("Judge", "Projector", "Exporter", "Sweep", "Rebuild", "Renderer", "Portal")]

WITHOUT_RESOURCES = {
    "sns:Unsubscribe",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "dynamodb:ListStreams",
    "cloudwatch:GetMetricData",
}
"""Actions for which AWS knows no resources (Service Authorization Reference)."""


@pytest.fixture
def buckets(template):
    return {
        name: template.output(f"{name.title()}Bucket") for name in ("incoming", "accepted", "quarantine", "renditions")
    }


def test_every_function_has_a_role_of_its_own(template):
    roles = [function["Role"]["Fn::GetAtt"][0] for function in template.properties_of("AWS::Lambda::Function")]
    assert len(set(roles)) == len(roles)


def test_only_managed_policies_and_no_ready_made_ones_are_used(template):
    assert "AWS::IAM::Policy" not in {body["Type"] for body in template.resources.values()}
    for role in template.properties_of("AWS::IAM::Role"):
        assert all(set(arn) == {"Ref"} for arn in role["ManagedPolicyArns"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_is_a_wildcard(template, function):
    assert not [action for action in template.actions(function) if "*" in action]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_has_no_resource_is_allowed_to_the_functions_that_need_it_only(template, function):
    part = function.removesuffix("Function").lower()
    for statement in template.statements_of(function):
        if statement["Resource"] == "*":
            ((test, condition),) = statement["Condition"].items()
            assert test == "StringEquals"
            assert list(condition) == ["aws:PrincipalTag/silent-scalper-part"]
    role = template.resources[template.named_by(function)["Role"]["Fn::GetAtt"][0]]["Properties"]
    assert {"Key": "silent-scalper-part", "Value": part} in role["Tags"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_lambda_gives_up_is_kept_and_the_variables_are_encrypted(template, function):
    assert template.gives_up_to(function) in template.may(function, "sqs:SendMessage")
    assert "Fn::GetAtt" in template.named_by(function)["KmsKeyArn"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_resource_is_everything_unless_aws_knows_none(template, function):
    for statement in template.statements_of(function):
        if statement["Resource"] == "*":
            assert statement["Action"] in WITHOUT_RESOURCES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_may_delete_a_version_change_a_policy_or_scan_the_table(template, function):
    actions = template.actions(function)
    assert not {"s3:DeleteObjectVersion", "s3:PutBucketPolicy", "dynamodb:Scan", "dynamodb:DeleteTable"} & actions
    assert not any(action.startswith(("iam:", "sts:", "lambda:")) for action in actions - {"lambda:InvokeFunction"})


def test_one_function_is_woken_by_two_others_one_is_asked_by_the_portal_and_none_by_anybody_else(template):
    woken = {function: template.may(function, "lambda:InvokeFunction") for function in FUNCTIONS}
    rebuild, renderer = template.output("RebuildFunction"), template.output("RendererFunction")
    assert {name for name, of in woken.items() if of} == {"SweepFunction", "PortalFunction"}
    assert woken["SweepFunction"] == {rebuild}
    assert woken["PortalFunction"] == {rebuild, renderer}


def test_the_judge_reads_what_arrived_and_writes_what_it_files_and_unpacks(template, buckets):
    assert template.may("JudgeFunction", "s3:PutObject") == set(buckets.values()) - {buckets["renditions"]}
    assert buckets["incoming"] in template.may("JudgeFunction", "s3:GetObjectVersion")
    assert template.sends_to("JudgeFunction") == {template.output("QueueUrl")}


def test_only_the_judge_may_delete_files_and_only_its_own_copies(template, buckets):
    assert template.may("JudgeFunction", "s3:DeleteObject") == set(buckets.values()) - {buckets["incoming"]}
    assert template.may("RendererFunction", "s3:DeleteObject") == {buckets["renditions"]}
    others = set(FUNCTIONS) - {"JudgeFunction", "RendererFunction"}
    assert all("s3:DeleteObject" not in template.actions(function) for function in others)


def test_the_renderer_reads_files_writes_pictures_and_may_nothing_else(template, buckets):
    """Whoever takes it over by a file's pixels gets no table, no topic, no other function and no other bucket."""
    files = {buckets["accepted"], buckets["quarantine"]}
    assert template.may("RendererFunction", "s3:GetObject") == files
    assert template.may("RendererFunction", "s3:GetObjectVersion") == files
    assert template.may("RendererFunction", "s3:ListBucket") == files
    assert template.may("RendererFunction", "s3:PutObject") == {buckets["renditions"]}
    assert template.sends_to("RendererFunction") == set()
    own = [one for one in template.statements_of("RendererFunction") if one["Resource"] != "*"]
    assert {one["Action"].partition(":")[0] for one in own} == {"s3", "sqs", "kms", "logs"}


def test_no_other_function_reads_or_writes_pictures_but_the_portal_which_reads_them(template, buckets):
    writers = {"RendererFunction", "PortalFunction"}  # The portal below `ranges/` alone.
    for action, allowed in {"s3:GetObject": {"PortalFunction"}, "s3:PutObject": writers}.items():
        assert {name for name in FUNCTIONS if buckets["renditions"] in template.may(name, action)} == allowed


def dead_letters(template):
    return {template.output(f"{pile}QueueUrl") for pile in ("DeadLetter", "ProjectionFailures", "ExportFailures")}


def test_each_queue_is_emptied_by_one_function_and_the_dead_letters_by_people(template):
    dead = dead_letters(template)
    assert template.may("JudgeFunction", "sqs:DeleteMessage") == {template.output("QueueUrl")}
    assert template.may("ProjectorFunction", "sqs:DeleteMessage") == {template.output("ProjectionRedrivesQueueUrl")}
    assert template.may("ExporterFunction", "sqs:DeleteMessage") == {template.output("ExportRedrivesQueueUrl")}
    assert template.may("RendererFunction", "sqs:DeleteMessage") == {template.output("RenditionsQueueUrl")}
    assert template.may("PortalFunction", "sqs:DeleteMessage") == dead
    assert "sqs:DeleteMessage" not in template.actions("SweepFunction")


def test_the_portal_signs_uploads_to_the_incoming_bucket_and_downloads_from_the_accepted_one(template, buckets):
    logs = template.output("LogsBucket")
    assert template.may("PortalFunction", "s3:PutObject") - {logs} == {buckets["incoming"], buckets["renditions"]}
    assert template.may("PortalFunction", "s3:GetObject") - {logs} == {buckets["accepted"], buckets["renditions"]}
    assert template.may("PortalFunction", "s3:GetObjectVersion") == {buckets["accepted"]}


def test_the_portal_may_look_at_alerts_and_dead_letters_and_send_no_alert(template):
    dead = dead_letters(template)
    assert template.may("PortalFunction", "sqs:ReceiveMessage") == {*dead, template.output("MailboxQueueUrl")}
    assert template.output("AlertTopicArn") not in template.may("PortalFunction", "sns:Publish")


def test_the_portal_may_ask_for_work_and_redrive_letters_and_do_none_of_it(template):
    redrives = {template.output(f"{pile}RedrivesQueueUrl") for pile in ("Projection", "Export")}
    asked = {template.output("QueueUrl"), *redrives}
    assert template.sends_to("PortalFunction") == asked


def test_the_sweep_may_enqueue_again_and_tell_but_not_write_objects(template):
    assert template.sends_to("SweepFunction") == {template.output("QueueUrl")}
    topics = {template.output("AlertTopicArn"), template.output("EventTopicArn")}
    assert template.may("SweepFunction", "sns:Publish") == topics
    assert "s3:PutObject" not in template.actions("SweepFunction")


def test_the_portal_confirms_and_tries_webhooks_and_tells_people_nothing(template):
    for action in ("sns:ConfirmSubscription", "sns:Publish"):
        assert template.may("PortalFunction", action) == {template.output("EventTopicArn")}


def test_the_projector_knows_no_files(template):
    assert not any(action.startswith("s3:") for action in template.actions("ProjectorFunction"))


EVENTBRIDGE = {"Service": "events.amazonaws.com"}


def test_resource_policies_let_in_our_functions_break_glass_and_services_of_this_account_only(template):
    roles = {template.named_by(function)["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS}
    roles.add(template.output("BreakGlassRoleArn"))
    for document in template.resource_policies():
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow" and "AWS" in statement["Principal"]:
                assert statement["Principal"]["AWS"]["Fn::GetAtt"][0] in roles
            elif statement["Effect"] == "Allow":
                assert "Service" in statement["Principal"]
                named = {"aws:SourceAccount", "aws:SourceArn"} & set(json.loads(flat(statement.get("Condition", {}))))
                # EventBridge names nobody when it publishes, and does so for its own account only (test_telling.py).
                assert named or (statement["Action"], statement["Principal"]) == ("sns:Publish", EVENTBRIDGE)


def flat(condition):
    return json.dumps({key: value for test in condition.values() for key, value in test.items()})


def test_the_scheduler_may_start_the_sweep_only(template):
    (schedule,) = template.properties_of("AWS::Scheduler::Schedule")
    role = template.resources[schedule["Target"]["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
    (policy,) = [template.resources[arn["Ref"]]["Properties"] for arn in role["ManagedPolicyArns"]]
    statement, *letters = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"]["Fn::GetAtt"][0] == template.output("SweepFunction")
    # And say that it could not.
    assert [one["Action"] for one in letters] == ["sqs:SendMessage", ["kms:Decrypt", "kms:GenerateDataKey"]]


def test_audit_entries_are_added_and_read_and_by_nobody_changed_or_removed(template):
    table = template.output("AuditTable")
    allowed = {"dynamodb:PutItem", "dynamodb:Query"}
    for function in FUNCTIONS:
        actions = {action for action in template.actions(function) if action.startswith("dynamodb:")}
        touching = {action for action in actions if table in template.may(function, action)}
        # The judge tells how acceptances by review ended, and reads nothing.
        expected = {"PortalFunction": allowed, "JudgeFunction": {"dynamodb:PutItem"}}
        assert touching == expected.get(function, set())


def test_the_portal_tends_people_and_clients_of_its_own_pool_and_nothing_else_of_it(template):
    pool = template.output("UserPoolId")
    actions = {action for action in template.actions("PortalFunction") if action.startswith("cognito-idp:")}
    assert all(template.may("PortalFunction", action) == {pool} for action in actions)
    assert not any("DeleteUser" in action and "Client" not in action for action in actions)
    assert not any("UpdateUserPool" in action or "SetUserPassword" in action for action in actions)


@pytest.mark.parametrize("function", ["PortalFunction", "SweepFunction"])
def test_of_the_gateway_only_the_list_of_clients_can_be_written(template, function):
    statements = [one for one in template.statements_of(function) if "apigateway" in str(one["Action"])]
    assert [one["Action"] for one in statements] == ["apigateway:GET", "apigateway:PATCH"]
    for statement in statements:
        assert "/authorizers/" in str(statement["Resource"])
        assert template.output("AuthorizerId") in str(statement["Resource"])


@pytest.mark.parametrize("function", ["JudgeFunction", "ProjectorFunction"])
def test_nobody_else_knows_of_people_or_the_gateway(template, function):
    assert not any(action.startswith(("cognito-idp:", "apigateway:")) for action in template.actions(function))
