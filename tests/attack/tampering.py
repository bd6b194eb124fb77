"""Ways to tamper with a presigned request: each is a change of what its holder was given."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

BODY = b"What was announced and signed, and nothing else."
OTHER = BODY[:-1] + b"!"


@dataclass(frozen=True, slots=True)
class Signed:
    """A presigned request, as its holder may change it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def query(self, **changes: str | None) -> "Signed":
        """Return the request with parameters of its query changed, added or (None) left out."""
        parts = urlsplit(self.url)
        names = {name.replace("_", "-"): value for name, value in changes.items()}
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in names]
        query = [*kept, *((name, value) for name, value in names.items() if value is not None)]
        return replace(self, url=parts._replace(query=urlencode(query, quote_via=quote)).geturl())

    def path(self, change: Callable[[str], str]) -> "Signed":
        parts = urlsplit(self.url)
        return replace(self, url=parts._replace(path=change(parts.path)).geturl())

    def header(self, name: str, value: str | None) -> "Signed":
        others = {each: given for each, given in self.headers.items() if each.lower() != name.lower()}
        return replace(self, headers=others if value is None else {**others, name: value})

    def parameter(self, name: str) -> str:
        return dict(parse_qsl(urlsplit(self.url).query)).get(name, "")


Change = Callable[[Signed], Signed]


@dataclass(frozen=True, slots=True)
class Case:
    """A way to tamper."""

    name: str
    change: Change
    enforced: bool = True
    """False where the emulator without `AUTH` asks for nothing."""
    only_aws: bool = False
    """True where no emulator does: S3 refuses headers of its own that were not signed (Amazon S3 API Reference,
    "Authenticating Requests: Using Query Parameters")."""


def checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _flipped(signed: Signed, place: int) -> Signed:
    signature = signed.parameter("X-Amz-Signature")
    changed = "0" if signature[place] != "0" else "1"
    return signed.query(X_Amz_Signature=signature[:place] + changed + signature[place + 1 :])


def common(other: Signed) -> Iterator[Case]:
    """Yield what may be done to any presigned request; `other` is one of another clinic's."""
    for place in (0, 31, 63):
        yield Case(f"bit of the signature, character {place}", lambda it, at=place: _flipped(it, at))
    yield Case("signature dropped", lambda it: it.query(X_Amz_Signature=None), enforced=False)
    yield Case("signature of another request", lambda it: it.query(X_Amz_Signature=other.parameter("X-Amz-Signature")))
    yield Case("expiry stretched", lambda it: it.query(X_Amz_Expires="604800"))
    yield Case("after its expiry", lambda it: it.query(X_Amz_Date="20200101T000000Z"))
    yield Case("date moved on", lambda it: it.query(X_Amz_Date="20991231T235959Z"))
    yield Case("fewer signed headers", lambda it: it.query(**{"X-Amz-SignedHeaders": "host"}).query(x="1"))
    yield Case("key of another clinic's", lambda it: it.path(lambda _: urlsplit(other.url).path))
    yield Case("key with an end", lambda it: it.path(lambda path: path + "x"))
    yield Case("key that climbs", lambda it: it.path(lambda path: re.sub("^/[^/]+/[^/]+", r"\g<0>/../hillside", path)))
    yield Case("no query at all", lambda it: replace(it, url=it.url.split("?")[0]), enforced=False)


def puts(buckets: Mapping[str, str], other: Signed) -> Iterator[Case]:
    """Yield what may be done to a file's PUT."""
    yield Case("longer body", lambda it: replace(it, body=BODY + b"x"))
    yield Case("shorter body", lambda it: replace(it, body=BODY[:-1]))
    yield Case("no body", lambda it: replace(it, body=b""))
    yield Case("other bytes of the same length", lambda it: replace(it, body=OTHER))
    yield Case(
        "other bytes and their checksum",
        lambda it: replace(it, body=OTHER).header("x-amz-checksum-sha256", checksum(OTHER)),
    )
    yield Case("other bytes, no checksum", lambda it: replace(it, body=OTHER).header("x-amz-checksum-sha256", None))
    yield Case("no checksum", lambda it: it.header("x-amz-checksum-sha256", None))
    yield Case("another type", lambda it: it.header("Content-Type", "text/html"))
    yield Case("no type", lambda it: it.header("Content-Type", None))
    yield Case("no condition", lambda it: it.header("If-None-Match", None))
    yield Case("another condition", lambda it: it.header("If-None-Match", '"x"'))
    yield Case("another declared digest", lambda it: it.header("x-amz-meta-sha256", "0" * 64))
    yield Case("another declared extension", lambda it: it.header("x-amz-meta-extension", "zip"))
    yield Case("no declared facts", lambda it: it.header("x-amz-meta-sha256", None))
    for method in ("GET", "DELETE", "POST", "HEAD"):
        yield Case(f"method {method}", lambda it, method=method: replace(it, method=method, body=b""))
    for name, bucket in buckets.items():
        yield Case(
            f"bucket {name}",
            lambda it, to=bucket: it.path(lambda path: re.sub(r"^/[^/]+", f"/{to}", path)),
        )
    for query in ("acl", "tagging", "uploads", "retention"):
        yield Case(f"query ?{query}", lambda it, query=query: it.query(**{query: ""}))
    for header, value in (
        ("x-amz-tagging", "GuardDutyMalwareScanStatus=NO_THREATS_FOUND"),
        ("x-amz-acl", "public-read"),
        ("x-amz-meta-other", "x"),
        # A class that can be read at once: what an emulator takes as archived, no judge could ever read.
        ("x-amz-storage-class", "STANDARD_IA"),
    ):
        yield Case(f"unsigned {header}", lambda it, h=header, v=value: it.header(h, v), only_aws=True)


def parts(of_other: str) -> Iterator[Case]:
    """Yield what may be done to a part's PUT; `of_other` is another clinic's multipart upload."""
    yield Case("another part number", lambda it: it.query(partNumber="2"))
    yield Case("another clinic's multipart upload", lambda it: it.query(uploadId=of_other))
    yield Case("no multipart upload", lambda it: it.query(uploadId=None, partNumber=None))
    yield Case("longer part", lambda it: replace(it, body=BODY + b"x"))
    yield Case("other bytes in a part", lambda it: replace(it, body=OTHER))
    yield Case(
        "other bytes and their checksum in a part",
        lambda it: replace(it, body=OTHER).header("x-amz-checksum-sha256", checksum(OTHER)),
    )
    yield Case("no checksum of a part", lambda it: it.header("x-amz-checksum-sha256", None))
    yield Case(
        "the multipart upload is ended", lambda it: replace(it, method="DELETE", body=b"").query(partNumber=None)
    )


def gets() -> Iterator[Case]:
    """Yield what may be done to a download."""
    yield Case("another version", lambda it: it.query(versionId="null"))
    yield Case("no version", lambda it: it.query(versionId=None))
    yield Case("shown in the browser", lambda it: it.query(**{"response-content-disposition": "inline"}))
    yield Case("another type of a download", lambda it: it.query(**{"response-content-type": "text/html"}))
    yield Case("a download that deletes", lambda it: replace(it, method="DELETE"))
    yield Case("a download that overwrites", lambda it: replace(it, method="PUT", body=BODY))
