"""Addresses that a webhook may not have: numbers in every spelling, names of inner networks, what only looks public.

Each is tried at the API of the deployed stack, and against the rule as production has it (the local stack lets plain
HTTP to this machine pass, which no deployment does).
"""

from collections.abc import Iterator

import httpx

from portal.notifications.webhook_urls import is_allowed
from tests.attack.report import Attack
from tests.attack.world import World

NAME = "webhook addresses"
LEAST = 76

NUMBERS = (
    "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "017700000001",  # noqa: S104
    "0177.0.0.1", "127.0.0.1.", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "2852039166",
    "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "025177524776", "0251.0376.0251.0376", "169.254.43518", "169.254.170.2",
    "192.0.0.192", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "192.88.99.1", "1.1.1.1", "8.8.8.8", "54.239.28.85", "1.1", "1.0x1",
    "[::1]", "[::]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001::a9fe:a9fe]",
    "[fe80::1]", "[fe80::1%25eth0]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[ff0e::1]",
    "[2001:db8::1]", "[100::1]", "[2606:4700:4700::1111]", "[v1.a]",
)  # fmt: skip
NAMES = (
    "localhost", "localhost.", "LOCALHOST", "a.localhost", "a.local", "a.localdomain", "printer.lan", "router.home",
    "a.home.arpa", "ec2.internal", "metadata.google.internal", "ip-10-0-0-1.ec2.internal", "a.intranet", "a.corp",
    "x.onion", "1.0.0.127.in-addr.arpa", "x.svc.cluster.local", "a.test", "a.invalid",
    "a.example", "a.internal.", "metadata", "example", "example..com", ".example.com", "-a.example.com",
    "a_b.example.com", "a." * 130 + "com", "a" * 64 + ".com",
)  # fmt: skip
DISGUISED = (
    "https://user:pw@example.com/", "https://user@example.com/", "https://@example.com/", "https://:@example.com/",
    "https://example.com@127.0.0.1/", "https://127.0.0.1#@example.com/", "https://127.0.0.1\\@example.com/",
    "https://example.com\\@127.0.0.1/", "https://127.0.0.1%2f@example.com/", "https://example.com:0/",
    "https://example.com:99999/", "https://example.com:+443/", "https://example.com:\uff14\uff14\uff13/",
    "https://example.com:4 43/",
    "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "https://127\u30020\u30020\u30021/",
    "https://exam\u00adple.com/",
    "https://ex\u0430mple.com/", "https://\u24d4xample.com/", "https://example.com\u200b/", "https://exa mple.com/",
    "https://example.com/\r\nX: y", "https://example.com/\tx", "https://example.com/#a", "https://example.com/\0",
    "http://example.com/", "HTTP://example.com/", "file:///etc/passwd", "ftp://example.com/", "gopher://example.com/",
    "javascript:alert(1)", "data:text/html,x", "https:/example.com/", "https:example.com", "https://", "https:///x",
    "//example.com/", "example.com", " https://example.com/", "https://%31%32%37.0.0.1/", "https://[::1", "https://]/",
    "https://example.com/" + "a" * 1000,
)  # fmt: skip
ALLOWED = ("https://ris.example.org/hooks/scalper", "https://a.b.example.com:8443/x?y=z")
"""Where even these are refused, nothing is proven."""


def addresses() -> Iterator[str]:
    """Yield all that may not be called."""
    yield from (f"https://{host}/" for host in (*NUMBERS, *NAMES))
    yield from (f"https://{host}:8443/hook?x=1" for host in ("127.0.0.1", "[::1]", "2130706433", "localhost"))
    yield from DISGUISED


def attack(world: World, report: Attack, *, short: bool) -> None:
    partner = world.partner(world.all_scopes)
    tried = list(addresses())
    for url in ALLOWED:
        if not is_allowed(url, loopback=False):
            report.breach("even a public address is refused, so nothing is proven")
    for url in tried:
        report.expect(not is_allowed(url, loopback=False), f"as production has it: {url[:60]!a}")
    for url in tried[:: 8 if short else 1]:
        answer = _subscribed(partner, url)
        report.expect(answer.status_code == 422, f"POST /api/v1/webhooks {url[:60]!a}: {answer.status_code}")
    _look_for_pages(world, report)
    partner.close()


def _subscribed(partner: httpx.Client, url: str) -> httpx.Response:
    """Ask for a webhook, and end it at once where it was taken."""
    answer = partner.post("/api/v1/webhooks", json={"url": url, "events": ["file.rejected"]})
    if answer.status_code == 201:
        partner.delete(f"/api/v1/webhooks/{answer.json()['webhook_id']}")
    return answer


def _look_for_pages(world: World, report: Attack) -> None:
    """A page that takes such addresses needs these attempts, too."""
    form = world.staff.http.get("/settings/notifications").text
    if 'type="url"' in form or "/webhooks" in form:
        report.breach("there is a page that takes addresses: attack it here, too")
