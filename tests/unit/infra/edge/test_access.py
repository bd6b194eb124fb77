"""How people and partners get in: sign-in, tokens, and what the gateway asks of whom."""

import pytest

from infra.edge.origin_secret import HEADER
from infra.stages import EXAMPLE
from intake.languages import LANGUAGES
from scalper.admin.loopback import PORTS
from tests.unit.infra.conftest import template_of


def routes(template):
    return {route["RouteKey"]: route for route in template.properties_of("AWS::ApiGatewayV2::Route")}


def test_the_rest_api_needs_a_token_of_a_client_that_the_gateway_was_told_of(template):
    authorizer = template.named_by("AuthorizerId")
    ours = [{"Ref": template.output(name)} for name in ("WebClientId", "CliClientId")]
    assert authorizer["JwtConfiguration"]["Audience"] == ours
    assert template.output("UserPoolId") in str(authorizer["JwtConfiguration"]["Issuer"])
    assert routes(template)["ANY /api/{proxy+}"]["AuthorizationType"] == "JWT"


OPEN = ["GET /api/docs", "GET /api/docs/{proxy+}", "GET /api/openapi.json", "ANY /", "ANY /{proxy+}"]


@pytest.mark.parametrize("route", OPEN)
def test_pages_and_the_documentation_of_the_api_need_no_token(local, route):
    assert routes(local)[route].get("AuthorizationType", "NONE") == "NONE"


@pytest.mark.parametrize("route", OPEN)
def test_behind_an_edge_they_need_its_secret(prod, route):
    authorizer = prod.resources[routes(prod)[route]["AuthorizerId"]["Ref"]]["Properties"]
    assert routes(prod)[route]["AuthorizationType"] == "CUSTOM"
    assert (authorizer["AuthorizerType"], authorizer["IdentitySource"]) == ("REQUEST", [f"$request.header.{HEADER}"])
    assert prod.output("PortalFunction") in str(authorizer["AuthorizerUri"])


def test_behind_an_edge_no_route_is_open(prod):
    assert "NONE" not in {route.get("AuthorizationType", "NONE") for route in routes(prod).values()}


def test_every_other_path_below_api_is_guarded(template):
    open_below_api = {key for key, route in routes(template).items() if "/api" in key} - {
        key for key, route in routes(template).items() if route.get("AuthorizationType") == "JWT"
    }
    assert open_below_api == {"GET /api/docs", "GET /api/docs/{proxy+}", "GET /api/openapi.json"}


def test_requests_are_throttled_and_logged_without_query_or_body(template):
    (stage,) = template.properties_of("AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0
    logged = stage["AccessLogSettings"]["Format"]
    assert "$context.requestId" in logged
    assert "query" not in logged.lower()


def test_only_an_admin_creates_users_and_their_passwords_are_strong(template):
    pool = template.named_by("UserPoolId")
    policy = pool["Policies"]["PasswordPolicy"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))


