"""`/api/v1/findings`: what every code means, and what to do about it."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel, Field

from intake.errors import NotFoundError
from intake.files.model import Severity, Whose
from intake.rules import catalogue
from portal.api.dependencies import Reader
from portal.api.problem_responses import problem_responses

router = APIRouter(prefix="/api/v1/findings", tags=["findings"])


class Code(BaseModel):
    """What a finding's code means. It never changes its meaning."""

    code: str = Field(examples=["empty-file"])
    severity: Severity = Field(description="What it does, unless your clinic's profile says otherwise.")
    message: str = Field(examples=["The file is empty."])
    remedy: str = Field(examples=["Export it anew where it was made, and send that."])
    whose: Whose = Field(description="Who can do something about it.")
    section: str = Field(description="Of the DICOM standard, where it follows from one.", examples=["PS3.10 7.1"])
    chapter: str = Field(examples=["The file as a whole"])


class Codes(BaseModel):
    """Every code that there is."""

    rules_version: str = Field(
        description="Changes with every change that can change a verdict.", examples=["2026.11.4"]
    )
    findings: list[Code]


@router.get("", summary="List what codes mean", responses=problem_responses())
def index(identity: Reader) -> Codes:  # noqa: ARG001 - the scope is asked for.
    """List every code that a finding can have, by chapters. It changes with `rules_version` only."""
    return Codes(rules_version=catalogue().version, findings=list(_list_codes().values()))


@router.get("/{code}", summary="Read what a code means", responses=problem_responses("not-found"))
def read(code: str, identity: Reader) -> Code:  # noqa: ARG001 - the scope is asked for.
    """Read what a finding's code means, and what to do about it."""
    known = _list_codes()
    if code not in known:
        raise NotFoundError("there is no such code")
    return known[code]


def _list_codes() -> dict[str, Code]:
    return {
        rule.code: Code.model_validate({**asdict(rule), "chapter": title})
        for title, rules in catalogue().told
        for rule in rules
    }
