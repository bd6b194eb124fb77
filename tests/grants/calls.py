"""The calls of AWS's operations in what a function reaches: methods of boto3's clients, found by their names."""

import ast
from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore import xform_name

from tests.architecture.sources import Module, Sources
from tests.grants.reach import Reached

_SERVICES = {
    "types_boto3_apigatewayv2": "apigatewayv2",
    "types_boto3_athena": "athena",
    "types_boto3_cloudwatch": "cloudwatch",
    "types_boto3_cognito_idp": "cognito-idp",
    "types_boto3_dynamodb": "dynamodb",
    "types_boto3_lambda": "lambda",
    "types_boto3_s3": "s3",
    "types_boto3_secretsmanager": "secretsmanager",
    "types_boto3_sns": "sns",
    "types_boto3_sqs": "sqs",
}
"""What an adapter imports to say which client it has."""
_WITHOUT_TYPES = {"intake.table.dynamodb_streams": "dynamodbstreams"}
INJECTED = {("s3", "copy"): ("HeadObject", "CopyObject", "CreateMultipartUpload", "UploadPartCopy",
                             "CompleteMultipartUpload", "AbortMultipartUpload")}  # fmt: skip
"""What boto3 adds to clients, and the operations that it makes of it (boto3, `s3/inject.py` and s3transfer)."""
_BY_NAME = {"get_paginator", "generate_presigned_url", "get_waiter"}
"""Methods whose first argument names an operation."""

Call = tuple[str, str]
"""A service as boto3 calls it, and an operation."""


def find_calls(reached: Reached) -> dict[Call, set[str]]:
    """Return the operations that are called, and the modules where."""
    found: dict[Call, set[str]] = {}
    for (module, _), nodes in reached.nodes.items():
        services = clients_of(reached.sources.modules[module])
        for node in nodes:
            for call in _calls_in(node, services):
                found.setdefault(call, set()).add(module)
    return found


def clients_of(module: Module) -> list[str]:
    """Return the services whose clients a module works with."""
    packages = {origin.partition(".")[0] for origin, _ in module.imported}
    own = [service for package, service in _SERVICES.items() if package in packages]
    return [*own, *([_WITHOUT_TYPES[module.name]] if module.name in _WITHOUT_TYPES else [])]


def services_made(sources: Sources) -> set[str]:
    """Return the services of which some wiring of the functions makes a client."""
    return {
        node.args[0].value
        for name, module in sources.modules.items()
        if name.partition(".")[0] in {"intake", "portal", "processor"}
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"client", "resource"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def services_typed() -> set[str]:
    return {*_SERVICES.values(), *_WITHOUT_TYPES.values()}


def _calls_in(node: ast.AST, services: list[str]) -> Iterator[Call]:
    for used in ast.walk(node):
        for service in services:
            match used:
                case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(named)), *_]) if (
                    method in _BY_NAME
                ):
                    yield service, operations(service)[named]
                case ast.Attribute(attr=method) if (service, method) in INJECTED:
                    if _is_client(used.value):
                        yield from ((service, operation) for operation in INJECTED[service, method])
                case ast.Attribute(attr=method) if method in operations(service) and _is_client(used.value):
                    yield service, operations(service)[method]


def _is_client(owner: ast.expr) -> bool:
    """Say whether an object may be a client: what a class or function keeps, and not what another call answered."""
    return isinstance(owner, ast.Attribute | ast.Name)


@cache
def operations(service: str) -> dict[str, str]:
    """Return the operations of a service by the names of their methods."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}
