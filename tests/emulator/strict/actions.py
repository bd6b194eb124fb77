"""What is tried with each role: a call for each action, and on what.

The arguments are such that a call that is allowed leaves everything as it is: where it would not, it is one that the
service refuses for another reason (a precondition, a value out of range), after it has asked the policies.

Not tried, for the emulator names what they are about otherwise than AWS: reading a stream, writing to a log group.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Client = Callable[[str], Any]
"""Gives a caller's client of a service."""

SEED = "northside/seed"
"""The key of an object that lies in each bucket."""

_NOWHERE = "northside/nowhere"
_KEY = {"pk": {"S": "NOBODY"}, "sk": {"S": "NOTHING"}}
_NEVER = "attribute_exists(pk) AND attribute_not_exists(pk)"
_TEXT = {"S": "x"}


@dataclass(frozen=True, slots=True)
class Target:
    """One resource. `extra` holds what some of its calls need beside its name."""

    name: str
    extra: Mapping[str, str] = field(default_factory=dict)


Call = Callable[[Client, Target], object]

OBJECTS: dict[str, Call] = {
    "s3:GetObject": lambda of, at: of("s3").get_object(Bucket=at.name, Key=SEED),
    "s3:GetObjectVersion": lambda of, at: of("s3").get_object(Bucket=at.name, Key=SEED, VersionId=at.extra["version"]),
    "s3:GetObjectTagging": lambda of, at: of("s3").get_object_tagging(Bucket=at.name, Key=SEED),
    "s3:PutObject": lambda of, at: of("s3").put_object(Bucket=at.name, Key=SEED, Body=b"", IfNoneMatch="*"),
    "s3:PutObjectTagging": lambda of, at: of("s3").put_object_tagging(Bucket=at.name, Key=SEED, Tagging={"TagSet": []}),
    "s3:DeleteObject": lambda of, at: of("s3").delete_object(Bucket=at.name, Key=_NOWHERE),
    "s3:DeleteObjectVersion": lambda of, at: of("s3").delete_object(
        Bucket=at.name, Key=SEED, VersionId=at.extra["version"]
    ),
    "s3:ListBucket": lambda of, at: of("s3").list_objects_v2(Bucket=at.name, MaxKeys=1),
    "s3:ListBucketVersions": lambda of, at: of("s3").list_object_versions(Bucket=at.name, MaxKeys=1),
    "s3:ListBucketMultipartUploads": lambda of, at: of("s3").list_multipart_uploads(Bucket=at.name, MaxUploads=1),
    "s3:PutBucketPolicy": lambda of, at: of("s3").put_bucket_policy(Bucket=at.name, Policy="{}"),
    "s3:DeleteBucketPolicy": lambda of, at: of("s3").delete_bucket_policy(Bucket=at.name),
    "s3:PutBucketVersioning": lambda of, at: of("s3").put_bucket_versioning(
        Bucket=at.name, VersioningConfiguration={"Status": "Suspended"}
    ),
    "s3:PutLifecycleConfiguration": lambda of, at: of("s3").delete_bucket_lifecycle(Bucket=at.name),
    "s3:PutEncryptionConfiguration": lambda of, at: of("s3").delete_bucket_encryption(Bucket=at.name),
    "s3:PutBucketPublicAccessBlock": lambda of, at: of("s3").delete_public_access_block(Bucket=at.name),
    "s3:PutBucketNotification": lambda of, at: of("s3").put_bucket_notification_configuration(
        Bucket=at.name, NotificationConfiguration={}
    ),
    "s3:DeleteBucket": lambda of, at: of("s3").delete_bucket(Bucket=at.name),
}

