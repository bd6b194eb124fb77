"""Which e-mail addresses are taken, wherever one is entered."""

import re

LONGEST = 254
"""Characters of an address (RFC 5321, 4.5.3.1.3)."""

_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
"""As browsers check it (HTML standard, "Valid email address"), in lower case and with a dot in the domain: so does SNS
take it."""


def is_email_address(text: str) -> bool:
    """Say whether a text in lower case is an address."""
    return len(text) <= LONGEST and _ADDRESS.fullmatch(text) is not None
