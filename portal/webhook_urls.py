"""Which addresses may be called. They are called by Amazon SNS from outside: an inner address leads nowhere good."""

import ipaddress
import re
from urllib.parse import urlsplit

from portal.settings import LOOPBACK

LONGEST = 1000
"""Characters."""

PATTERN = r"^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9/._~-]*)?$"
"""What every public address looks like; others may be allowed too."""

_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_INNER = frozenset(
    {"internal", "local", "localhost", "localdomain", "lan", "home", "corp", "intranet", "arpa", "onion"}
)


def is_allowed(url: str, *, loopback: bool) -> bool:
    """Say whether SNS may be asked to call an address. `loopback` allows this machine's own, for the local stack."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.username or parts.password or parts.fragment or "#" in url or port == 0:
        return False
    host = parts.hostname or ""
    if loopback and host in LOOPBACK:
        return parts.scheme == "http"
    return parts.scheme == "https" and _is_public(host)


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return _HOST.fullmatch(host) is not None and host.rpartition(".")[2] not in _INNER