ITEMS: dict[str, Call] = {
    "dynamodb:GetItem": lambda of, at: of("dynamodb").get_item(TableName=at.name, Key=_KEY),
    "dynamodb:BatchGetItem": lambda of, at: of("dynamodb").batch_get_item(RequestItems={at.name: {"Keys": [_KEY]}}),
    "dynamodb:Query": lambda of, at: of("dynamodb").query(
        TableName=at.name, KeyConditionExpression="pk = :x", ExpressionAttributeValues={":x": _TEXT}
    ),
    "dynamodb:Query by clinic": lambda of, at: of("dynamodb").query(
        TableName=at.name,
        IndexName="by_clinic",
        KeyConditionExpression="#key = :x",
        ExpressionAttributeNames={"#key": at.extra["by_clinic"]},
        ExpressionAttributeValues={":x": _TEXT},
    ),
    "dynamodb:Scan": lambda of, at: of("dynamodb").scan(TableName=at.name, Limit=1),
    "dynamodb:PutItem": lambda of, at: of("dynamodb").put_item(
        TableName=at.name, Item=_KEY, ConditionExpression=_NEVER
    ),
    "dynamodb:UpdateItem": lambda of, at: of("dynamodb").update_item(
        TableName=at.name, Key=_KEY, UpdateExpression="REMOVE x", ConditionExpression=_NEVER
    ),
    "dynamodb:DeleteItem": lambda of, at: of("dynamodb").delete_item(TableName=at.name, Key=_KEY),
    "dynamodb:DeleteItem in a transaction": lambda of, at: of("dynamodb").transact_write_items(
        TransactItems=[{"Delete": {"TableName": at.name, "Key": _KEY}}]
    ),
    "dynamodb:UpdateItem in a transaction": lambda of, at: of("dynamodb").transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": at.name,
                    "Key": _KEY,
                    "UpdateExpression": "REMOVE x",
                    "ConditionExpression": _NEVER,
                }
            }
        ]
    ),
    "dynamodb:BatchWriteItem, putting": lambda of, at: of("dynamodb").batch_write_item(
        RequestItems={at.name: [{"PutRequest": {"Item": _KEY}}]}
    ),
    "dynamodb:BatchWriteItem, deleting": lambda of, at: of("dynamodb").batch_write_item(
        RequestItems={at.name: [{"DeleteRequest": {"Key": _KEY}}]}
    ),
    "dynamodb:PartiQLDelete": lambda of, at: of("dynamodb").execute_statement(
        Statement=f"DELETE FROM \"{at.name}\" WHERE pk = 'NOBODY' AND sk = 'NOTHING'"  # noqa: S608  # A name of ours.
    ),
    "dynamodb:UpdateTimeToLive": lambda of, at: of("dynamodb").update_time_to_live(
        TableName=at.name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
    ),
    "dynamodb:UpdateContinuousBackups": lambda of, at: of("dynamodb").update_continuous_backups(
        TableName=at.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    ),
    "dynamodb:UpdateTable": lambda of, at: of("dynamodb").update_table(
        TableName=at.name, DeletionProtectionEnabled=False
    ),
    "dynamodb:DeleteTable": lambda of, at: of("dynamodb").delete_table(TableName=at.name),
}

MESSAGES: dict[str, Call] = {
    "sqs:SendMessage": lambda of, at: of("sqs").send_message(QueueUrl=at.name, MessageBody="x", DelaySeconds=901),
    "sqs:ReceiveMessage": lambda of, at: of("sqs").receive_message(QueueUrl=at.name, MaxNumberOfMessages=11),
    "sqs:DeleteMessage": lambda of, at: of("sqs").delete_message(QueueUrl=at.name, ReceiptHandle="none"),
    "sqs:ChangeMessageVisibility": lambda of, at: of("sqs").change_message_visibility(
        QueueUrl=at.name, ReceiptHandle="none", VisibilityTimeout=0
    ),
    "sqs:GetQueueAttributes": lambda of, at: of("sqs").get_queue_attributes(
        QueueUrl=at.name, AttributeNames=["QueueArn"]
    ),
    "sqs:SetQueueAttributes": lambda of, at: of("sqs").set_queue_attributes(
        QueueUrl=at.name, Attributes={"MessageRetentionPeriod": "60"}
    ),
    "sqs:PurgeQueue": lambda of, at: of("sqs").purge_queue(QueueUrl=at.name),
    "sqs:DeleteQueue": lambda of, at: of("sqs").delete_queue(QueueUrl=at.name),
}

TOPICS: dict[str, Call] = {
    "sns:Publish": lambda of, at: of("sns").publish(TopicArn=at.name, Message=""),
    "sns:Subscribe": lambda of, at: of("sns").subscribe(TopicArn=at.name, Protocol="sqs", Endpoint="none"),
    "sns:SetTopicAttributes": lambda of, at: of("sns").set_topic_attributes(
        TopicArn=at.name, AttributeName="DisplayName", AttributeValue="x"
    ),
    "sns:AddPermission": lambda of, at: of("sns").add_permission(
        TopicArn=at.name, Label="x", AWSAccountId=["111122223333"], ActionName=["Publish"]
    ),
    "sns:DeleteTopic": lambda of, at: of("sns").delete_topic(TopicArn=at.name),
}

