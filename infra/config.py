"""What differs between the places where the system is deployed. Everything else is the same everywhere.

The stages stand in `infra/stages.py`; what it may say, and what is so where it says nothing, stands here.
"""

import re
from dataclasses import dataclass, field

from infra.handmade import EMAIL, Delivery, Mail

_ACCOUNT = re.compile(r"\d{12}")
_ORIGIN = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?|http://(localhost|127\.0\.0\.1):\d{1,5}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+")


class ConfigError(ValueError):
    """Raised when a stage's file says what cannot be; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionConfig:
    """Size of one Lambda function."""

    memory_mib: int
    timeout_s: int
    reserved_concurrency: int | None = None
    """Concurrent executions that the function may have at the most; None leaves it to the account's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept, in days; None keeps them."""

    logs_days: int = 400
    """More than a year: a review looks back on the whole of the last one."""
    incoming_days: int = 7
    quarantine_days: int = 90
    noncurrent_days: int = 30
    """Versions that were replaced or deleted."""
    accepted_infrequent_days: int | None = None
    """Age at which accepted files move to Standard-IA; at least 30."""
    accepted_glacier_days: int | None = None
    """Age at which they move to Glacier Instant Retrieval, which still answers at once."""
    audit_days: int = 7 * 365
    """Six years are asked for (45 CFR 164.316(b)(2)(i)); one more for what lasted longer than a day."""
    backup_weekly_days: int = 14
    """Point-in-time recovery holds 35 days: these stand in where it was taken away (docs/adr/0056)."""
    backup_monthly_days: int = 365
    backup_cold_after_days: int = 1
    """Of monthly copies, which stay cold for 90 days at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredTable:
    """A copy of the records, brought back under a name of its own, that takes the place of the stack's own table."""

    name: str
    stream_arn: str
    """Of its stream, with new and old images: a restored table has none before it is switched on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """CloudFront and its firewall in front of the API."""

    domain: str | None = None
    """Host name under which clinics reach the portal; None: CloudFront's own, whose certificate admits old TLS."""
    admits_old_tls: bool = False
    """Let a stage that keeps data do so under CloudFront's own name, for a first try before it has a domain: TLS 1.0
    and 1.1 are admitted there, whatever a distribution says (CloudFront guide, "Supported protocols and ciphers")."""
    certificate_arn: str | None = None
    """ACM certificate of the domain, in us-east-1, where CloudFront looks for it."""
    firewall_arn: str | None = None
    """Web ACL made elsewhere: one for CloudFront lives in us-east-1, so other regions name theirs here."""
    countries: tuple[str, ...] = ("US",)
    """ISO 3166 codes of the countries where the clinics are; nobody else gets through. Empty: everybody may try."""
    requests_per_five_minutes: int = 2000
    """One client's, told apart by its token or session; an address may ask for ten times as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLimits:
    """When people are told. Each alarm goes to the alert topic."""

    oldest_message_s: int = 900
    oldest_change_s: int = 900
    """Of a record, that is not counted: it is tried for six hours, and then needs a person."""
    upload_to_verdict_p95_s: int = 60
    portal_p99_ms: int = 3000
    portal_5xx: int = 5
    """Answers within five minutes."""
    sweep_round_s: int = 86_400
    """How long a round of the sweep may take: what is lost from now on is found that much later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """A stage. The defaults are production's, so that what a stage forgets to say is safe.

    Raises ConfigError for what cannot be deployed.
    """

    name: str
    prefix: str = "SilentScalper"
    """Of the stacks' names; stages that share an account and region need different ones."""
    account: str | None = None
    """None: the account of whoever deploys."""
    region: str = "us-east-1"
    retain_data: bool = True
    """Keep buckets, tables, keys and users when the stack is deleted, and refuse to delete the tables."""
    mfa_required: bool = True
    branded_sign_in: bool = True
    """Managed login's own pages need a branding resource, which the emulator does not know."""
    threat_protection: bool = True
    """Cognito's Plus plan: leaked passwords and unusual sign-ins are refused. Billed per person who signs in."""
    rotate_secret: bool = True
    """Rotate the portal's secret every quarter, by a schedule that the emulator does not know."""
    loopback_webhooks: bool = False
    """Let webhooks lead to the machine itself by http, where the emulator and its tests listen."""
    browser_origins: tuple[str, ...] = ()
    """Other websites whose scripts may call the API and DICOMweb with a token that they have: a viewer's, as
    `https://viewer.example.org`. None by default (docs/adr/0076)."""
    malware_protection: bool = False
    """GuardDuty scans each object before it is judged. Billed per gigabyte and object: docs/cost.md."""
    backup: bool = True
    """AWS Backup of the tables, weekly, apart from their point-in-time recovery."""
    restored_table: RestoredTable | None = None
    """Use a restored copy of the records (docs/runbook.md, "A table to a point in time")."""
    traces: bool = False
    """X-Ray's traces of the functions, for as long as somebody looks for something: Lambda traces each function's first
    invocation a second, which is every one of files that come singly (docs/cost.md), and lets nobody sample less."""
    audit: bool = True
    """CloudTrail of every object and item, into a locked bucket."""
    edge: Edge | None = field(default_factory=Edge)
    delivery: Delivery | None = None
    """The pipeline stands in the account and region of the stage that it delivers to; None: deploy by hand."""
    alert_emails: tuple[str, ...] = ()
    """Who gets every alert and alarm by e-mail, after confirming the subscription."""
    monthly_budget_usd: int | None = 200
    """AWS tells the addresses above at 80 % and at 100 % of it; None: no budget."""
    mail: Mail | None = None
    """None: Cognito sends its mails itself, from an address of its own."""
    retention: Retention = field(default_factory=Retention)
    alarms: AlarmLimits = field(default_factory=AlarmLimits)
    reserve_concurrency: bool = True
    """Reserve what the functions below say, so that none takes another's place. Turn it off where the account may run
    too few at a time (`python -m infra.delivery.account` says so), and lower `judge_maximum_concurrency` to what fits.
    """
    judge_maximum_concurrency: int = 50
    """Batches that the queue hands to the judge at the same time; at least 2."""
    renderer_maximum_concurrency: int = 5
    """Pictures that the queue has made at the same time; at least 2. The rest of its reservation is for people."""
    gather_changes_s: int = 3
    """How long changes of records are gathered before they are counted and told: so much later are sums, at most."""
    api_requests_per_second: int = 200
    api_burst: int = 400
    judge: FunctionConfig = field(
        # Six times as long stays hidden what a dead worker held: 12 minutes. Large copies go on in the next invocation.
        default_factory=lambda: FunctionConfig(memory_mib=1024, timeout_s=120, reserved_concurrency=60)
    )
    projector: FunctionConfig = field(
        default_factory=lambda: FunctionConfig(memory_mib=512, timeout_s=60, reserved_concurrency=20)
    )
    sweep: FunctionConfig = field(
        # One is enough: a lease in the table keeps a second one from working (`SweepLease`).
        default_factory=lambda: FunctionConfig(memory_mib=512, timeout_s=240, reserved_concurrency=1)
    )
    rebuild: FunctionConfig = field(
        # It reads at a pace that each job says: a second one at a time would double it.
        default_factory=lambda: FunctionConfig(memory_mib=1024, timeout_s=900, reserved_concurrency=1)
    )
    exporter: FunctionConfig = field(
        default_factory=lambda: FunctionConfig(memory_mib=512, timeout_s=60, reserved_concurrency=10)
    )
    renderer: FunctionConfig = field(
        # A child of up to 1 GiB for 15 s, beside its parent; ten at a time are many pictures, and a bounded bill.
        default_factory=lambda: FunctionConfig(memory_mib=2048, timeout_s=60, reserved_concurrency=10)
    )
    portal: FunctionConfig = field(
        default_factory=lambda: FunctionConfig(memory_mib=1024, timeout_s=29, reserved_concurrency=100)
    )

    def __post_init__(self) -> None:
        # What cannot be deployed, or would break what the law asks of whoever deploys it.
        edge, kept = self.edge or Edge(), self.retention
        moves = [days for days in (kept.accepted_infrequent_days, kept.accepted_glacier_days) if days is not None]
        wrong = {
            "account must have twelve digits": self.account is not None and not _ACCOUNT.fullmatch(self.account),
            "alert_emails must be e-mail addresses": any(not EMAIL.fullmatch(one) for one in self.alert_emails),
            "retain_data keeps an audit for less than six years (audit_days)": self.retain_data
            and kept.audit_days < 6 * 365 + 2,
            "accepted files move to Standard-IA after 30 days at the earliest, and to Glacier later than that": bool(
                moves
            )
            and (min(moves) < 30 or moves != sorted(set(moves))),
            "weekly backups last a week at least, monthly ones as long, and 90 days of it cold (backup_*_days)": not (
                7 <= kept.backup_weekly_days <= kept.backup_monthly_days >= kept.backup_cold_after_days + 90
            ),
            "judge_maximum_concurrency must be at least 2": self.judge_maximum_concurrency < 2,
            "judge_maximum_concurrency must be at most what the judge reserves": self.reserve_concurrency
            and self.judge.reserved_concurrency is not None
            and self.judge_maximum_concurrency > self.judge.reserved_concurrency,
            "renderer_maximum_concurrency must be at least 2": self.renderer_maximum_concurrency < 2,
            "a pipeline brings releases to data that nobody is told of: name alert_emails": self.delivery is not None
            and self.retain_data
            and not self.alert_emails,
            "edge.domain and edge.certificate_arn go together": (edge.domain is None) != (edge.certificate_arn is None),
            "edge.certificate_arn must be one of ACM in us-east-1": edge.certificate_arn is not None
            and not _CERTIFICATE.fullmatch(edge.certificate_arn),
            "edge.requests_per_five_minutes must be at least 10": edge.requests_per_five_minutes < 10,
            "browser_origins are https origins, scheme and host and nothing more": any(
                not _ORIGIN.fullmatch(one) for one in self.browser_origins
            ),
            "edge.countries are two capital letters each": any(not _COUNTRY.fullmatch(one) for one in edge.countries),
            "edge.firewall_arn is needed outside us-east-1: CloudFront's firewalls live there": self.edge is not None
            and self.region != "us-east-1"
            and edge.firewall_arn is None,
            "what is kept is reached by TLS 1.2: name edge.domain, or try without it (edge.admits_old_tls)": (
                self.edge is not None and self.retain_data and edge.domain is None and not edge.admits_old_tls
            ),
        }
        wrong |= self.delivery.list_faults(self.name) if self.delivery else {}
        wrong |= self.mail.list_faults(self.region) if self.mail else {}
        for complaint, holds in wrong.items():
            if holds:
                raise ConfigError(f"infra/stages.py, stage {self.name}: {complaint}")
