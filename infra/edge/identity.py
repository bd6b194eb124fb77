"""Who may come in: clinic staff and admins by managed login, partners by client credentials."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.config import StageConfig

CALLBACK_PATH = "/auth/callback"

_UPLOAD = cognito.ResourceServerScope(scope_name="upload", scope_description="Announce and send files")
_WEBHOOKS = cognito.ResourceServerScope(scope_name="webhooks", scope_description="Decide where events are sent")
_READ = cognito.ResourceServerScope(scope_name="read", scope_description="Read uploads, files and verdicts")


class Identity(Construct):
    """User pool, its sign-in domain, the group of admins, the portal's client, and the scopes of partners' clients."""

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
        self.web_client = _add_web_client(self.pool, portal_origin)
        # Partners' clients are made by admins, on the portal's pages.
        self.pool.add_resource_server("Api", identifier="scalper", scopes=[_UPLOAD, _READ, _WEBHOOKS])
        if config.branded_sign_in:
            cognito.CfnManagedLoginBranding(
                self,
                "Branding",
                user_pool_id=self.pool.user_pool_id,
                client_id=self.web_client.user_pool_client_id,
                use_cognito_provided_values=True,
            )

    @property
    def sign_in_url(self) -> str:
        """The managed login's base, without a trailing slash."""
        return f"https://{self.domain.domain_name}.auth.{Aws.REGION}.amazoncognito.com"


def _add_pool(
    scope: Construct, config: StageConfig, removal_policy: RemovalPolicy, portal_origin: str
) -> cognito.UserPool:
    invitation = cognito.UserInvitationConfig(
        email_subject="Your account at Silent Scalper",
        email_body=(
            "<p>An account was made for you, to send medical images and documents and to follow them.</p>"
            f'<p>Sign in at <a href="{portal_origin}">{portal_origin}</a> with this email address '
            "(or the user name {username}) and the temporary password <b>{####}</b>. It works for three days; "
            "you choose a password of your own when you sign in.</p>"
        ),
    )
    full = cognito.StandardThreatProtectionMode.FULL_FUNCTION
    return cognito.UserPool(
        scope,
        "Pool",
        self_sign_up_enabled=False,
        user_invitation=invitation,
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
        deletion_protection=config.retain_data,
        removal_policy=removal_policy,
    )


def _add_web_client(pool: cognito.UserPool, portal_origin: str) -> cognito.UserPoolClient:
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