KEYS: dict[str, Call] = {
    "kms:GenerateDataKey": lambda of, at: of("kms").generate_data_key(KeyId=at.name, KeySpec="AES_256"),
    "kms:Decrypt": lambda of, at: of("kms").decrypt(KeyId=at.name, CiphertextBlob=b"nothing"),
    "kms:Encrypt": lambda of, at: of("kms").encrypt(KeyId=at.name, Plaintext=b"x"),
    "kms:PutKeyPolicy": lambda of, at: of("kms").put_key_policy(KeyId=at.name, PolicyName="default", Policy="{}"),
    "kms:CreateGrant": lambda of, at: of("kms").create_grant(
        KeyId=at.name, GranteePrincipal="arn:aws:iam::111122223333:root", Operations=["Decrypt"]
    ),
    "kms:DisableKeyRotation": lambda of, at: of("kms").disable_key_rotation(KeyId=at.name),
    "kms:DisableKey": lambda of, at: of("kms").disable_key(KeyId=at.name),
    "kms:ScheduleKeyDeletion": lambda of, at: of("kms").schedule_key_deletion(KeyId=at.name, PendingWindowInDays=7),
}

SECRETS: dict[str, Call] = {
    "secretsmanager:GetSecretValue": lambda of, at: of("secretsmanager").get_secret_value(SecretId=at.name),
    "secretsmanager:DescribeSecret": lambda of, at: of("secretsmanager").describe_secret(SecretId=at.name),
    "secretsmanager:PutSecretValue": lambda of, at: of("secretsmanager").put_secret_value(
        SecretId=at.name, SecretString="x", VersionStages=["TRIED"]
    ),
    "secretsmanager:UpdateSecretVersionStage": lambda of, at: of("secretsmanager").update_secret_version_stage(
        SecretId=at.name, VersionStage="NONE", MoveToVersionId="0" * 32
    ),
    "secretsmanager:PutResourcePolicy": lambda of, at: of("secretsmanager").put_resource_policy(
        SecretId=at.name, ResourcePolicy="{"
    ),
    "secretsmanager:DeleteSecret": lambda of, at: of("secretsmanager").delete_secret(
        SecretId=at.name, RecoveryWindowInDays=1
    ),
}

CODE: dict[str, Call] = {
    "lambda:InvokeFunction": lambda of, at: of("lambda").invoke(FunctionName=at.name, Payload=b"{}"),
    "lambda:GetFunction": lambda of, at: of("lambda").get_function(FunctionName=at.name),
    "lambda:UpdateFunctionConfiguration": lambda of, at: of("lambda").update_function_configuration(
        FunctionName=at.name, Timeout=1
    ),
    "lambda:UpdateFunctionCode": lambda of, at: of("lambda").update_function_code(FunctionName=at.name, ZipFile=b""),
    "lambda:AddPermission": lambda of, at: of("lambda").add_permission(
        FunctionName=at.name, StatementId="x", Action="lambda:InvokeFunction", Principal="*"
    ),
    "lambda:DeleteFunction": lambda of, at: of("lambda").delete_function(FunctionName=at.name),
}

_ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})

