"""What every account has to have before a stage is deployed to it, as far as AWS's API tells.

The table in docs/delivery.md, "Before the first deployment", has a row for each, and for what no API tells.
"""

from collections.abc import Iterator
from dataclasses import fields

from infra.config import FunctionConfig
from infra.delivery.findings import Account, Check, Finding, good_to_know, missing
from infra.delivery.rollout import STUCK, list_stacks, require_listener
from infra.edge.origin_secret import secret_name
from infra.errors import RunnerError

_UNRESERVED = 100
"""Executions that Lambda leaves to functions without a reservation (Lambda guide, "Configuring reserved
concurrency")."""

_BESIDE_THE_JUDGE = 8
"""At a time, at the least: projector and exporter by stream and two letters each, the sweep, a page of the portal."""

_USUAL = 1000
"""The quota of an account that AWS knows; a new one begins with 10 (Lambda guide, "Lambda quotas")."""

_TRAILS = 5
"""In a region, with those of other regions that record all of them (CloudTrail guide, "Quotas")."""


def find_listener(account: Account) -> Iterator[Finding]:
    try:
        require_listener(account.config)
    except RunnerError as silence:
        yield missing(str(silence))


def find_root(account: Account) -> Iterator[Finding]:
    if account.ask("sts", "get_caller_identity")["Arn"].endswith(":root"):
        yield good_to_know(
            "These are the root user's credentials, whose every use is told (RootUse): make people in IAM Identity "
            "Center, and deploy as one of them."
        )


def find_bootstrap(account: Account) -> Iterator[Finding]:
    version = "/cdk-bootstrap/hnb659fds/version"
    if not account.ask("ssm", "get_parameter", none="ParameterNotFound", Name=version):
        yield missing(
            f"The CDK's bucket and roles are missing in {account.config.region}: run "
            f"`make bootstrap STAGE={account.config.name}`."
        )


def find_origin_secret(account: Account) -> Iterator[Finding]:
    if account.config.edge is None:
        return
    name, region = secret_name(account.config), account.config.region
    secret = account.ask("secretsmanager", "describe_secret", none="ResourceNotFoundException", SecretId=name)
    if not secret:
        yield missing(f"There is no secret {name}: run `make bootstrap STAGE={account.config.name}`.")
    elif secret.get("DeletedDate"):
        yield missing(
            f"The secret {name} is about to be deleted: run "
            f"`aws secretsmanager restore-secret --secret-id {name} --region {region}`."
        )


def find_stuck_stacks(account: Account) -> Iterator[Finding]:
    for name in list_stacks(account.config):
        answer = account.ask("cloudformation", "describe_stacks", none="ValidationError", StackName=name)
        status = answer["Stacks"][0]["StackStatus"] if answer else ""
        if status in STUCK:
            yield missing(f'{name} is {status}: docs/runbook.md, "A deployment that is stuck", says how to go on.')


def find_concurrency(account: Account) -> Iterator[Finding]:
    """Look whether what the stage reserves, or else what it runs at a time, fits into what Lambda gives the account."""
    limits = account.ask("lambda", "get_account_settings")["AccountLimit"]
    total, config = limits["ConcurrentExecutions"], account.config
    need = config.judge_maximum_concurrency + _BESIDE_THE_JUDGE
    # Nobody can run what is reserved for others.
    short = need - limits["UnreservedConcurrentExecutions"]
    few = f"reserve_concurrency=False, judge_maximum_concurrency={max(2, min(need, total) - _BESIDE_THE_JUDGE)}"
    what = f"runs up to {need} at a time"
    if config.reserve_concurrency:
        sizes = [getattr(config, field.name) for field in fields(config)]
        reserved = sum(one.reserved_concurrency or 0 for one in sizes if isinstance(one, FunctionConfig))
        short = reserved + _UNRESERVED - limits["UnreservedConcurrentExecutions"] - _count_ours(account)
        what = f"reserves {reserved}, beside the {_UNRESERVED} that Lambda keeps for others"
    if short > 0:
        yield missing(
            f"Lambda lets this account run {total} at a time in {config.region}, and the stage {what}: ask for "
            f"{max(_USUAL, total + short)} (`aws service-quotas request-service-quota-increase --service-code lambda "
            f"--quota-code L-B99A9384 --desired-value {max(_USUAL, total + short)} --region {config.region}`), or say "
            f"{few} in infra/stages.py."
        )


