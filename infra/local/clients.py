"""AWS clients for the emulator."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

from infra.local.emulator import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Endpoint

if TYPE_CHECKING:
    from types_boto3_apigatewayv2 import ApiGatewayV2Client
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cognito_idp import CognitoIdentityProviderClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

_CONFIG = Config(proxies={}, retries={"mode": "standard"}, max_pool_connections=32)


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients that the runner and the tests use."""

    cloudformation: "CloudFormationClient"
    cognito: "CognitoIdentityProviderClient"
    dynamodb: "DynamoDBClient"
    functions: "LambdaClient"
    gateway: "ApiGatewayV2Client"
    s3: "S3Client"
    sqs: "SQSClient"


def clients(url: str, certificate: Path | None = None) -> Clients:
    """Return clients of the emulator at `url`, whatever profile or proxy the user's environment has.

    `certificate` is the emulator's own, where it serves TLS.
    """
    session, verify = _root(), str(certificate) if certificate else None

    def client(service: str) -> object:
        return session.client(service, endpoint_url=url, config=_CONFIG, verify=verify)

    return Clients(
        cloudformation=cast("CloudFormationClient", client("cloudformation")),
        cognito=cast("CognitoIdentityProviderClient", client("cognito-idp")),
        dynamodb=cast("DynamoDBClient", client("dynamodb")),
        functions=cast("LambdaClient", client("lambda")),
        gateway=cast("ApiGatewayV2Client", client("apigatewayv2")),
        s3=cast("S3Client", client("s3")),
        sqs=cast("SQSClient", client("sqs")),
    )


def function_environment(aws: Clients, endpoint: Endpoint, function: str) -> dict[str, str]:
    """Return a deployed function's environment, with its role's credentials where permissions are checked."""
    configuration = aws.functions.get_function_configuration(FunctionName=function)
    return {
        **configuration["Environment"]["Variables"],
        **endpoint.environment(),
        **(role_session(endpoint, configuration["Role"]) if endpoint.certificate else {}),
    }


def role_session(endpoint: Endpoint, role_arn: str) -> dict[str, str]:
    """Return credentials of a deployed role for an hour, as an SDK reads them from its environment.

    The roles trust Lambda and nobody else; the emulator lets its account's root stand in for AWS's services.
    """
    issued = other_client("sts", endpoint).assume_role(RoleArn=role_arn, RoleSessionName="local")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": issued["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": issued["SecretAccessKey"],
        "AWS_SESSION_TOKEN": issued["SessionToken"],
    }


def other_client(service: str, endpoint: Endpoint) -> Any:  # noqa: ANN401  # We keep no types of these services.
    """Return a client of a service that only the strict emulator is asked for."""
    verify = str(endpoint.certificate) if endpoint.certificate else None
    return _root().client(service, endpoint_url=endpoint.url, config=_CONFIG, verify=verify)


def _root() -> boto3.Session:
    return boto3.Session(aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY, region_name=REGION)
