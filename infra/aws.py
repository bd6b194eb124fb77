"""AWS clients for the emulator."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import boto3
from botocore.config import Config

from infra.emulator import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from types_boto3_apigatewayv2 import ApiGatewayV2Client
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cognito_idp import CognitoIdentityProviderClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


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


def clients(endpoint: str) -> Clients:
    """Return clients of the emulator at `endpoint`, whatever profile or proxy the user's environment has."""
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY, region_name=REGION
    )
    config = Config(proxies={}, retries={"mode": "standard"}, max_pool_connections=32)

    def client(service: str) -> object:
        return session.client(service, endpoint_url=endpoint, config=config)

    return Clients(
        cloudformation=cast("CloudFormationClient", client("cloudformation")),
        cognito=cast("CognitoIdentityProviderClient", client("cognito-idp")),
        dynamodb=cast("DynamoDBClient", client("dynamodb")),
        functions=cast("LambdaClient", client("lambda")),
        gateway=cast("ApiGatewayV2Client", client("apigatewayv2")),
        s3=cast("S3Client", client("s3")),
        sqs=cast("SQSClient", client("sqs")),
    )
