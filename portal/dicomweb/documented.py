"""What the OpenAPI document says of DICOMweb, and the forms that its messages come in."""

from typing import Any

from fastapi.responses import Response

from portal.api.problem_responses import problem_responses

JSON = "application/dicom+json"
DICOM = "application/dicom"
RELATED = "multipart/related"


class DicomJson(Response):
    """Data sets in the DICOM JSON model."""

    media_type = JSON


class DicomMessage(Response):
    """Instances in a message of several parts."""

    media_type = RELATED


Responses = dict[int | str, dict[str, Any]]

_BODY = {"schema": {"type": "string", "format": "binary"}, "example": "--boundary …"}
DATA_SETS = {"type": "array", "items": {"type": "object"}}
EXAMPLE = [{"0020000D": {"vr": "UI", "Value": ["1.2.840.113619.2.55"]}}]
FOUND: Responses = {
    200: {"description": "Data sets, DICOM JSON model.", "content": {JSON: {"schema": DATA_SETS, "example": EXAMPLE}}}
}
SEARCHES: Responses = {
    **FOUND,
    204: {"description": "Nothing matches."},
    **problem_responses("invalid-dicomweb-request", "search-too-broad", "invalid-request", "not-acceptable"),
}
METADATA: Responses = {
    **FOUND,
    **problem_responses(
        "not-found",
        "message-too-large",
        "metadata-too-large",
        "instance-unreadable",
        "search-too-broad",
        "invalid-request",
        "not-acceptable",
    ),
}
CONTENT: Responses = {
    200: {
        "description": "The instances, as they were stored, each a part.",
        "content": {RELATED: _BODY},
    },
    **problem_responses(
        "not-found", "message-too-large", "instance-unreadable", "search-too-broad", "not-acceptable", "invalid-request"
    ),
}
FRAMES: Responses = {
    200: {
        "description": "As they are stored: each a part, or one by itself.",
        "content": {RELATED: _BODY, "application/octet-stream": _BODY, "image/jpeg": _BODY},
    },
    **problem_responses(
        "not-found", "message-too-large", "instance-unreadable", "search-too-broad", "not-acceptable", "invalid-request"
    ),
}
PICTURE: Responses = {
    200: {"description": "A picture.", "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _BODY)},
    **problem_responses(
        "not-found",
        "no-preview",
        "search-too-broad",
        "not-acceptable",
        "invalid-request",
        "invalid-dicomweb-request",
        "throttled",
    ),
}
LEADS: Responses = {307: {"description": "Leads to the download at S3."}}
BY_QUERY: Responses = {**LEADS, **PICTURE}
_STORED: Responses = {
    status: {
        "description": text,
        "content": {JSON: {"schema": {"type": "object"}, "example": {"00081199": {"vr": "SQ"}}}},
    }
    for status, text in {
        200: "All were stored.",
        202: "Some were stored, or with warnings, or are still being checked: `Location` tells.",
        409: "None were stored; each says why.",
    }.items()
}

STORED: Responses = {
    **_STORED,
    **problem_responses(
        "invalid-dicomweb-request", "message-too-large", "not-acceptable", "body-too-large", "storage-unavailable"
    ),
}
MESSAGE = {"requestBody": {"required": True, "content": {RELATED: _BODY, DICOM: _BODY}}}
