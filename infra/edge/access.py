"""Who may come in, and to what: people and partners by the user pool, whose tokens the HTTP API's gateway checks.

Tokens are asked for the REST API; pages and the API's own documentation are open.
"""

import json
from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import StageConfig
from infra.edge.app_clients import add_cli_client, add_web_client
from infra.edge.risks import refuse_risky_sign_ins
from infra.messaging import write_code_mail, write_invitation
from infra.observability.logs import add_log_group

GUARDED = ("/api/{proxy+}", "/dicomweb/{proxy+}")
"""A token of the user pool is required here."""

OPEN_TO_READ = ("/api/docs", "/api/docs/{proxy+}", "/api/openapi.json")
"""The API's documentation."""

OPEN = ("/", "/{proxy+}")
"""The portal's pages, which check sessions themselves."""

_REMEMBERED = Duration.hours(1)
"""For how long the gateway keeps what the portal said of an origin's secret: the longest that it may."""

_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    # Not the path: by DICOMweb, it names studies. The portal logs its route under the same request id.
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    # Behind an edge it is CloudFront's; its own log tells whose request it passed on.
    "source_ip": "$context.identity.sourceIp",
    "error": "$context.error.message",
    "authorizer_error": "$context.authorizer.error",
}


class Api(Construct):
    """Created before the function behind it, because the function must know the address that browsers use."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.http = apigw.HttpApi(self, "Http", create_default_stage=False)

    @property
    def endpoint(self) -> str:
        """`https://host`, without a trailing slash."""
        return self.http.api_endpoint

    def publish(self, *, config: StageConfig, log_key: kms.IKey, removal_policy: RemovalPolicy) -> None:
        """Open the API to the world: throttled, and every request logged, without its query, headers and body."""
        log_group = add_log_group(
            self, "AccessLogs", key=log_key, days=config.retention.logs_days, removal_policy=removal_policy
        )
        apigw.CfnStage(
            self,
            "Live",
            api_id=self.http.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigw.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=config.api_requests_per_second, throttling_burst_limit=config.api_burst
            ),
            access_log_settings=apigw.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
        )

    def guard(self, *, pool: cognito.IUserPool, clients: Sequence[cognito.IUserPoolClient]) -> apigw.HttpAuthorizer:
        """Check tokens of the pool. The portal adds partners' clients to the list of those that are let in."""
        self.tokens = apigw.HttpAuthorizer(
            self,
            "Tokens",
            http_api=self.http,
            type=apigw.HttpAuthorizerType.JWT,
            identity_source=["$request.header.Authorization"],
            jwt_issuer=f"https://cognito-idp.{Aws.REGION}.amazonaws.com/{pool.user_pool_id}",
            jwt_audience=[client.user_pool_client_id for client in clients],
        )
        return self.tokens

    @property
    def tokens_arn(self) -> str:
        """Of the authorizer, as the control plane's permissions name it (Service Authorization Reference, "Manage
        Amazon API Gateway V2")."""
        path = f"/apis/{self.http.api_id}/authorizers/{self.tokens.authorizer_id}"
        return f"arn:{Aws.PARTITION}:apigateway:{Aws.REGION}::{path}"

    def route(
        self, function: lambda_.IFunction, *, edge_header: str | None = None, websites: Sequence[str] = ()
    ) -> None:
        """Lead every path to the function.

        Where an edge stands before the API, `edge_header` names the header by which it is known. The function itself
        tells the gateway whether it is right; a request without it is refused and wakes nobody.
        """
        target = integrations.HttpLambdaIntegration("Portal", function, scope_permission_to_route=False)
        authorizer = apigw.HttpAuthorizer.from_http_authorizer_attributes(
            self, "Guard", authorizer_id=self.tokens.authorizer_id, authorizer_type="JWT"
        )
        for path in GUARDED:
            self.http.add_routes(path=path, integration=target, authorizer=authorizer)
        by_edge = None
        if edge_header:
            by_edge = authorizers.HttpLambdaAuthorizer(
                "Edge",
                function,
                identity_source=[f"$request.header.{edge_header}"],
                response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
                results_cache_ttl=_REMEMBERED,
            )
        if websites:
            # A browser asks whether it may ask, and has no token for that (Fetch, "CORS-preflight fetch").
            for path in GUARDED:
                self.http.add_routes(
                    path=path, integration=target, methods=[apigw.HttpMethod.OPTIONS], authorizer=by_edge
                )
        for path in OPEN_TO_READ:
            self.http.add_routes(path=path, integration=target, methods=[apigw.HttpMethod.GET], authorizer=by_edge)
        for path in OPEN:
            self.http.add_routes(path=path, integration=target, authorizer=by_edge)


