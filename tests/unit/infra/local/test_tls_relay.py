"""The relay leads to the emulator and nowhere else."""

import httpx

from infra.local.tls_relay import tls_relay


def test_no_other_host_is_reached_through_it(tmp_path):
    with tls_relay("localhost:4566", tmp_path / "server.crt") as relay, httpx.Client(proxy=relay) as client:
        for url in ("http://localhost:4567/keys", "http://example.org/", "http://localhost:45667/"):
            assert client.get(url).status_code == 403


def test_it_forwards_no_request_but_get(tmp_path):
    with tls_relay("localhost:4566", tmp_path / "server.crt") as relay, httpx.Client(proxy=relay) as client:
        assert client.post("http://localhost:4566/").status_code == 501
