"""The way in: what CloudFront keeps and passes on, what the firewall stops, and what neither writes down."""

import json
from dataclasses import replace

import pytest

from infra.app import placeholder_bundles, synthesize
from infra.config import ConfigError, Edge
from infra.edge.firewall import COMMON_COUNTED
from infra.edge.origin_secret import HEADER
from infra.stages import PROD
from portal.crypto import deployment_secrets
from portal.http.pages.rendering import STATIC
from portal.http.security import FIXED, HSTS
from tests.unit.infra.conftest import read

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d"
FIREWALL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ours/1"
# Managed policies' ids (CloudFront Developer Guide, "Use managed cache policies", "... origin request policies").
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def distribution(template):
    (one,) = template.properties_of("AWS::CloudFront::Distribution")
    return one["DistributionConfig"]


def rules(template):
    (acl,) = template.properties_of("AWS::WAFv2::WebACL")
    return {rule["Name"]: rule for rule in acl["Rules"]}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An edge with a domain of its own, in a region where no firewall for it can stand."""
    edge = Edge(domain="scans.example.org", certificate_arn=CERTIFICATE, firewall_arn=FIREWALL, countries=())
    config = replace(PROD, region="eu-central-1", edge=edge)
    return synthesize(config=config, bundles=placeholder_bundles(), out=tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def own_domain(elsewhere):
    return read(elsewhere, "SilentScalper-Edge")


def test_a_limit_that_the_firewall_does_not_take_is_refused():
    with pytest.raises(ConfigError, match="requests_per_five_minutes"):
        replace(PROD, edge=Edge(requests_per_five_minutes=9))


def test_of_pages_and_answers_nothing_is_kept_and_everything_but_the_host_is_passed_on(edge):
    behaviour = distribution(edge)["DefaultCacheBehavior"]
    assert (behaviour["CachePolicyId"], behaviour["OriginRequestPolicyId"]) == (CACHING_DISABLED, ALL_BUT_HOST)
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(behaviour["AllowedMethods"])


def test_only_built_files_are_kept_and_asked_for_without_cookies(edge):
    (behaviour,) = distribution(edge)["CacheBehaviors"]
    assert behaviour["PathPattern"] == f"{STATIC}/*"
    assert (behaviour["CachePolicyId"], behaviour["Compress"]) == (CACHING_OPTIMIZED, True)
    assert "OriginRequestPolicyId" not in behaviour


def test_viewers_and_origin_speak_tls_only(edge):
    config = distribution(edge)
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {behaviour["ViewerProtocolPolicy"] for behaviour in behaviours} == {"redirect-to-https"}
    (origin,) = config["Origins"]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_viewers_come_by_modern_protocols_from_the_stages_countries(edge):
    config = distribution(edge)
    assert (config["HttpVersion"], config["IPV6Enabled"]) == ("http2and3", True)
    assert config["Restrictions"]["GeoRestriction"] == {"RestrictionType": "whitelist", "Locations": ["US"]}


def test_a_domain_of_ones_own_refuses_tls_below_1_2_and_is_the_portals_address(own_domain, elsewhere):
    config = distribution(own_domain)
    assert config["Aliases"] == ["scans.example.org"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    core = read(elsewhere, "SilentScalper")
    assert core.content["Parameters"]["PortalOriginParameter"]["Default"] == "https://scans.example.org"


def test_a_firewall_made_elsewhere_is_used_where_none_can_stand(own_domain):
    assert distribution(own_domain)["WebACLId"] == FIREWALL
    assert "AWS::WAFv2::WebACL" not in {body["Type"] for body in own_domain.resources.values()}


def test_without_countries_everybody_may_try(own_domain):
    assert "Restrictions" not in distribution(own_domain)


def test_the_edge_sends_the_header_that_the_gateway_and_the_portal_look_for(edge):
    (origin,) = distribution(edge)["Origins"]
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == HEADER == deployment_secrets.ORIGIN_HEADER


def test_the_secret_stands_in_no_template(edge, prod):
    (origin,) = distribution(edge)["Origins"]
    text, version = origin["OriginCustomHeaders"][0]["HeaderValue"]["Fn::Sub"]
    assert text == "{{resolve:secretsmanager:silent-scalper/prod/origin:SecretString:::${Version}}}"
    # Another version is another template to CloudFormation, which would not look again otherwise.
    assert version == {"Version": {"Ref": "OriginVersion"}}
    assert "AWS::SecretsManager::Secret" not in {body["Type"] for body in edge.resources.values()}
    (portals,) = prod.properties_of("AWS::SecretsManager::Secret")
    assert "Name" not in portals


def test_the_portal_alone_may_read_the_secret_and_no_other_one_but_its_own(prod):
    _, statement = [one for one in prod.statements_of("PortalFunction") if one["Action"].startswith("secretsmanager:")]
    assert statement["Action"] == "secretsmanager:GetSecretValue"
    assert str(statement["Resource"]["Fn::Join"][1][-1]).endswith(":secret:silent-scalper/prod/origin-??????")
    assert prod.named_by("PortalFunction")["Environment"]["Variables"]["SCALPER_ORIGIN_SECRET"] in str(statement)
    for function in ("JudgeFunction", "ProjectorFunction", "SweepFunction"):
        assert "secretsmanager:GetSecretValue" not in prod.actions(function)


def test_where_there_is_no_edge_there_is_no_secret(local):
    assert "SCALPER_ORIGIN_SECRET" not in local.named_by("PortalFunction")["Environment"]["Variables"]
    (statement,) = [one for one in local.statements_of("PortalFunction") if one["Action"].startswith("secretsmanager:")]
    assert (
        statement["Resource"] == local.named_by("PortalFunction")["Environment"]["Variables"]["SCALPER_PORTAL_SECRET"]
    )


def test_answers_that_the_portal_never_saw_get_its_headers_and_none_is_replaced(edge):
    (policy,) = edge.properties_of("AWS::CloudFront::ResponseHeadersPolicy")
    config = policy["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    custom = {item["Header"]: item["Value"] for item in config["CustomHeadersConfig"]["Items"]}
    sent = {
        **custom,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
    }
    assert sent == FIXED
    transport = security["StrictTransportSecurity"]
    assert f"max-age={transport['AccessControlMaxAgeSec']}; includeSubDomains" == HSTS
    assert transport["IncludeSubdomains"] is True
    overrides = [*security.values(), *config["CustomHeadersConfig"]["Items"]]
    assert not any(one["Override"] for one in overrides)
    behaviours = [distribution(edge)["DefaultCacheBehavior"], *distribution(edge)["CacheBehaviors"]]
    assert all(behaviour["ResponseHeadersPolicyId"] for behaviour in behaviours)


def test_the_firewall_stands_before_the_distribution_with_awss_rules(edge):
    (acl,) = edge.of_type("AWS::WAFv2::WebACL")
    assert distribution(edge)["WebACLId"] == {"Fn::GetAtt": [acl, "Arn"]}
    managed = [rule["Statement"].get("ManagedRuleGroupStatement", {}).get("Name") for rule in rules(edge).values()]
    assert {
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesAmazonIpReputationList",
    } <= set(managed)


def test_rules_cost_by_the_month_so_they_are_few(edge):
    assert len(rules(edge)) <= 6


def test_rules_that_bodies_of_ours_would_break_only_count(edge):
    overrides = rules(edge)["Common"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert {one["Name"] for one in overrides} == set(COMMON_COUNTED)
    assert {json.dumps(one["ActionToUse"]) for one in overrides} == {'{"Count": {}}'}
    assert not rules(edge)["KnownBadInputs"]["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides")


def test_a_client_is_limited_by_its_token_or_session_and_all_of_an_address_together(edge):
    limits = {
        name: rule["Statement"]["RateBasedStatement"]
        for name, rule in rules(edge).items()
        if "RateBasedStatement" in rule["Statement"]
    }
    keys = {name: json.dumps(limit.get("CustomKeys", limit["AggregateKeyType"])) for name, limit in limits.items()}
    assert '"Header": {"Name": "authorization"' in keys["PerToken"]
    assert '"Cookie": {"Name": "__Host-scalper-refresh"' in keys["PerSession"]
    assert keys["PerAddress"] == '"IP"'
    each = PROD.edge.requests_per_five_minutes
    assert {name: limit["Limit"] for name, limit in limits.items()} == {
        "PerToken": each,
        "PerSession": each,
        "PerAddress": 10 * each,
    }
    assert {rules(edge)[name]["Action"]["Block"]["CustomResponse"]["ResponseCode"] for name in limits} == {429}


def test_the_firewalls_log_is_encrypted_ends_and_holds_no_address_query_or_token(edge):
    (logging,) = edge.properties_of("AWS::WAFv2::LoggingConfiguration")
    (group,) = edge.properties_of("AWS::Logs::LogGroup")
    begins, drawn = group["LogGroupName"]["Fn::Join"][1]
    assert begins == "aws-waf-logs-silentscalper-"
    (destination,) = logging["LogDestinationConfigs"]
    assert drawn in destination["Fn::Join"][1]
    assert any(str(part).endswith(f":{begins}") for part in destination["Fn::Join"][1])
    assert group["KmsKeyId"]
    assert group["RetentionInDays"] == PROD.retention.logs_days
    redacted = {json.dumps(field) for field in logging["RedactedFields"]}
    assert {'{"UriPath": {}}', '{"QueryString": {}}'} <= redacted
    for header in ("authorization", "cookie", "referer", "hx-current-url"):
        assert json.dumps({"SingleHeader": {"Name": header}}) in redacted


def test_nor_do_its_samples_and_its_rules_details(edge):
    (acl,) = edge.properties_of("AWS::WAFv2::WebACL")
    seen = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in rules(edge).values())]
    assert not any(one["SampledRequestsEnabled"] for one in seen)
    protections = acl["DataProtectionConfig"]["DataProtections"]
    assert not any(one["ExcludeRuleMatchDetails"] or one["ExcludeRateBasedDetails"] for one in protections)
    kinds = {one["Field"]["FieldType"] for one in protections}
    assert kinds == {"SINGLE_HEADER", "SINGLE_COOKIE", "QUERY_STRING", "BODY"}
