"""What a template's names and ARNs become: the longest that CloudFormation may give, resolved without an account.

CloudFormation guide, "Name type": `stack-resource-random`, cut off at the length that the resource's service allows.
Template reference, "Intrinsic functions" and each type's return values.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_RANDOM = "1A2B3C4D5E6F7"
_UUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
_ACCOUNT = "111122223333"
_LONGEST_HOST = "a" * 253
"""RFC 1035, 2.3.4, without the lengths' own octets."""
_PARAMETERS = {
    "AlertEmail": f"a@{_LONGEST_HOST}",
    "DeletionProtection": "true",
    "OriginVersion": _UUID,
    "PortalOriginParameter": f"https://{_LONGEST_HOST}",
}

_NAMES = {
    "AWS::Backup::BackupVault": ("BackupVaultName", 50),
    "AWS::CodeBuild::Project": ("Name", 255),
    "AWS::CodePipeline::Pipeline": ("Name", 100),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
}
"""The property that names a resource, and the longest name that its service takes (each service's API reference)."""

_ARNS = {
    "AWS::Backup::BackupVault": "backup:{region}:{account}:backup-vault:{name}",
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::Cognito::UserPool": "cognito-idp:{region}:{account}:userpool/{region}_aB1cD2eF3",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": f"kms:{{region}}:{{account}}:key/{_UUID}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{logical}-aB1cD2eF3gH4-aB1cD2",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}

_ARN, _NAME = "{arn}", "{name}"
_RETURNS = {
    ("AWS::ApiGatewayV2::Api", "Ref"): "a1b2c3d4e5",
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): "https://a1b2c3d4e5.execute-api.{region}.amazonaws.com",
    ("AWS::ApiGatewayV2::Authorizer", "Ref"): "a1b2c3d4e5",
    ("AWS::Backup::BackupVault", "BackupVaultArn"): _ARN,
    ("AWS::Cognito::UserPool", "Ref"): "{region}_aB1cD2eF3",
    ("AWS::Cognito::UserPoolClient", "Ref"): "a1b2c3d4e5f6g7h8i9j0k1l2m3",
    ("AWS::Cognito::UserPoolDomain", "Ref"): "a" * 63,
    ("AWS::DynamoDB::Table", "StreamArn"): "{arn}/stream/2026-11-30T12:00:00.000",
    ("AWS::IAM::ManagedPolicy", "Ref"): _ARN,
    ("AWS::KMS::Key", "Ref"): _UUID,
    ("AWS::SecretsManager::Secret", "Ref"): _ARN,
    ("AWS::SecretsManager::Secret", "Id"): _ARN,
    ("AWS::SNS::Topic", "Ref"): _ARN,
    ("AWS::SQS::Queue", "Ref"): "https://sqs.{region}.amazonaws.com/{account}/{name}",
}
"""What is neither a name by `Ref` nor an ARN by `Arn`."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """An account's region."""

    region: str

    @property
    def partition(self) -> str:
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def pseudo_parameters(self, stack: str) -> dict[str, str]:
        """Return what CloudFormation itself fills in."""
        return {
            "AWS::AccountId": _ACCOUNT,
            "AWS::Partition": self.partition,
            "AWS::NoValue": "",
            "AWS::Region": self.region,
            "AWS::StackId": f"arn:{self.partition}:cloudformation:{self.region}:{_ACCOUNT}:stack/{stack}/{_UUID}",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        }


@dataclass(frozen=True)
class Deployed:
    """The stacks of one assembly as they would be called in one place."""

    templates: Mapping[str, Document]
    """By the stack's name."""
    place: Place
    synthesized_for: str = "us-east-1"
    """The region that the stage itself says; it stands in the templates in letters, and gives way to the place's."""

    @classmethod
    def read(cls, assembly: Path, place: Place) -> "Deployed":
        """Read the templates that were synthesized into a folder."""
        end = ".template.json"
        files = sorted(assembly.glob(f"*{end}"))
        return cls({file.name.removesuffix(end): json.loads(file.read_text()) for file in files}, place)

    @cached_property
    def _exports(self) -> dict[str, tuple[str, Any]]:
        return {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in self.templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def resolve(self, stack: str, value: Any) -> Any:  # noqa: ANN401  # Whatever a template may say.
        """Return a value of a stack's template without references. Raises LookupError for what it does not know."""
        match value:
            case str():
                moved = value.replace(self.synthesized_for, self.place.region)
                return moved.replace("arn:aws:", f"arn:{self.place.partition}:")
            case list():
                return [self.resolve(stack, one) for one in value]
            case dict() if len(value) == 1 and next(iter(value)) in self._functions:
                ((function, argument),) = value.items()
                return self._functions[function](stack, argument)
            case dict():
                return {key: self.resolve(stack, one) for key, one in value.items()}
            case _:
                return value

    @cached_property
    def _functions(self) -> dict[str, Any]:
        return {
            "Ref": lambda stack, name: self._refer(stack, name, "Ref"),
            "Fn::GetAtt": lambda stack, told: self._refer(stack, *told),
            "Fn::Join": lambda stack, told: told[0].join(str(self.resolve(stack, part)) for part in told[1]),
            "Fn::Sub": self._substitute,
            "Fn::If": lambda stack, told: max((self.resolve(stack, one) for one in told[1:]), key=_measure),
            "Fn::Select": lambda stack, told: self.resolve(stack, told[1])[int(told[0])],
            "Fn::Split": lambda stack, told: self.resolve(stack, told[1]).split(told[0]),
            "Fn::ImportValue": lambda _, name: self.resolve(*self._exports[name]),
        }

    def _substitute(self, stack: str, text: str) -> str:
        def fill(found: re.Match[str]) -> str:
            name, _, attribute = found[1].partition(".")
            return self._refer(stack, name, attribute or "Ref")

        return re.sub(r"\$\{([\w.:]+)\}", fill, str(self.resolve(stack, text)))

    def _refer(self, stack: str, name: str, attribute: str) -> str:
        given = {**self.place.pseudo_parameters(stack), **_PARAMETERS}
        if name in given:
            return given[name]
        kind, physical = self.templates[stack]["Resources"][name]["Type"], self._call(stack, name)
        arn = f"arn:{{partition}}:{_ARNS.get(kind, '')}"
        plain = {"Ref": _NAME, "Arn": arn, _NAMES.get(kind, ("",))[0]: _NAME}
        try:
            pattern = _RETURNS.get((kind, attribute)) or plain[attribute]
        except KeyError:
            raise LookupError(f"How long {attribute} of {kind} may be is not known here.") from None
        known = {"region": self.place.region, "account": _ACCOUNT, "partition": self.place.partition}
        return pattern.replace(_ARN, arn).format(name=physical, logical=name, **known)

    def _call(self, stack: str, name: str) -> str:
        """Return a resource's own name: as the template says, or as CloudFormation makes it up."""
        resource = self.templates[stack]["Resources"][name]
        named, most = _NAMES.get(resource["Type"], ("", 255))
        told = resource.get("Properties", {}).get(named)
        return str(self.resolve(stack, told)) if told else f"{stack}-{name}-{_RANDOM}"[:most]


def _measure(value: Any) -> int:  # noqa: ANN401  # Whatever a template may say.
    return len(json.dumps(value))
