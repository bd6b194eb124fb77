"""What a stage's file names, and somebody has made by hand: whether it is there, and ready."""

from collections.abc import Iterator

from infra.delivery.findings import Account, Check, Finding, good_to_know, missing

_BUILDS = {"Linux/Small": "L-9D07B6EF", "Linux/Medium": "L-2DC20C30"}
"""Quotas of CodeBuild for what the pipeline builds with, one at a time of each; new accounts may have none."""


def find_mail(account: Account) -> Iterator[Finding]:
    mail = account.config.mail
    if not mail:
        yield good_to_know(
            "Cognito sends invitations and codes itself, 50 a day at the most: before a clinic's people are invited "
            "together, verify an identity in SES and name it (mail=Mail(…) in infra/stages.py)."
        )
        return
    _, _, _, region, owner, name = mail.identity_arn.split(":", 5)
    if owner != account.number:
        yield good_to_know(f"{mail.identity_arn} is account {owner}'s, where alone it can be looked for.")
        return
    identity, there = name.removeprefix("identity/"), f"--region {region}"
    found = account.ask("sesv2", "get_email_identity", region=region, none="NotFoundException", EmailIdentity=identity)
    if not found:
        yield missing(
            f"SES has no identity {identity}: run `aws sesv2 create-email-identity --email-identity {identity} "
            f"{there}`."
        )
    elif not found["VerifiedForSendingStatus"]:
        yield missing(
            f"SES waits until {identity} is verified: `aws sesv2 get-email-identity --email-identity {identity} "
            f"{there}` tells the DNS records, or follow the link in its mail."
        )
    if not account.ask("sesv2", "get_account", region=region)["ProductionAccessEnabled"]:
        yield missing(
            "SES is in its sandbox and mails only to verified addresses: run `aws sesv2 put-account-details "
            f"--production-access-enabled --mail-type TRANSACTIONAL {there} "
            f"--website-url https://{identity.rpartition('@')[2]}`."
        )


def find_certificate(account: Account) -> Iterator[Finding]:
    edge = account.config.edge
    if not edge or not edge.certificate_arn:
        return
    asked = {"region": "us-east-1", "none": "ResourceNotFoundException", "CertificateArn": edge.certificate_arn}
    answer = account.ask("acm", "describe_certificate", **asked)
    certificate = answer["Certificate"] if answer else {}
    names = {certificate.get("DomainName"), *certificate.get("SubjectAlternativeNames", ())}
    if not certificate or not names & {edge.domain, f"*.{str(edge.domain).partition('.')[2]}"}:
        yield missing(
            f"There is no certificate for {edge.domain} at edge.certificate_arn: run `aws acm request-certificate "
            f"--domain-name {edge.domain} --validation-method DNS --region us-east-1`."
        )
    elif certificate["Status"] != "ISSUED":
        yield missing(
            f"The certificate of {edge.domain} is {certificate['Status']}: `aws acm describe-certificate "
            f"--certificate-arn {edge.certificate_arn} --region us-east-1` tells the DNS record that proves the domain."
        )


def find_firewall(account: Account) -> Iterator[Finding]:
    edge = account.config.edge
    if not edge or not edge.firewall_arn:
        return
    asked = {"region": "us-east-1", "none": "WAFNonexistentItemException", "ARN": edge.firewall_arn}
    if not account.ask("wafv2", "get_web_acl", **asked):
        yield missing(
            "There is no firewall at edge.firewall_arn; one for CloudFront is made in us-east-1: `aws wafv2 "
            "list-web-acls --scope CLOUDFRONT --region us-east-1` lists those that there are."
        )


def find_connection(account: Account) -> Iterator[Finding]:
    delivery = account.config.delivery
    if not delivery:
        return
    _, _, service, region, *_ = delivery.connection_arn.split(":")
    asked = {"region": region, "none": "ResourceNotFoundException", "ConnectionArn": delivery.connection_arn}
    answer = account.ask(service, "get_connection", **asked)
    status = answer["Connection"]["ConnectionStatus"] if answer else "not there"
    if status != "AVAILABLE":
        yield missing(
            f"The connection to {delivery.repository} is {status}: `aws codeconnections create-connection` makes one, "
            "and a person confirms it in the console (Developer Tools, Settings, Connections)."
        )


def find_smoke_credentials(account: Account) -> Iterator[Finding]:
    delivery = account.config.delivery
    if not delivery:
        return
    arn, none = delivery.smoke_credentials_arn, "ResourceNotFoundException"
    if not account.ask("secretsmanager", "describe_secret", none=none, SecretId=arn):
        yield missing(
            f"There is no secret at delivery.smoke_credentials_arn: docs/delivery.md says what is in it, and `aws "
            f"secretsmanager create-secret --name silent-scalper/smoke --secret-string file://smoke.json --region "
            f"{account.config.region}` makes it."
        )


def find_builds(account: Account) -> Iterator[Finding]:
    if not account.config.delivery:
        return
    for size, code in _BUILDS.items():
        asked = {"none": "NoSuchResourceException", "ServiceCode": "codebuild", "QuotaCode": code}
        answer = account.ask("service-quotas", "get_service_quota", **asked)
        if answer and answer["Quota"]["Value"] < 1:
            yield missing(
                f"CodeBuild starts no build of {size} in this account: run `aws service-quotas "
                f"request-service-quota-increase --service-code codebuild --quota-code {code} --desired-value 5 "
                f"--region {account.config.region}`."
            )


NAMED: dict[str, Check] = {
    "Mails to people": find_mail,
    "The certificate": find_certificate,
    "The firewall": find_firewall,
    "The connection to the repository": find_connection,
    "The smoke test's credentials": find_smoke_credentials,
    "CodeBuild's concurrency": find_builds,
}
"""What is looked for because the stage names it."""
