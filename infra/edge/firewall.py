"""The edge's firewall: AWS's managed rules, and how much one client may ask for. Six rules, billed by the month."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.config import Edge, StageConfig
from infra.observability.logs import add_log_group
from infra.retention import choose_removal, name_once

PEOPLE_AT_ONE_ADDRESS = 10
"""A clinic's people come from one address, so it may ask for as much as so many of them."""

SESSION_COOKIE = "__Host-scalper-refresh"
"""The cookie that stays the same for as long as a session does (`portal/sign_in/cookies.py`)."""

COMMON_COUNTED = {
    "SizeRestrictions_BODY": "500 announced files, a form or a DICOMweb message are larger than 8 KB",
    "CrossSiteScripting_BODY": "DICOM's bytes look like anything; pages escape every value, and the CSP runs no script",
    "GenericLFI_BODY": "file names of clinics hold dots and slashes, and never become a path",
    "GenericRFI_BODY": "partners register addresses; the portal itself decides which may be called",
    "NoUserAgent_HEADER": "imaging devices that speak DICOMweb may name none",
    "RestrictedExtensions_QUERYARGUMENTS": "people search for files by name, whatever its ending",
}
"""Rules of AWS's common set that only count here, and why."""

_NOT_LOGGED = ("authorization", "cookie", "referer", "hx-current-url", "x-csrf-token")
"""Headers that hold secrets, or addresses of pages, whose queries may hold a patient's id."""

_TOO_MANY = """{"type": "about:blank", "title": "Too many requests", "status": 429,
 "detail": "Wait for as many seconds as `Retry-After` says, then repeat."}"""


class Firewall(Construct):
    """A web ACL for CloudFront, which has to stand in us-east-1, and its log, which holds nothing of a patient's."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: StageConfig, edge: Edge, log_key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        acl = waf.CfnWebACL(
            self,
            "Acl",
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            custom_response_bodies={
                "TooMany": waf.CfnWebACL.CustomResponseBodyProperty(content=_TOO_MANY, content_type="APPLICATION_JSON")
            },
            data_protection_config=waf.CfnWebACL.DataProtectionConfigProperty(data_protections=_protect_data()),
            rules=_list_rules(edge.requests_per_five_minutes),
            visibility_config=_set_visibility(config.prefix),
        )
        self.arn = acl.attr_arn
        self._log_requests(config, log_key)

    def _log_requests(self, config: StageConfig, key: kms.IKey) -> None:
        name = name_once(f"aws-waf-logs-{config.prefix.lower()}")
        group = add_log_group(
            self,
            "Logs",
            log_group_name=name,  # WAF writes to no group whose name begins otherwise.
            key=key,
            days=config.retention.logs_days,
            removal_policy=choose_removal(config),
        )
        destination = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        told = [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")]
        keep = {"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": told}
        field = waf.CfnLoggingConfiguration.FieldToMatchProperty
        headers = [field(single_header={"Name": header}) for header in _NOT_LOGGED]
        logging = waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=self.arn,
            log_destination_configs=[destination],
            logging_filter={"DefaultBehavior": "DROP", "Filters": [keep]},
            redacted_fields=[*headers, field(query_string={}), field(uri_path={})],
        )
        logging.node.add_dependency(group)


def _list_rules(limit: int) -> Sequence[waf.CfnWebACL.RuleProperty]:
    """What is cheapest to tell comes first."""
    token = waf.CfnWebACL.RateBasedStatementCustomKeyProperty(
        header=waf.CfnWebACL.RateLimitHeaderProperty(name="authorization", text_transformations=_AS_IT_IS)
    )
    session = waf.CfnWebACL.RateBasedStatementCustomKeyProperty(
        cookie=waf.CfnWebACL.RateLimitCookieProperty(name=SESSION_COOKIE, text_transformations=_AS_IT_IS)
    )
    return [
        _build_managed_rule(0, "IpReputation", "AWSManagedRulesAmazonIpReputationList"),
        # A rule passes over requests that lack its key, so each way to show who one is has its own; the address counts
        # for all, since tokens can be invented.
        _build_rate_rule(1, "PerAddress", limit * PEOPLE_AT_ONE_ADDRESS, "IP"),
        _build_rate_rule(2, "PerToken", limit, "CUSTOM_KEYS", [token]),
        _build_rate_rule(3, "PerSession", limit, "CUSTOM_KEYS", [session]),
        _build_managed_rule(4, "KnownBadInputs", "AWSManagedRulesKnownBadInputsRuleSet"),
        _build_managed_rule(5, "Common", "AWSManagedRulesCommonRuleSet", counted=tuple(COMMON_COUNTED)),
    ]


_AS_IT_IS = [waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")]


def _build_managed_rule(
    priority: int, name: str, group: str, counted: Sequence[str] = ()
) -> waf.CfnWebACL.RuleProperty:
    """A group of rules that AWS keeps up to date; those in `counted` stop nobody."""
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    waf.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in counted
                ],
            )
        ),
        visibility_config=_set_visibility(name),
    )


def _build_rate_rule(
    priority: int,
    name: str,
    limit: int,
    kind: str,
    keys: Sequence[waf.CfnWebACL.RateBasedStatementCustomKeyProperty] | None = None,
) -> waf.CfnWebACL.RuleProperty:
    """So many requests within five minutes; what is more is answered as the portal answers it, with 429."""
    too_many = waf.CfnWebACL.CustomResponseProperty(
        response_code=429,
        custom_response_body_key="TooMany",
        response_headers=[waf.CfnWebACL.CustomHTTPHeaderProperty(name="Retry-After", value="60")],
    )
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(block=waf.CfnWebACL.BlockActionProperty(custom_response=too_many)),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type=kind, custom_keys=keys, limit=limit, evaluation_window_sec=300
            )
        ),
        visibility_config=_set_visibility(name),
    )


def _set_visibility(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    # Samples would show whole addresses, and by DICOMweb these name studies.
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _protect_data() -> list[waf.CfnWebACL.DataProtectProperty]:
    """Hide values wherever the firewall would show them, the rules' own details too; a token's hash still tells
    clients apart."""

    def protect(action: str, kind: str, keys: Sequence[str] | None = None) -> waf.CfnWebACL.DataProtectProperty:
        field = waf.CfnWebACL.FieldToProtectProperty(field_type=kind, field_keys=keys)
        return waf.CfnWebACL.DataProtectProperty(
            action=action, field=field, exclude_rate_based_details=False, exclude_rule_match_details=False
        )

    return [
        protect("HASH", "SINGLE_HEADER", ["authorization"]),
        protect("SUBSTITUTION", "SINGLE_HEADER", list(_NOT_LOGGED[1:])),
        protect("HASH", "SINGLE_COOKIE", [SESSION_COOKIE]),
        protect("SUBSTITUTION", "QUERY_STRING"),
        protect("SUBSTITUTION", "BODY"),
    ]
