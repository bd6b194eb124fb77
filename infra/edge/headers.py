"""The security headers of answers that the portal never saw: the gateway's refusals, and its errors."""

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

_OTHERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class EdgeHeaders(Construct):
    """The portal's own headers (`portal/http/security.py`), where an answer lacks them: none is replaced or doubled."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.policy = cloudfront.ResponseHeadersPolicy(
            self,
            "Policy",
            security_headers_behavior=_security(),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=False)
                    for name, value in _OTHERS.items()
                ]
            ),
        )


def _security() -> cloudfront.ResponseSecurityHeadersBehavior:
    return cloudfront.ResponseSecurityHeadersBehavior(
        # Nothing runs, and nothing is fetched: such an answer is text.
        content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy="default-src 'none'; frame-ancestors 'none'; base-uri 'none'", override=False
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
    )
