"""The portal starts with what it needs, or says what is missing."""

import pytest
from pydantic import ValidationError

from intake.errors import SettingsError
from portal.settings import Settings
from tests.wired_portal import settings

COMPLETE = {f"SCALPER_{name.upper()}": str(value) for name, value in settings().model_dump().items()}


def test_settings_are_read_from_the_environment():
    assert Settings.from_env({**COMPLETE, "PATH": "/bin"}) == settings()


def test_the_mailbox_may_be_missing():
    environment = {name: value for name, value in COMPLETE.items() if name != "SCALPER_MAILBOX_QUEUE_URL"}
    assert Settings.from_env(environment).mailbox_queue_url == ""


def test_every_variable_that_is_missing_is_named():
    with pytest.raises(SettingsError, match=r"SCALPER_TABLE.*SCALPER_USER_POOL_ID"):
        Settings.from_env({})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCALPER_TABLE", ""),
        ("SCALPER_PORTAL_ORIGIN", "http://portal.example"),
        ("SCALPER_PORTAL_ORIGIN", "https://portal.example/"),
        ("SCALPER_PORTAL_ORIGIN", "https://user@portal.example"),
        ("SCALPER_PORTAL_ORIGIN", "portal.example"),
        ("SCALPER_SIGN_IN_URL", "https://sign-in.example/"),
        ("SCALPER_USER_POOL_ID", "secret value"),
        ("SCALPER_QUEUE_URL", "queue"),
    ],
)
def test_a_wrong_value_is_named_and_not_quoted(variable, value):
    with pytest.raises(SettingsError, match=variable) as refusal:
        Settings.from_env({**COMPLETE, variable: value})
    assert "secret value" not in str(refusal.value)


def test_plain_http_is_for_this_machine_only():
    assert not settings(portal_origin="http://localhost:8000").secure
    assert settings().secure


def test_the_issuer_lies_in_the_pools_region():
    assert settings().issuer == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_test"


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        settings().table = "another"
