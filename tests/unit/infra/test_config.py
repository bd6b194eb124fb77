"""A stage's file: what cannot be is refused with its reason, and what it leaves out is the safe choice."""

from dataclasses import fields, replace

import pytest

from infra.config import ConfigError, Edge, FunctionConfig, Retention, StageConfig
from infra.handmade import Delivery, Mail
from infra.stages import EXAMPLE, LOCAL, PROD, STAGES, STAGING

CERTIFICATE = EXAMPLE.edge.certificate_arn
FIREWALL = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/b"
IDENTITY = EXAMPLE.mail.identity_arn
ELSEWHERE = IDENTITY.replace("us-east-1", "ap-southeast-2")

WRONG = {
    "account must have twelve digits": {"account": "1234"},
    "alert_emails must be e-mail addresses": {"alert_emails": ("operations",)},
    "retain_data keeps an audit for less than six years": {"retention": Retention(audit_days=6 * 365 + 1)},
    "accepted files move to Standard-IA after 30 days": {"retention": Retention(accepted_infrequent_days=29)},
    "and to Glacier later than that": {"retention": Retention(accepted_infrequent_days=90, accepted_glacier_days=90)},
    "judge_maximum_concurrency must be at least 2": {"judge_maximum_concurrency": 1},
    "browser_origins are https origins": {"browser_origins": ("https://viewer.example.org", "*")},
    "scheme and host and nothing more": {"browser_origins": ("https://viewer.example.org/",)},
    "judge_maximum_concurrency must be at most what the judge reserves": {"judge_maximum_concurrency": 61},
    "a pipeline brings releases to data that nobody is told of": {"delivery": {}, "alert_emails": ()},
    "mail.identity_arn must be an identity of SES": {"mail": Mail(identity_arn="example.org", sender="a@example.org")},
    "mail.identity_arn is of a region whose SES": {"mail": Mail(identity_arn=ELSEWHERE, sender="a@example.org")},
    "mail.sender must be an e-mail address": {"mail": Mail(identity_arn=IDENTITY, sender="example.org")},
    "mail.sender must be an e-mail address of the identity's": {
        "mail": Mail(identity_arn=IDENTITY, sender="a@badexample.org")
    },
    "edge.domain and edge.certificate_arn go together": {"edge": Edge(domain="scans.example.org")},
    "edge.certificate_arn must be one of ACM in us-east-1": {
        "edge": Edge(domain="scans.example.org", certificate_arn=CERTIFICATE.replace("us-east-1", "eu-west-1"))
    },
    "edge.countries are two capital letters each": {"edge": Edge(countries=("us",))},
    "what is kept is reached by TLS 1.2": {"edge": Edge()},
    "edge.firewall_arn is needed outside us-east-1": {"region": "eu-central-1"},
    "delivery.repository is written owner/name": {"delivery": {"repository": "silent-scalper"}},
    "delivery.connection_arn must be a connection": {"delivery": {"connection_arn": "arn:aws:s3:::bucket"}},
    "delivery.smoke_credentials_arn must be a whole ARN": {
        "delivery": {"smoke_credentials_arn": "silent-scalper/smoke"}
    },
    "delivery.approvers must be e-mail addresses, at least one": {"delivery": {"approvers": ()}},
    "delivery.approvers must be e-mail addresses": {"delivery": {"approvers": ("somebody",)}},
    "delivery.staging must be another stage": {"delivery": {"staging": "prod"}},
    "delivery.watch_minutes must be between 1 and 1440": {"delivery": {"watch_minutes": 0}},
}

SHARED = {"name", "prefix", "account", "region"}


@pytest.mark.parametrize("complaint", WRONG)
def test_what_cannot_be_deployed_is_refused_with_its_file_and_its_reason(complaint):
    changes = dict(WRONG[complaint])
    if isinstance(changes.get("delivery"), dict):
        changes["delivery"] = replace(EXAMPLE.delivery, **changes["delivery"])
        changes.setdefault("alert_emails", EXAMPLE.alert_emails)
    with pytest.raises(ConfigError) as refused:
        StageConfig(**{"name": "prod", "edge": PROD.edge, **changes})
    assert str(refused.value).startswith("infra/stages.py, stage prod: ")
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "good",
    [
        {"region": "eu-central-1", "edge": None},
        {"region": "eu-central-1", "edge": replace(EXAMPLE.edge, firewall_arn=FIREWALL)},
        {"edge": Edge(admits_old_tls=True)},
        {"edge": Edge(), "retain_data": False},
        {"retention": Retention(accepted_glacier_days=30)},
        {"retain_data": False, "retention": Retention(audit_days=1)},
        {"reserve_concurrency": False, "judge_maximum_concurrency": 61},
        {"judge": FunctionConfig(memory_mib=1024, timeout_s=300), "judge_maximum_concurrency": 61},
        {"mail": Mail(identity_arn=IDENTITY, sender="a@example.org")},
        {"mail": Mail(identity_arn=f"{IDENTITY[:-11]}a@example.org", sender="a@example.org")},
        {"region": "ap-southeast-2", "edge": None, "mail": Mail(identity_arn=ELSEWHERE, sender="a@b.example.org")},
        {"region": "ap-southeast-2", "edge": None, "mail": Mail(identity_arn=IDENTITY, sender="a@example.org")},
        {"delivery": EXAMPLE.delivery, "retain_data": False},
    ],
)
def test_what_can_be_deployed_is_taken(good):
    StageConfig(**{"name": "prod", "edge": EXAMPLE.edge, **good})


def test_production_says_nothing_but_that_it_has_no_domain_yet_and_so_has_every_safe_default():
    assert StageConfig(name="prod", edge=Edge(admits_old_tls=True)) == PROD
    assert PROD.retain_data
    assert PROD.mfa_required
    assert PROD.threat_protection
    assert PROD.backup
    assert PROD.audit
    assert replace(PROD.edge, admits_old_tls=False) == Edge()
    assert PROD.edge.countries == ("US",)
    assert not PROD.loopback_webhooks
    assert PROD.delivery is None
    assert PROD.monthly_budget_usd


def test_production_keeps_the_audit_for_six_years_and_accepted_files_for_good():
    kept = PROD.retention
    assert kept.audit_days >= 6 * 365 + 2
    assert kept.logs_days > 365
    assert (kept.incoming_days, kept.quarantine_days) == (7, 90)
    assert kept.accepted_infrequent_days is None
    assert kept.accepted_glacier_days is None


def test_staging_is_production_but_for_its_data_its_budget_and_that_it_may_be_tried_by_any_name():
    differing = {
        field.name for field in fields(StageConfig) if getattr(STAGING, field.name) != getattr(PROD, field.name)
    }
    assert differing - SHARED == {"retain_data", "monthly_budget_usd", "edge"}
    assert replace(PROD.edge, admits_old_tls=False) == STAGING.edge


def test_only_this_machine_lets_webhooks_lead_home():
    assert {stage.name for stage in STAGES.values() if stage.loopback_webhooks} == {LOCAL.name}


def test_stages_that_may_share_an_account_have_different_stacks():
    deployed = [PROD.prefix, STAGING.prefix, EXAMPLE.prefix]
    assert len(set(deployed)) == len(deployed)


def test_a_delivery_names_what_it_needs_and_assumes_the_rest():
    given = {"repository", "connection_arn", "smoke_credentials_arn", "approvers"}
    one = Delivery(**{name: getattr(EXAMPLE.delivery, name) for name in given})
    assert (one.branch, one.staging, one.watch_minutes) == ("main", "staging", 30)