def test_production_requires_a_second_factor_from_an_authenticator_app(prod):
    pool = prod.named_by("UserPoolId")
    assert pool["MfaConfiguration"] == "ON"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_passwords_that_leaked_and_sign_ins_that_look_like_anothers_are_refused(prod):
    """Enforced threat protection without a risk configuration lets everybody in."""
    pool = prod.named_by("UserPoolId")
    assert pool["UserPoolTier"] == "PLUS"
    assert pool["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
    (risks,) = prod.properties_of("AWS::Cognito::UserPoolRiskConfigurationAttachment")
    assert (risks["UserPoolId"], risks["ClientId"]) == ({"Ref": prod.output("UserPoolId")}, "ALL")
    leaked = risks["CompromisedCredentialsRiskConfiguration"]
    assert leaked["Actions"] == {"EventAction": "BLOCK"}
    assert set(leaked["EventFilter"]) == {"SIGN_IN", "SIGN_UP", "PASSWORD_CHANGE"}
    taken = risks["AccountTakeoverRiskConfiguration"]
    assert {risk: action["EventAction"] for risk, action in taken["Actions"].items()} == {
        "HighAction": "BLOCK",
        "MediumAction": "MFA_IF_CONFIGURED",
        "LowAction": "MFA_IF_CONFIGURED",
    }
    # Cognito writes to people by SES only, of which a stage may have no identity.
    assert "NotifyConfiguration" not in taken
    assert not any(action["Notify"] for action in taken["Actions"].values())


def test_a_stage_without_threat_protection_configures_no_risks(local):
    assert "AWS::Cognito::UserPoolRiskConfigurationAttachment" not in str(local.content)


def test_the_local_stage_asks_for_none(local):
    assert local.named_by("UserPoolId")["MfaConfiguration"] == "OFF"


def test_the_portal_signs_in_by_code_without_a_secret_and_its_tokens_are_short_lived(template):
    client = template.named_by("WebClientId")
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is False
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["EnableTokenRevocation"] is True
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["AccessTokenValidity"] <= 15
    assert client["RefreshTokenValidity"] == 12 * 60
    assert client["TokenValidityUnits"] == dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes")


def test_partners_clients_can_be_granted_three_scopes_and_are_made_by_admins_only(template):
    (server,) = template.properties_of("AWS::Cognito::UserPoolResourceServer")
    assert server["Identifier"] == "scalper"
    assert [scope["ScopeName"] for scope in server["Scopes"]] == ["upload", "read", "webhooks"]
    clients = template.properties_of("AWS::Cognito::UserPoolClient")
    assert [client["AllowedOAuthFlows"] for client in clients] == [["code"]] * 2


def test_the_console_command_signs_admins_in_without_a_secret_and_to_this_machine_only(template):
    client = template.named_by("CliClientId")
    assert client["GenerateSecret"] is False
    assert (client["AllowedOAuthFlows"], client["AllowedOAuthScopes"]) == (["code"], ["openid"])
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["CallbackURLs"] == [f"http://localhost:{port}/callback" for port in PORTS]
    assert "LogoutURLs" not in client
    assert client["EnableTokenRevocation"] is True
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    validity = (client["AccessTokenValidity"], client["RefreshTokenValidity"], client["TokenValidityUnits"])
    assert validity == (15, 60, dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes"))


def test_managed_login_shows_its_pages_to_both_clients(prod):
    shown = prod.properties_of("AWS::Cognito::ManagedLoginBranding")
    assert {str(one["ClientId"]) for one in shown} == {
        str({"Ref": prod.output(name)}) for name in ("WebClientId", "CliClientId")
    }


def test_invitations_say_where_to_sign_in(template):
    message = str(template.named_by("UserPoolId")["AdminCreateUserConfig"]["InviteMessageTemplate"])
    assert "{username}" in message
    assert "{####}" in message


def test_mails_of_the_user_pool_are_written_in_every_language_and_name_what_it_fills_in_once(template):
    pool = template.named_by("UserPoolId")
    invitation = pool["AdminCreateUserConfig"]["InviteMessageTemplate"]
    code = pool["VerificationMessageTemplate"]
    for subject, body, parts in (
        (invitation["EmailSubject"], str(invitation["EmailMessage"]), ("{username}", "{####}")),
        (code["EmailSubject"], code["EmailMessage"], ("{####}",)),
    ):
        assert [body.count(part) for part in parts] == [1] * len(parts)
        assert all(f'<p lang="{language}">' in body for language in LANGUAGES)
        # Amazon Cognito API Reference, "MessageTemplateType".
        assert len(subject) <= 140
        assert subject.isascii()
    assert "Silent Scalper / Ihr Konto bei" in invitation["EmailSubject"]
    assert "Vorläufiges Passwort" in str(invitation)
    assert code["DefaultEmailOption"] == "CONFIRM_WITH_CODE"


def test_admins_have_a_group(template):
    assert "admin" in [group["GroupName"] for group in template.properties_of("AWS::Cognito::UserPoolGroup")]


def test_mails_are_cognitos_own_unless_the_stage_names_an_identity_of_ses(prod, tmp_path):
    assert "EmailConfiguration" not in prod.named_by("UserPoolId")
    sent = template_of(EXAMPLE, tmp_path).named_by("UserPoolId")["EmailConfiguration"]
    mail = EXAMPLE.mail
    assert sent == {"EmailSendingAccount": "DEVELOPER", "SourceArn": mail.identity_arn, "From": mail.sender}


ASKED_BEFORE = ("OPTIONS /api/{proxy+}", "OPTIONS /dicomweb/{proxy+}")


def test_a_browser_may_ask_without_a_token_only_where_a_stage_lists_websites(local, prod, tmp_path):
    example = template_of(EXAMPLE, tmp_path)
    opened = {key: route for key, route in routes(example).items() if key.startswith("OPTIONS")}
    assert set(opened) == set(ASKED_BEFORE)
    assert {route["AuthorizationType"] for route in opened.values()} == {"CUSTOM"}, "of the edge"
    assert not [key for template in (local, prod) for key in routes(template) if key.startswith("OPTIONS")]
    told = [each["Environment"]["Variables"] for each in example.properties_of("AWS::Lambda::Function")]
    listed = {names["SCALPER_BROWSER_ORIGINS"] for names in told if "SCALPER_BROWSER_ORIGINS" in names}
    assert listed == {" ".join(EXAMPLE.browser_origins)}


def test_the_buckets_answer_other_websites_only_where_a_stage_lists_them(local, tmp_path):
    def origins(template, bucket):
        rules = template.named_by(bucket).get("CorsConfiguration", {}).get("CorsRules", ())
        return [rule["AllowedOrigins"] for rule in rules]

    example = template_of(EXAMPLE, tmp_path)
    assert (origins(example, "AcceptedBucket"), origins(example, "RenditionsBucket")) == ([["*"]], [["*"]])
    assert origins(local, "AcceptedBucket") != [["*"]]
    assert origins(local, "RenditionsBucket") == []
    assert origins(example, "IncomingBucket") != [["*"]]
    assert origins(example, "QuarantineBucket") == []
