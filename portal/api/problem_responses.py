"""How operations describe the problems that they may answer."""

from typing import Any

from pydantic import BaseModel, Field

from portal.http.problem_types import KNOWN, MEDIA_TYPE, PAGES


class FieldFault(BaseModel):
    """What is wrong with one field."""

    place: str = Field(alias="in", examples=["body"])
    pointer: str | None = Field(default=None, description="JSON pointer into the body.", examples=["/files/0/size"])
    parameter: str | None = Field(default=None, description="Name of a query parameter or header.")
    code: str = Field(examples=["less_than_equal"])
    message: str


class LineFault(BaseModel):
    """What is wrong with one line of a list, and what to do about it."""

    place: str = Field(examples=["line 3"])
    problem: str


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Stable. Leads to a page about the problem.")
    title: str
    status: int
    detail: str
    request_id: str = Field(description="Names the request in our logs.")
    errors: list[FieldFault] | None = Field(
        default=None, description="With `invalid-request`: what to correct, the first 50."
    )
    lines: list[LineFault] | None = Field(
        default=None, description="With `malformed-list`: what to correct, the first 50."
    )
    scope: str | None = Field(default=None, description="With `missing-scope`: which.")
    missing: list[int] | None = Field(default=None, description="With `parts-missing`: numbers of parts, 100 at most.")


EVERYWHERE = (
    "invalid-token",
    "missing-scope",
    "no-single-clinic",
    "too-many-requests",
    "header-too-large",
    "address-too-long",
    "sign-in-unavailable",
    "access-unknown",
    "throttled",
    "internal-error",
)


GATEWAY = {401: "Unauthorized", 413: "Request Entity Too Large", 429: "Too Many Requests"} | {
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""What API Gateway answers by itself, before the portal: its HTTP APIs let nobody change these bodies."""


class GatewayMessage(BaseModel):
    """API Gateway's own refusal."""

    message: str


def problem_responses(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` for these problems and for those that any operation may answer."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for slug in (*EVERYWHERE, *slugs):
        problem = KNOWN[slug]
        entry = by_status.setdefault(problem.status, _build_entry(problem.status))
        entry["description"] = " / ".join(filter(None, [entry["description"], problem.title]))
        value = {
            "type": f"https://portal.example{PAGES}{slug}",
            "title": problem.title,
            "status": problem.status,
            "detail": problem.detail,
            "request_id": "0190f2b4-6a3e-7c1d-9a52-3f5b8c7d1e20",
        }
        entry["content"][MEDIA_TYPE]["examples"][slug] = {"value": value}
    return by_status


def _build_entry(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {MEDIA_TYPE: {"schema": refer_to("ProblemDocument"), "examples": {}}}
    if status in GATEWAY:
        content["application/json"] = {"schema": refer_to("GatewayMessage"), "example": {"message": GATEWAY[status]}}
    return {"description": "", "content": content}


def refer_to(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
