"""Which addresses SNS may be asked to call: names of the public DNS, and no number in any spelling."""

import ipaddress
import random

import pytest

from portal.notifications.webhook_urls import is_allowed

SEED = 20261129

PUBLIC = [
    "https://ris.example.org/hooks/scalper",
    "https://ris.example.org:8443/hooks?clinic=1",
    "HTTPS://RIS.Example.ORG/",
    "https://xn--krankenhaus-mnchen-m6b.de/",
    "https://a.xn--p1ai/",
    "https://4u.example.com/",
    "https://10.example.com/",
    "https://sns.us-east-1.amazonaws.com/",
]

NUMBERS = {
    "IPv4": "127.0.0.1",
    "a public one": "1.1.1.1",
    "short": "127.1",
    "decimal": "2130706433",
    "hexadecimal": "0x7f000001",
    "hexadecimal by octets": "0x7f.0.0.1",
    "hexadecimal at the end": "127.0.0.0x1",
    "octal": "0177.0.0.01",
    "zero": "0",
    "with a dot behind": "127.0.0.1.",
    "of full width": "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "with an ideographic full stop": "127\u30020\u30020\u30021",
    "in circles": "\u2460\u2461\u2466.0.0.1",
    "percent-encoded": "%31%32%37.0.0.1",
    "loopback of IPv6": "[::1]",
    "nothing": "[::]",
    "mapped": "[::ffff:127.0.0.1]",
    "mapped, hexadecimal": "[::ffff:7f00:1]",
    "compatible": "[::127.0.0.1]",
    "NAT64": "[64:ff9b::a9fe:a9fe]",
    "local NAT64": "[64:ff9b:1::a9fe:a9fe]",
    "6to4": "[2002:a9fe:a9fe::]",
    "Teredo": "[2001:0:7f00:1::]",
    "multicast": "224.0.0.1",
    "multicast of IPv6": "[ff02::1]",
    "link-local with a zone": "[fe80::1%25eth0]",
    "of a future version": "[v1.a]",
    "a public IPv6": "[2606:4700:4700::1111]",
    "without brackets": "::1",
    "the metadata service": "169.254.169.254",
    "carrier-grade NAT": "100.64.0.1",
    "broadcast": "255.255.255.255",
    "spelled in a name": "127.0.0.1.nip.io",
    "spelled with hyphens": "10-0-0-1.example.com",
    "spelled before a name": "app.192.168.1.1.example.com",
    "this machine by another's name": "anything.localtest.me",
}

INNER = [
    "localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "pacs", "pacs.local", "pacs.lan",
    "pacs.internal", "metadata.google.internal", "kubernetes.default.svc", "a.svc.cluster", "router.home.arpa",
    "x.test", "x.example", "x.invalid", "x.onion", "x.corp", "x.home", "fritz.fritz", "x.alt", "example.com.",
    "", ".", "..com", ".example.com", "example..com",
    "-a.example.com", "a-.example.com", "a_b.example.com", "a" * 64 + ".com",
    "a." * 130 + "com", "xn--a.example.com", "xn--localhost-.com", "ab--c.example.com", "xn--.com", "b\u00fccher.de",
    "ex\u0430mple.com", "\u24d4xample.com", "exam\u00adple.com", "example.com%00.evil.test", "example.com\\.evil.com",
]  # fmt: skip

TRICKS = [
    "http://ris.example.org/",
    "ftp://ris.example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//ris.example.org/",
    "https:ris.example.org",
    "https:/ris.example.org/",
    "https:///ris.example.org/",
    "https://",
    "https://user:secret@ris.example.org/",
    "https://@ris.example.org/",
    "https://:@ris.example.org/",
    "https://ris.example.org@127.0.0.1/",
    "https://127.0.0.1\\@ris.example.org/",
    "https://ris.example.org\\@127.0.0.1/",
    "https://127.0.0.1#@ris.example.org/",
    "https://ris.example.org/#part",
    "https://ris.example.org:0/",
    "https://ris.example.org:99999/",
    "https://ris.example.org:+80/",
    "https://ris.example.org:-1/",
    "https://ris.example.org:\uff18\uff10/",
    "https://ris.example.org:80:80/",
    "https://ris.example.org/a b",
    "https://ris.exa\tmple.org/",
    "https://ris.example.org/\r\nX: y",
    " https://ris.example.org/",
    "https://[ris.example.org]/",
    "https://ris.example.org]/",
    "https://ris.example.org/" + "a" * 1000,
]


@pytest.mark.parametrize("url", PUBLIC)
def test_a_name_of_the_public_dns_may_be_called(url):
    assert is_allowed(url, loopback=False)


@pytest.mark.parametrize("host", NUMBERS.values(), ids=NUMBERS)
def test_no_number_is_called_however_it_is_written(host):
    assert not is_allowed(f"https://{host}/", loopback=False)
    assert not is_allowed(f"https://{host}:443/hooks", loopback=False)
    if host != "127.0.0.1":
        assert not is_allowed(f"http://{host}:8080/", loopback=True)


@pytest.mark.parametrize("host", INNER)
def test_no_inner_name_is_called(host):
    assert not is_allowed(f"https://{host}/", loopback=False)


@pytest.mark.parametrize("url", TRICKS)
def test_nothing_else_is_taken_for_such_a_name(url):
    assert not is_allowed(url, loopback=False)


@pytest.mark.parametrize("url", ["http://localhost:8080/hooks", "http://127.0.0.1:8080/hooks"])
def test_the_local_stack_may_call_this_machine_and_no_other_does(url):
    assert is_allowed(url, loopback=True)
    assert not is_allowed(url, loopback=False)


def test_a_thousand_addresses_of_each_version_are_refused_in_every_form():
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    for _ in range(1000):
        four, six = ipaddress.IPv4Address(rng.getrandbits(32)), ipaddress.IPv6Address(rng.getrandbits(128))
        number = int(four)
        octets = [number >> shift & 255 for shift in (24, 16, 8, 0)]
        forms = [str(four), str(number), hex(number), f"{number:o}", ".".join(map(hex, octets)),
                 ".".join(f"0{octet:o}" for octet in octets), f"[{six}]", f"[{six.exploded}]", f"[::ffff:{four}]",
                 f"[64:ff9b::{four}]", f"[2002:{number >> 16:x}:{number & 65535:x}::1]"]  # fmt: skip
        assert not [form for form in forms if is_allowed(f"https://{form}/", loopback=False)]
