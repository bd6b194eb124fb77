"""What each Lambda of the processor is told by its environment. A missing value fails the cold start."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intake.errors import SettingsError

_PREFIX = "SCALPER_"


class _Environment(BaseModel):
    """Settings of one Lambda; each field `x` comes from `SCALPER_X`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingsError naming every variable that is missing or wrong."""
        values = {
            name.removeprefix(_PREFIX).lower(): value for name, value in environment.items() if name.startswith(_PREFIX)
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            names = ", ".join(f"{_PREFIX}{row['loc'][0]}".upper() for row in error.errors())
            raise SettingsError(f"set these environment variables: {names}") from None


class Settings(_Environment):
    table: str = Field(min_length=1)


class RendererSettings(_Environment):
    renditions_bucket: str = Field(min_length=1)
    renditions_queue_url: str = Field(min_length=1)


class JudgeSettings(Settings):
    renditions_bucket: str = Field(min_length=1)
    """Of which it removes what shows a file that is deleted."""
    incoming_bucket: str = Field(min_length=1)
    queue_url: str = Field(min_length=1)
    accepted_bucket: str = Field(min_length=1)
    quarantine_bucket: str = Field(min_length=1)
    audit_table: str = Field(min_length=1)
    """Where it tells how acceptances by review ended."""
    scan_required: bool
    """Judge nothing that the malware scan has not found clean."""


class RedriveSettings(Settings):
    redrives_queue_url: str = Field(min_length=1)
    """What an admin has tried again of what it gave up in the stream."""


class ProjectorSettings(Settings):
    alert_topic_arn: str = Field(min_length=1)
    event_topic_arn: str = Field(min_length=1)
    portal_origin: str = Field(min_length=1)


class PreviewSettings(Settings):
    renditions_queue_url: str = Field(min_length=1)
    """Where it asks for pictures of what shows a series."""


class ExporterSettings(Settings):
    analytics_bucket: str = Field(min_length=1)
    analytics_key_arn: str = Field(min_length=1)


class SweepSettings(ProjectorSettings):
    rebuild_function: str = Field(min_length=1)
    """Woken while a rebuild is not done."""
    incoming_bucket: str = Field(min_length=1)
    accepted_bucket: str = Field(min_length=1)
    quarantine_bucket: str = Field(min_length=1)
    quarantine_days: int = Field(gt=0)
    time_limit_s: int = Field(gt=0)
    queue_url: str = Field(min_length=1)
    dead_letter_queue_url: str = Field(min_length=1)
    api_id: str = Field(min_length=1)
    authorizer_id: str = Field(min_length=1)
    web_client_id: str = Field(min_length=1)
    cli_client_id: str = Field(min_length=1)
