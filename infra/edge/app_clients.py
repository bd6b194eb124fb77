"""The user pool's clients by which people sign in. Both are public: they hold no secret, and PKCE proves who asked."""

from aws_cdk import Duration
from aws_cdk import aws_cognito as cognito

CALLBACK_PATH = "/auth/callback"

LOOPBACK_CALLBACKS = tuple(f"http://localhost:{port}/callback" for port in (8749, 8750, 8751))
"""Where the console command listens for an admin's sign-in: the ports of `scalper/admin/loopback.py`. Cognito takes
http for this host, and compares ports, other than RFC 8252 (section 7.3) has it."""


def add_web_client(pool: cognito.UserPool, portal_origin: str) -> cognito.UserPoolClient:
    """Add the portal's client: authorization code with PKCE, so it holds no secret."""
    return pool.add_client(
        "Web",
        generate_secret=False,
        auth_flows=cognito.AuthFlow(user_srp=False),
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, cognito.OAuthScope.PROFILE],
            callback_urls=[f"{portal_origin}{CALLBACK_PATH}"],
            logout_urls=[f"{portal_origin}/"],
        ),
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        # Whoever is disabled still holds the last token for this long: it is checked offline (ADR 0013).
        access_token_validity=Duration.minutes(15),
        id_token_validity=Duration.minutes(15),
        refresh_token_validity=Duration.hours(12),
    )


def add_cli_client(pool: cognito.UserPool) -> cognito.UserPoolClient:
    """Add the console command's client, by which admins sign in (ADR 0066). Whoever installs it could read a secret, so
    it has none. Its tokens reach the REST API only: without the pool's own scope they change nothing of an account."""
    return pool.add_client(
        "CommandLine",
        generate_secret=False,
        auth_flows=cognito.AuthFlow(user_srp=False),
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[cognito.OAuthScope.OPENID],
            callback_urls=list(LOOPBACK_CALLBACKS),
        ),
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        access_token_validity=Duration.minutes(15),
        id_token_validity=Duration.minutes(15),
        # The shortest that Cognito takes; the command revokes it when it ends.
        refresh_token_validity=Duration.hours(1),
    )