def _count_ours(account: Account) -> int:
    """Return what a stack that stands has reserved already: a deployment takes that once, and not twice."""
    names = [value for name, value in account.outputs(account.config.prefix).items() if name.endswith("Function")]
    answers = (account.ask("lambda", "get_function_concurrency", FunctionName=name) for name in names)
    return sum(answer.get("ReservedConcurrentExecutions", 0) for answer in answers)


def find_trails(account: Account) -> Iterator[Finding]:
    if not account.config.audit:
        return
    trails = account.ask("cloudtrail", "describe_trails", includeShadowTrails=True)["trailList"]
    others = [one["Name"] for one in trails if not one["Name"].startswith(f"{account.config.prefix}-")]
    if len(others) >= _TRAILS:
        yield missing(
            f"{account.config.region} has {len(others)} trails ({', '.join(others)}), and CloudTrail allows {_TRAILS}: "
            f"delete one (`aws cloudtrail delete-trail --name {others[0]}`), or say audit=False in infra/stages.py."
        )
    elif others:
        yield good_to_know(
            f"{others[0]} records calls to this account already: the second copy of each costs 2 USD per 100,000."
        )


def find_backups(account: Account) -> Iterator[Finding]:
    if not account.config.backup:
        return
    settings = account.ask("backup", "describe_region_settings")
    kinds = ("ResourceTypeOptInPreference", "ResourceTypeManagementPreference")
    if not all(settings.get(kind, {}).get("DynamoDB") for kind in kinds):
        yield missing(
            f"AWS Backup does not look after DynamoDB in {account.config.region}: run `aws backup "
            "update-region-settings --resource-type-opt-in-preference DynamoDB=true "
            f"--resource-type-management-preference DynamoDB=true --region {account.config.region}`."
        )


def find_distributions(account: Account) -> Iterator[Finding]:
    if account.config.edge is None:
        return
    answer = account.ask("cloudfront", "list_distributions", region="us-east-1", MaxItems="1")
    if not answer["DistributionList"]["Quantity"]:
        yield good_to_know(
            "This account has no CloudFront distribution, and AWS verifies new accounts before they may have one, "
            "which no call tells: where the deployment ends with `Your account must be verified`, open a case with "
            "that sentence in the console's Support Center, and run `make deploy` again after it."
        )


def find_pending_listeners(account: Account) -> Iterator[Finding]:
    """Look who of those that the stage names is told: SNS forgets who has not confirmed after two days, and whoever
    opened the link to unsubscribe; a deployment subscribes neither again (SNS API reference, ConfirmSubscription).
    """
    topic = account.outputs(account.config.prefix).get("AlertTopicArn")
    if not topic:
        return
    rows = account.ask("sns", "list_subscriptions_by_topic", TopicArn=topic)["Subscriptions"]
    told = {row["Endpoint"] for row in rows if row["SubscriptionArn"].startswith("arn:")}
    asked = {row["Endpoint"] for row in rows} - told
    for address in sorted(asked):
        yield good_to_know(
            f"{address} did not confirm yet, and is told nothing: the mail from AWS Notifications has the link, for "
            "two days."
        )
    for address in sorted(set(account.config.alert_emails) - told - asked):
        yield good_to_know(
            f"{address} is named in alert_emails and no longer subscribed, so nobody is told there: run `aws sns "
            f"subscribe --topic-arn {topic} --protocol email --notification-endpoint {address} --region "
            f"{account.config.region}`, and confirm."
        )


PREREQUISITES: dict[str, Check] = {
    "Who is told": find_listener,
    "Whose credentials these are": find_root,
    "The CDK's bootstrap": find_bootstrap,
    "The secret of the edge": find_origin_secret,
    "Stacks that are stuck": find_stuck_stacks,
    "Lambda's concurrency": find_concurrency,
    "CloudTrail's trails": find_trails,
    "AWS Backup": find_backups,
    "CloudFront's verification": find_distributions,
    "Who has confirmed": find_pending_listeners,
}
"""What is looked for in the account itself."""
