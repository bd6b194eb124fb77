"""What a clinic's staff says of files in trouble or awaited, and of uploads that miss some: forms that lead back."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, Field

from intake.files.dealing import Reason
from portal.http.sessions.dependencies import Collaborators
from portal.services import Services
from portal.uploads import repairs, withdrawals
from portal.uploads.repairs import Said
from portal.web.layout.pages import Staff, build_address, see_other

router = APIRouter()

MOST_WORDS = 500
"""Characters."""

CAUSE = r"^[0-2]#[a-z0-9-]{0,80}$"


class Answer(BaseModel):
    """Why nothing is to be done."""

    reason: Reason
    words: Annotated[str, Field(max_length=MOST_WORDS)] = ""

    @property
    def said(self) -> Said:
        return Said(self.reason, self.words)


class AnswerOfCause(Answer):
    """The same of all files with one cause."""

    cause: Annotated[str, Field(pattern=CAUSE)]


@router.post("/files/{file_id}/deal")
def deal(identity: Staff, services: Collaborators, file_id: str, answer: Annotated[Answer, Form()]) -> Response:
    repairs.deal(services, identity, file_id, answer.said)
    return see_other(f"/files/{file_id}")


@router.post("/files/{file_id}/replace")
def replace(
    identity: Staff, services: Collaborators, file_id: str, by: Annotated[str, Form(max_length=80)]
) -> Response:
    repairs.replace(services, identity, file_id, by.strip())
    return see_other(f"/files/{file_id}")


@router.post("/files/{file_id}/reopen")
def reopen(identity: Staff, services: Collaborators, file_id: str) -> Response:
    repairs.reopen(services, identity, file_id)
    return see_other(f"/files/{file_id}")


@router.post("/uploads/{upload_id}/deal")
def deal_with_cause(
    identity: Staff, services: Collaborators, upload_id: str, answer: Annotated[AnswerOfCause, Form()]
) -> Response:
    repairs.deal_with_cause(services, identity, upload_id, answer.cause, answer.said)
    return _lead_back(services, upload_id)


@router.post("/uploads/{upload_id}/withdraw")
def withdraw(identity: Staff, services: Collaborators, upload_id: str) -> Response:
    withdrawals.withdraw_awaited(services, identity, upload_id)
    return _lead_back(services, upload_id)


@router.post("/uploads/{upload_id}/close")
def close(identity: Staff, services: Collaborators, upload_id: str, answer: Annotated[Answer, Form()]) -> Response:
    repairs.close(services, identity, upload_id, answer.said)
    return see_other(f"/uploads/{upload_id}")


@router.post("/uploads/{upload_id}/reopen")
def reopen_upload(identity: Staff, services: Collaborators, upload_id: str) -> Response:
    repairs.reopen_upload(services, identity, upload_id)
    return see_other(f"/uploads/{upload_id}")


def _lead_back(services: Services, upload_id: str) -> Response:
    """Lead to the receipt, which looks again for a while: its figures follow the records within a second or so."""
    return see_other(build_address(f"/uploads/{upload_id}", {"said": int(services.clock().timestamp())}))
