"""Answers compared: all that one tells, but for what is new in each."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

FRESH = frozenset(
    {"x-request-id", "date", "content-length", "etag", "apigw-requestid", "x-amzn-requestid", "set-cookie"}
)
"""Headers that differ from answer to answer of the same meaning. A cookie's name is compared, not its value."""
_NEW = (
    re.compile(r'"(request_id|event_id)":\s*"[^"]*"'),
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    re.compile(r'value="[0-9a-z]{26}"'),
    re.compile(r"X-Amz-[A-Za-z-]+=[^&\"]*"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    re.compile(r"search=[A-Za-z0-9_-]{32}"),
    re.compile(r'name="csrf_token" value="[^"]*"'),
)
_LONG_ENOUGH = 5
"""Characters of an asked-for value that is taken out of an answer: shorter ones stand in many words."""


def shape(answer: httpx.Response, asked: Mapping[str, str] | None = None) -> Any:
    """Return status, headers and body of an answer without what was asked for and without what is always new."""
    headers = {name: value for name, value in answer.headers.items() if name not in FRESH}
    # A session that lives on is written anew now and then; one that ends is an answer of another meaning.
    cookies = [line.split("=", 1)[0] for line in answer.headers.get_list("set-cookie") if "Max-Age=0" in line]
    told = (answer.text, *headers.values())
    return answer.status_code, sorted(headers), sorted(cookies), [_without(text, asked or {}) for text in told]


def _without(text: str, asked: Mapping[str, str]) -> str:
    for pattern in _NEW:
        text = pattern.sub("#", text)
    for value in sorted(asked.values(), key=len, reverse=True):
        if len(value) > _LONG_ENOUGH:
            text = text.replace(value, "#")
    return text


def cookie(jar: Mapping[str, str]) -> str:
    """Return a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def is_of_emulator(answer: httpx.Response) -> bool:
    """Say whether the emulator's gateway failed by itself (a 5xx), which AWS's does not: the portal was never asked."""
    return answer.status_code >= 500 and "content-security-policy" not in answer.headers


def is_refusal(answer: httpx.Response) -> bool:
    """Say whether an answer lets nobody in: 401, 403, or the way to the sign-in."""
    if answer.status_code in {401, 403}:
        return True
    return answer.is_redirect and answer.headers["location"].startswith("/sign-in")
