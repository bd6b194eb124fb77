"""How operations describe the problems that they may answer."""

from typing import Any

from pydantic import BaseModel, Field

from portal import problems
from portal.problems import KNOWN, MEDIA_TYPE, Problem


class FieldFault(BaseModel):
    """What is wrong with one field."""

    place: str = Field(alias="in", examples=["body"])
    pointer: str | None = Field(default=None, description="JSON pointer into the body.", examples=["/files/0/size"])
    parameter: str | None = Field(default=None, description="Name of a query parameter or header.")
    code: str = Field(examples=["less_than_equal"])
    message: str


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Stable. Leads to a page about the problem.")
    title: str
    status: int
    detail: str
    request_id: str = Field(description="Names the request in our logs.")
    errors: list[FieldFault] | None = Field(default=None, description="With `invalid-request`: what to correct.")
    scope: str | None = Field(default=None, description="With `missing-scope`: which.")
    missing: list[int] | None = Field(default=None, description="With `parts-missing`: numbers of parts, 100 at most.")


EVERYWHERE = (
    "invalid-token",
    "missing-scope",
    "no-single-clinic",
    "too-many-requests",
    "sign-in-unavailable",
    "internal-error",
)


def answers(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` for these problems and for those that any operation may answer."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for slug in (*EVERYWHERE, *slugs):
        problem = KNOWN[slug]
        entry = by_status.setdefault(problem.status, _entry())
        entry["description"] = " / ".join(filter(None, [entry["description"], problem.title]))
        entry["content"][MEDIA_TYPE]["examples"][slug] = {"value": _example(problem)}
    return by_status


def _entry() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {"description": "", "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}}}


def _example(problem: Problem) -> dict[str, Any]:
    return {
        "type": f"https://portal.example{problems.PAGES}{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": "0190f2b4-6a3e-7c1d-9a52-3f5b8c7d1e20",
    }
