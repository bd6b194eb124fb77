"""The portal's settings: read from the environment once, at cold start."""

from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from intake.errors import SettingsError

PREFIX = "SCALPER_"
LOOPBACK = frozenset({"localhost", "127.0.0.1"})


def _check_origin(text: str) -> str:
    """Cookies and tokens travel over TLS; only a browser on the same machine may do without."""
    parts = urlsplit(text)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.netloc or not (parts.scheme == "https" or plain):
        raise ValueError("must be an https origin (http on localhost only)")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("must be scheme://host[:port] and nothing more")
    return text


def _check_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or text.endswith("/"):
        raise ValueError("must be an http(s) URL without a trailing slash")
    return text


Text = Annotated[str, Field(min_length=1)]
Url = Annotated[str, AfterValidator(_check_url)]


class Settings(BaseModel):
    """One field per variable: `table` is read from `SCALPER_TABLE`."""

    model_config = ConfigDict(frozen=True)

    table: Text
    audit_table: Text
    incoming_bucket: Text
    accepted_bucket: Text
    quarantine_bucket: Text
    renditions_bucket: Text
    renderer_function: Text
    """Asked for pictures of files of which none are kept."""
    queue_url: Url
    rebuild_function: str = Field(min_length=1)
    """Woken when an admin asks for a rebuild, or an audit."""
    dead_letter_queue_url: Url
    projection_failures_queue_url: Url
    projection_redrives_queue_url: Url
    export_failures_queue_url: Url
    export_redrives_queue_url: Url
    event_topic_arn: Text
    webhook_dead_letter_queue_url: Url
    webhook_dead_letter_queue_arn: Text
    loopback_webhooks: bool = False
    """Let webhooks lead to this machine itself, by http: on the local stack only."""
    browser_origins: str = ""
    """Origins of other websites whose scripts may call the API, with blanks between them."""
    mailbox_queue_url: str = ""
    alert_topic_arn: Text
    athena_workgroup: Text
    analytics_database: Text
    user_pool_id: Annotated[str, Field(pattern=r"^[a-z0-9-]+_[A-Za-z0-9]+$")]
    web_client_id: Text
    cli_client_id: Text
    """The console command's, by which admins sign in without a browser's session."""
    api_id: Text
    """The HTTP API's, and its authorizer's, whose list of clients the portal keeps."""
    authorizer_id: Text
    sign_in_url: Url
    """Base of the managed login."""
    portal_secret: Text
    """ARN of the secret that the deployment's key is made of."""
    origin_secret: str = ""
    """Name of the secret that the edge sends with each request; empty where there is no edge before the gateway."""
    portal_origin: Annotated[str, AfterValidator(_check_origin)]
    """`scheme://host[:port]` that browsers use."""

    @property
    def region(self) -> str:
        """AWS's region: a pool's id begins with it."""
        return self.user_pool_id.partition("_")[0]

    @property
    def issuer(self) -> str:
        """The `iss` of the pool's tokens."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"

    @property
    def own_clients(self) -> frozenset[str]:
        """Our own clients, whose tokens speak for people."""
        return frozenset({self.web_client_id, self.cli_client_id})

    @property
    def authorize_url(self) -> str:
        """Where people sign in (Amazon Cognito Developer Guide, "Authorize endpoint")."""
        return f"{self.sign_in_url}/oauth2/authorize"

    @property
    def revoke_url(self) -> str:
        """Where refresh tokens are revoked (Amazon Cognito Developer Guide, "Revoke endpoint")."""
        return f"{self.sign_in_url}/oauth2/revoke"

    @property
    def token_url(self) -> str:
        """Where the pool issues tokens (Amazon Cognito Developer Guide, "Token endpoint")."""
        return f"{self.sign_in_url}/oauth2/token"

    @property
    def secure(self) -> bool:
        return self.portal_origin.startswith("https://")

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names each variable that is missing or wrong, and no value."""
        known = {
            name: environment[_name_variable(name)] for name in cls.model_fields if _name_variable(name) in environment
        }
        try:
            return cls(**known)
        except ValidationError as error:
            faults = [f"{_name_variable(str(fault['loc'][0]))}: {fault['msg']}" for fault in error.errors()]
            raise SettingsError("The portal's settings are incomplete. " + "; ".join(faults)) from None


def _name_variable(field: str) -> str:
    return PREFIX + field.upper()
