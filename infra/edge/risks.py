"""What becomes of a sign-in that looks like another's."""

from aws_cdk import aws_cognito as cognito
from constructs import Construct

_Risk = cognito.CfnUserPoolRiskConfigurationAttachment


def refuse_risky_sign_ins(scope: Construct, pool: cognito.UserPool) -> None:
    """Say what becomes of a password that leaked, and of a sign-in that looks like another's.

    Enforced threat protection alone only watches (Cognito guide, "Working with adaptive authentication"). Who is
    refused by mistake tries again from where they usually are. At a lower risk the second factor decides, which the
    pool asks of everybody who has one; who is invited and about to choose it, from a device that nobody knows, is let
    in to do so (Cognito API reference, AccountTakeoverActionType). Nobody is written to: that takes an identity in SES.
    """
    refuse, check = (_Risk.AccountTakeoverActionTypeProperty(event_action=action, notify=False)
                     for action in ("BLOCK", "MFA_IF_CONFIGURED"))  # fmt: skip
    _Risk(
        scope,
        "Risks",
        user_pool_id=pool.user_pool_id,
        client_id="ALL",
        compromised_credentials_risk_configuration=_Risk.CompromisedCredentialsRiskConfigurationTypeProperty(
            actions=_Risk.CompromisedCredentialsActionsTypeProperty(event_action="BLOCK"),
            event_filter=["SIGN_IN", "SIGN_UP", "PASSWORD_CHANGE"],
        ),
        account_takeover_risk_configuration=_Risk.AccountTakeoverRiskConfigurationTypeProperty(
            actions=_Risk.AccountTakeoverActionsTypeProperty(high_action=refuse, medium_action=check, low_action=check)
        ),
    )
