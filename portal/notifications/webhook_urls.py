"""Which addresses may be called. They are called by Amazon SNS from outside, and by a name of the public DNS only.

An address by number is refused however it is written: which numbers are inner ones changes with networks, spellings and
ways of carrying one protocol in another (NAT64, 6to4, Teredo), and nobody's system stands under a number alone.
"""

import re
import unicodedata
from urllib.parse import urlsplit

from portal.settings import LOOPBACK

LONGEST = 1000
"""Characters."""

PATTERN = r"^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9/._~-]*)?$"
"""What every public address looks like; others may be allowed too."""

LONGEST_HOST = 253
"""Characters (RFC 1035, 2.3.4, without the length octets)."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

_INNER = frozenset(
    {
        # Special-use names (RFC 6761, 6762, 7686, 8375, 9476, and ICANN's decision on `internal`).
        "alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test",
        # Names of inner networks that ICANN does not give to anybody (RFC 6762 appendix G, ICANN's collision studies).
        "corp", "home", "intranet", "lan", "mail", "private",
        # What clusters and routers call their own.
        "belkin", "cluster", "consul", "dhcp", "fritz", "gateway", "kubernetes", "localdomain", "router", "svc",
        "workgroup",
    }
)  # fmt: skip
"""Last labels that lead to nobody in public."""

_SPELLING_NUMBERS = ("nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "1u.ms")
"""Services whose names stand for whatever number is written in them, or for the caller's own machine."""

_NUMBER = re.compile(r"(?:^|[.-])(?:\d{1,3}[.-]){3}\d{1,3}(?=$|[.-])")
"""Four numbers in a row that a name spells."""


def is_allowed(url: str, *, loopback: bool) -> bool:
    """Say whether SNS may be asked to call an address. `loopback` allows this machine's own, for the local stack."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if set(parts.netloc) & set("@[]") or "#" in url or port == 0:
        return False
    host = parts.hostname or ""
    if loopback and host in LOOPBACK:
        return parts.scheme == "http"
    return parts.scheme == "https" and _is_public_name(host)


def _is_public_name(host: str) -> bool:
    """Say whether a host is a name of at least two labels whose last one is no number and no inner network's."""
    labels = host.split(".")
    last = labels[-1]
    return (
        len(host) <= LONGEST_HOST
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) and _is_plain(label) for label in labels)
        # What begins with a digit may be taken for a number (WHATWG URL, "ends in a number checker").
        and last[0].isalpha()
        and last not in _INNER
        and not f".{host}".endswith(tuple(f".{name}" for name in _SPELLING_NUMBERS))
        and _NUMBER.search(host) is None
    )


def _is_plain(label: str) -> bool:
    """Say whether a label that is written in Punycode is one that a name may have (RFC 5890, 2.3.2.1)."""
    if label[2:4] != "--":
        return True
    try:
        meant = label[4:].encode().decode("punycode") if label.startswith("xn--") else ""
    except ValueError:
        return False
    return not meant.isascii() and meant.isprintable() and unicodedata.normalize("NFKC", meant) == meant
