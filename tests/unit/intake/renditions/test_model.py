"""What the portal asks and the renderer answers: the same behind a queue, or an invocation, as before it."""

import json

import pytest

from intake.files.model import ObjectVersion
from intake.renditions.model import (
    EDGES,
    NoPreview,
    RenditionAnswer,
    RenditionRequest,
    View,
    no_preview_key,
    rendition_key,
)

REQUEST = RenditionRequest(
    clinic_id="clinic-a",
    file_id="01J-0001",
    stored=ObjectVersion("accepted", "clinic-a/01J/01J-0001", "v1"),
    size=524_288,
    kind="dicom",
    accepted=True,
)


@pytest.mark.parametrize(
    "view",
    [None, View(media_type="image/png"), View(media_type="image/jpeg", frame=7, window=(40.0, 400.5), edge=512)],
)
def test_a_request_is_read_as_it_was_written(view: View | None) -> None:
    request = RenditionRequest(
        clinic_id="clinic-a",
        file_id="01J-0001",
        stored=ObjectVersion("quarantine", "a/b/c"),
        size=1,
        kind="pdf",
        accepted=False,
        view=view,
    )
    assert RenditionRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    "answer",
    [
        RenditionAnswer(),
        RenditionAnswer(reason=NoPreview.TOO_LARGE),
        RenditionAnswer(image=b"\x00RIFF", media_type="image/webp"),
    ],
)
def test_an_answer_survives_json(answer: RenditionAnswer) -> None:
    assert RenditionAnswer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


def test_no_two_pictures_share_a_key_and_quarantine_has_a_folder_of_its_own() -> None:
    hidden = RenditionRequest.from_json(json.dumps(json.loads(REQUEST.to_json()) | {"accepted": False}))
    keys = [rendition_key(one, edge) for one in (REQUEST, hidden) for edge in EDGES]
    keys += [no_preview_key(REQUEST), no_preview_key(hidden)]
    assert len(set(keys)) == len(keys)
    assert {key.partition("/")[0] for key in keys} == {"accepted", "quarantine"}
