"""Base64url without padding, and in one spelling only (RFC 4648, 3.5 and 5; RFC 7515, 2)."""

import base64


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Raises ValueError for any text but the one that `encode` writes: stray bits would give data many names."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not the one spelling of base64url")
    return data