_UPLOAD = cognito.ResourceServerScope(scope_name="upload", scope_description="Announce and send files")
_WEBHOOKS = cognito.ResourceServerScope(scope_name="webhooks", scope_description="Decide where events are sent")
_READ = cognito.ResourceServerScope(scope_name="read", scope_description="Read uploads, files and verdicts")


class Identity(Construct):
    """User pool, its sign-in domain, the group of admins, the clients of portal and console command, and the scopes of
    partners' clients.

    Clinic staff and admins sign in by managed login, partners by client credentials.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        removal_policy: RemovalPolicy,
        portal_origin: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.pool = _add_pool(self, config, removal_policy, portal_origin)
        if config.threat_protection:
            refuse_risky_sign_ins(self, self.pool)
        cognito.CfnUserPoolGroup(self, "Admins", user_pool_id=self.pool.user_pool_id, group_name="admin")
        version = cognito.ManagedLoginVersion
        self.domain = self.pool.add_domain(
            "SignIn",
            # Prefixes are unique within a region, among all accounts.
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=f"scalper-{config.name}-{Aws.ACCOUNT_ID}"),
            managed_login_version=(
                version.NEWER_MANAGED_LOGIN if config.branded_sign_in else version.CLASSIC_HOSTED_UI
            ),
        )
        self.web_client = add_web_client(self.pool, portal_origin)
        self.cli_client = add_cli_client(self.pool)
        # Partners' clients are made by admins, on the portal's pages.
        self.pool.add_resource_server("Api", identifier="scalper", scopes=[_UPLOAD, _READ, _WEBHOOKS])
        if config.branded_sign_in:
            # Managed login shows a client without a branding of its own no page at all.
            for name, client in (("Branding", self.web_client), ("CommandLineBranding", self.cli_client)):
                cognito.CfnManagedLoginBranding(
                    self,
                    name,
                    user_pool_id=self.pool.user_pool_id,
                    client_id=client.user_pool_client_id,
                    use_cognito_provided_values=True,
                )

    @property
    def sign_in_url(self) -> str:
        """The managed login's base, without a trailing slash."""
        return f"https://{self.domain.domain_name}.auth.{Aws.REGION}.amazoncognito.com"


def _add_pool(
    scope: Construct, config: StageConfig, removal_policy: RemovalPolicy, portal_origin: str
) -> cognito.UserPool:
    full = cognito.StandardThreatProtectionMode.FULL_FUNCTION
    pool = cognito.UserPool(
        scope,
        "Pool",
        self_sign_up_enabled=False,
        user_invitation=write_invitation(portal_origin),
        user_verification=write_code_mail(),
        sign_in_aliases=cognito.SignInAliases(username=True, email=True),
        sign_in_case_sensitive=False,
        account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
        password_policy=cognito.PasswordPolicy(
            min_length=12,
            require_digits=True,
            require_lowercase=True,
            require_symbols=True,
            require_uppercase=True,
            temp_password_validity=Duration.days(3),
        ),
        mfa=cognito.Mfa.REQUIRED if config.mfa_required else cognito.Mfa.OFF,
        mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True) if config.mfa_required else None,
        feature_plan=cognito.FeaturePlan.PLUS if config.threat_protection else None,
        standard_threat_protection_mode=full if config.threat_protection else None,
        removal_policy=removal_policy,
    )
    resource = pool.node.default_child
    if config.mail and isinstance(resource, cognito.CfnUserPool):
        # By its ARN: the high-level call would make one of this account's and region's.
        resource.email_configuration = cognito.CfnUserPool.EmailConfigurationProperty(
            email_sending_account="DEVELOPER", source_arn=config.mail.identity_arn, from_=config.mail.sender
        )
    return pool
