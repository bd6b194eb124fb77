"""CloudFront in front of the API: the only way in. Pages and answers pass; only built files are kept."""

from aws_cdk import CfnOutput, CfnParameter, Duration, Environment, Fn, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import Edge, StageConfig
from infra.edge.firewall import Firewall
from infra.edge.origin_secret import HEADER, secret_name

BUILT = "/static/*"
"""Styles and scripts: the same for everybody, and named by their content (`portal/http/pages/rendering.py`)."""


class EdgeStack(Stack):
    """The distribution and its firewall. `distribution` is for who logs or watches it."""

    def __init__(self, scope: Construct, *, config: StageConfig, edge: Edge, api_id: str, log_key: kms.IKey) -> None:
        super().__init__(
            scope,
            f"{config.prefix}-Edge",
            env=Environment(account=config.account, region=config.region),
        )
        origin = origins.HttpOrigin(
            f"{api_id}.execute-api.{self.region}.{self.url_suffix}",
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            read_timeout=Duration.seconds(config.portal.timeout_s + 1),
            custom_headers={HEADER: self._refer_to_secret(config)},
        )
        arn = edge.certificate_arn
        passed, kept = _describe_behaviors(origin, EdgeHeaders(self, "Headers").policy)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Silent Scalper, {config.name}",
            default_behavior=passed,
            additional_behaviors={BUILT: kept},
            geo_restriction=cloudfront.GeoRestriction.allowlist(*edge.countries) if edge.countries else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=edge.firewall_arn or Firewall(self, "Firewall", config=config, edge=edge, log_key=log_key).arn,
            domain_names=[edge.domain] if edge.domain else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", arn) if arn else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if edge.domain else None,
        )
        for name, value in {
            "DistributionId": self.distribution.distribution_id,
            "DistributionDomain": self.distribution.distribution_domain_name,
        }.items():
            CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)

    @property
    def distribution_arn(self) -> str:
        return self.distribution.distribution_arn

    def _refer_to_secret(self, config: StageConfig) -> str:
        """Return a reference that CloudFormation resolves when it deploys.

        It does so only where the distribution changes, so the secret's version is a parameter: `make deploy` gives the
        newest. Empty, it stands for the version that is current.
        """
        version = CfnParameter(
            self,
            "OriginVersion",
            default="",
            allowed_pattern="^[A-Za-z0-9-]*$",
            description="Version of the origin's secret that CloudFront sends; empty for the current one",
        )
        reference = f"{{{{resolve:secretsmanager:{secret_name(config)}:SecretString:::${{Version}}}}}}"
        return Fn.sub(reference, {"Version": version.value_as_string})


def _describe_behaviors(
    origin: cloudfront.IOrigin, headers: cloudfront.IResponseHeadersPolicy
) -> tuple[cloudfront.BehaviorOptions, cloudfront.BehaviorOptions]:
    """Return how pages and answers pass, and how built files are kept.

    Pages and answers are one person's: nothing of them is kept, and all that was sent is passed on but the host, by
    which the gateway would not know its API. Built files are kept for as long as the portal says, compressed, and asked
    for without cookie or query.
    """
    passed = cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        response_headers_policy=headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )
    kept = cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
        compress=True,
        response_headers_policy=headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )
    return passed, kept


_OTHERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class EdgeHeaders(Construct):
    """The portal's own headers (`portal/http/security.py`), where an answer lacks them: none is replaced or doubled.

    These are answers that the portal never saw: the gateway's refusals, and its errors.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.policy = cloudfront.ResponseHeadersPolicy(
            self,
            "Policy",
            # Its own name, which the CDK makes up, would be the same in every region; CloudFront knows one of each.
            response_headers_policy_name=f"{Stack.of(self).stack_name}-{Stack.of(self).region}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                # Nothing runs, and nothing is fetched: such an answer is text.
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy="default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
                    override=False,
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=False),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=False
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.SAME_ORIGIN, override=False
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(730), include_subdomains=True, override=False
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=False)
                    for name, value in _OTHERS.items()
                ]
            ),
        )
