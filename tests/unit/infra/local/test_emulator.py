"""What is asked of an emulator while it starts."""

from pathlib import Path

import pytest

from infra.local.emulator import Endpoint


@pytest.mark.parametrize("written", [None, b"", b"-----BEGIN CERTIFICATE-----\nMIIB"])
def test_an_emulator_that_is_still_writing_its_certificate_is_not_ready(tmp_path: Path, written: bytes | None) -> None:
    certificate = tmp_path / "server.crt"
    if written is not None:
        certificate.write_bytes(written)
    assert not Endpoint(1, certificate).is_healthy()