ROLES: dict[str, Call] = {
    "sts:AssumeRole": lambda of, at: of("sts").assume_role(RoleArn=at.name, RoleSessionName="foreign"),
    "iam:PutRolePolicy": lambda of, at: of("iam").put_role_policy(
        RoleName=at.extra["name"], PolicyName="x", PolicyDocument=_ANYTHING
    ),
    "iam:AttachRolePolicy": lambda of, at: of("iam").attach_role_policy(
        RoleName=at.extra["name"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    ),
    "iam:UpdateAssumeRolePolicy": lambda of, at: of("iam").update_assume_role_policy(
        RoleName=at.extra["name"], PolicyDocument=_ANYTHING
    ),
}

LOGS: dict[str, Call] = {
    "logs:FilterLogEvents": lambda of, at: of("logs").filter_log_events(logGroupName=at.name, limit=1),
    "logs:PutRetentionPolicy": lambda of, at: of("logs").put_retention_policy(logGroupName=at.name, retentionInDays=1),
    "logs:DeleteLogGroup": lambda of, at: of("logs").delete_log_group(logGroupName=at.name),
}

PEOPLE: dict[str, Call] = {
    "cognito-idp:ListUsers": lambda of, at: of("cognito-idp").list_users(UserPoolId=at.name, Limit=1),
    "cognito-idp:AdminGetUser": lambda of, at: of("cognito-idp").admin_get_user(UserPoolId=at.name, Username="nobody"),
    "cognito-idp:AdminDisableUser": lambda of, at: of("cognito-idp").admin_disable_user(
        UserPoolId=at.name, Username="nobody"
    ),
    "cognito-idp:DeleteUserPoolClient": lambda of, at: of("cognito-idp").delete_user_pool_client(
        UserPoolId=at.name, ClientId="none"
    ),
    "cognito-idp:AdminDeleteUser": lambda of, at: of("cognito-idp").admin_delete_user(
        UserPoolId=at.name, Username="nobody"
    ),
    "cognito-idp:AdminSetUserPassword": lambda of, at: of("cognito-idp").admin_set_user_password(
        UserPoolId=at.name, Username="admin", Password="none", Permanent=True
    ),
    "cognito-idp:DescribeUserPoolClient": lambda of, at: of("cognito-idp").describe_user_pool_client(
        UserPoolId=at.name, ClientId=at.extra["client"]
    ),
    "cognito-idp:UpdateUserPool": lambda of, at: of("cognito-idp").update_user_pool(
        UserPoolId=at.name, MfaConfiguration="OFF"
    ),
    "cognito-idp:DeleteUserPool": lambda of, at: of("cognito-idp").delete_user_pool(UserPoolId=at.name),
}

GATEWAY: dict[str, Call] = {
    "apigateway:GET the authorizer": lambda of, at: of("apigatewayv2").get_authorizer(
        ApiId=at.name, AuthorizerId=at.extra["authorizer"]
    ),
    "apigateway:PATCH the authorizer": lambda of, at: of("apigatewayv2").update_authorizer(
        ApiId=at.name, AuthorizerId=at.extra["authorizer"]
    ),
    "apigateway:DELETE the authorizer": lambda of, at: of("apigatewayv2").delete_authorizer(
        ApiId=at.name, AuthorizerId=at.extra["authorizer"]
    ),
    "apigateway:GET the routes": lambda of, at: of("apigatewayv2").get_routes(ApiId=at.name),
    "apigateway:POST a route": lambda of, at: of("apigatewayv2").create_route(ApiId=at.name, RouteKey="GET /x"),
    "apigateway:DELETE the API": lambda of, at: of("apigatewayv2").delete_api(ApiId=at.name),
}

ACCOUNT: dict[str, Call] = {
    "sns:SetSubscriptionAttributes": lambda of, at: of("sns").set_subscription_attributes(
        SubscriptionArn=at.extra["subscription"], AttributeName="none", AttributeValue="none"
    ),
    "cloudwatch:GetMetricData": lambda of, at: of("cloudwatch").get_metric_data(
        MetricDataQueries=[], StartTime=0, EndTime=60
    ),
    "cloudwatch:DisableAlarmActions": lambda of, at: of("cloudwatch").disable_alarm_actions(AlarmNames=["none"]),
    "cloudwatch:DeleteAlarms": lambda of, at: of("cloudwatch").delete_alarms(AlarmNames=["none"]),
    "cloudformation:DeleteStack": lambda of, at: of("cloudformation").delete_stack(StackName="none"),
    "scheduler:DeleteSchedule": lambda of, at: of("scheduler").delete_schedule(Name="none"),
    "iam:CreateUser": lambda of, at: of("iam").create_user(UserName="intruder"),
    "s3:ListAllMyBuckets": lambda of, at: of("s3").list_buckets(),
    "s3:CreateBucket": lambda of, at: of("s3").create_bucket(Bucket="intruders-bucket"),
    "dynamodb:ListStreams": lambda of, at: of("dynamodbstreams").list_streams(),
    "dynamodb:ListTables": lambda of, at: of("dynamodb").list_tables(),
}
