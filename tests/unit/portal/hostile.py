"""Requests that nobody means: every route with hostile paths, queries, headers and bodies, by seeded chance."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from fastapi.routing import RouteContext
from pydantic import BaseModel

TEXTS = (
    "", " ", "\0", "a\0b", "%00", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}x", "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{FULLWIDTH DIGIT NINE}", "\N{SUPERSCRIPT TWO}", "ß" * 40, "\U0001f4a9", "a" * 200, "a" * 1500,
    "../..", "..%2f..",
    "\\", '"', "'", "[", "]", "{}", "{{7*7}}", "%", "%s%n", "%zz", "*a*?*a*b", "*" * 20, "?" * 9, "-", "--", "-1", "0",
    "1", "3.0", "1e999", "NaN", "Infinity", "9" * 20, "9" * 5000, "0x10", "1_000", "true", "null", "all",
    "0001-01-01", "9999-12-31", "2026-02-30", "0000-00-00", "99991231", "00000000-99999999", "20260131-",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-31T09:30:00.999999999999Z",
    "http://[x", "//evil.example", "https://\uff11.example", "javascript:", "a@b", "x@example.org", "a,b;c=d", "=1+1",
    "clinic:northside", "northside", "lakeview", "operations", "new", "judging", "1.2.840.113619.2.55", "1" * 64,
    "\r\n", "\t", "\x7f", "\x85", "\u2028", "<script>", "${jndi:ldap://x}", "' OR 1=1", "throughput", "disable",
)  # fmt: skip

FIELDS = (
    "files", "name", "size", "sha256", "reference", "note", "expected", "parts", "number", "file_ids", "url", "events",
    "token", "email", "kinds", "order_id", "new_id", "scope", "file", "reason", "task", "state", "message_id",
    "clinic_id", "contact", "csrf_token", "version", "request_key", "upload", "read", "search", "patient", "study",
    "modality", "since", "until", "max-*", "kind-dicom", "cause", "scope",
)  # fmt: skip

QUERIES = (
    "StudyInstanceUID", "StudyDescription", "PatientName", "StudyDate", "StudyTime", "ModalitiesInStudy", "PatientID",
    "includefield", "limit", "offset", "fuzzymatching", "00100020", "next", "done", "said", "asked", "again", "page",
    "state", "code", "cause", "series", "search", "clinic", "days", "fields",
)  # fmt: skip

HEADERS = (
    "accept", "accept-encoding", "content-type", "content-length", "host", "idempotency-key", "if-none-match",
    "if-modified-since", "if-range", "range", "origin", "referer", "x-csrf-token", "hx-request", "hx-current-url",
    "x-background", "authorization", "cookie", "x-forwarded-for", "x-forwarded-proto", "forwarded", "expect",
    "transfer-encoding", "x-http-method-override", "x-amz-cf-id", "user-agent",
)  # fmt: skip

KINDS = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data",
    'multipart/related; type="application/dicom"; boundary=b', "multipart/related", "text/plain", "",
    "application/x+json", "application/json; charset=\ud800", "a" * 300, ";;;", 'multipart/form-data; boundary="',
    "multipart/form-data; boundary=é",
)  # fmt: skip

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "get", "\x01")


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request, as a server hands it on."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "http_version": "1.1",
            "scheme": "https",
            "server": ("portal.test", 443),
            "root_path": "",
            "method": self.method,
            "path": self.path,
            "raw_path": quote(self.path, errors="replace").encode(),
            "query_string": self.query,
            "headers": self.headers,
        }


@dataclass
class Chance:
    """Makes requests; the same seed makes the same ones. `ids` are values that lead somewhere."""

    seed: int
    ids: Sequence[str] = ()
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def requests(self, route: RouteContext, login: Sequence[tuple[bytes, bytes]], count: int) -> Iterator[Hostile]:
        """Yield requests of one route, of whoever the headers of `login` stand for."""
        for _ in range(count):
            method = self.rng.choice(sorted(route.methods or {"GET"}) * 8 + list(METHODS))
            kind = self.rng.choice(KINDS)
            headers = {**dict(login), b"content-type": _header(kind), **self._headers()}
            yield Hostile(method, self._path(route), self._query(route), list(headers.items()), self._body(route, kind))

    def text(self) -> str:
        return self.rng.choice((*TEXTS, *self.ids * 4))

    def _path(self, route: RouteContext) -> str:
        values = {name: self.text() or "x" for name in route.param_convertors}
        # As uvicorn reads it: what is no UTF-8 is replaced.
        written = "/".join(
            quote(values[part[1:-1].partition(":")[0]], safe="", errors="replace") if part.startswith("{") else part
            for part in route.path.split("/")
        )
        return unquote(written)

    def _query(self, route: RouteContext) -> bytes:
        names = [*_queries(route.dependant), self.rng.choice(QUERIES)]
        chosen = self.rng.choices(names, k=self.rng.choice((0, 1, 2, 8)))
        if self.rng.random() < 0.1:
            return self.rng.choice(
                (b"&" * 5000, b"=", b"%", b"a=%ff%fe", b"[]", b"?" * 50, b"a" * 9000, b"a=b&" * 1500)
            )
        return urlencode([(name, self.text()) for name in chosen], errors="replace").encode()

    def _headers(self) -> dict[bytes, bytes]:
        chosen = self.rng.sample(HEADERS, self.rng.choice((0, 0, 1, 3)))
        return {name.encode(): _header(self.text() * self.rng.choice((1, 1, 1, 30))) for name in chosen}

    def _body(self, route: RouteContext, kind: str) -> bytes:
        names = (*_names([route.body_field] if route.body_field else []), *FIELDS)
        if "json" in kind or self.rng.random() < 0.2:
            return self._json(names)
        if "urlencoded" in kind:
            fields = [(self.rng.choice(names), self.text()) for _ in range(self.rng.choice((0, 3, 12)))]
            return urlencode(fields, errors="replace").encode()
        return self.rng.choice(
            (
                b"", b"\0", b"\xff" * 50, b"--b\r\n\r\nx\r\n--b--", b"--b--", b"--b\r\n\r\n" * 20, b"a" * 5000,
                b'--b\r\ncontent-disposition: form-data; name="name"; filename="x"\r\n\r\nx\r\n--b--\r\n',
                b'--b\r\ncontent-disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--b--\r\n',
            )
        )  # fmt: skip

    def _json(self, names: Sequence[str]) -> bytes:
        raw = (b"", b"{", b"[" * 3000, b'{"a":' * 3000, b"9" * 5000, b"\xff", b"NaN", b'"\\ud800"', b'{"\\ud800":1}')
        if self.rng.random() < 0.2:
            return self.rng.choice(raw)
        if self.rng.random() < 0.3:
            files = [{"name": self.text(), "size": self._value(3)} for _ in range(self.rng.choice((1, 3)))]
            return json.dumps({"files": files, self.rng.choice(names): self._value(1)}).encode()
        return json.dumps(dict.fromkeys(self.rng.choices(names, k=5), self._value(0))).encode()

    def _value(self, depth: int) -> Any:
        plain = (self.text(), None, True, -1, 0, 1, 3.0, 1e308, 10**40, float("inf"), float("nan"))
        if depth > 2 or self.rng.random() < 0.6:
            return self.rng.choice(plain)
        return self.rng.choice(([self._value(depth + 1)] * 3, {self.text(): self._value(depth + 1)}, [], {}))


def _header(text: str) -> bytes:
    """Write a header's value as a server lets it through (RFC 9110, 5.5): without controls, in any bytes."""
    return "".join(one for one in text if one >= " " and one != "\x7f").encode(errors="replace").strip()


def _queries(dependant: Any) -> Iterator[str]:
    """Yield the query parameters of a route and of all that it depends on."""
    yield from _names(dependant.query_params)
    for one in dependant.dependencies:
        yield from _queries(one)


def _names(fields: Sequence[Any]) -> list[str]:
    """Return the names of parameters, and of the fields of models among them."""
    names: list[str] = []
    for one in fields:
        kind = one.field_info.annotation
        inner = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else ()
        names += [one.alias, *inner]
    return names
