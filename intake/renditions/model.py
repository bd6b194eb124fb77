"""Pictures of files for people to recognise them by, not for diagnosis: requests, answers, and keys."""

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from intake.files.model import ObjectVersion

EDGES = (128, 768)
"""The longer sides of the pictures that are kept, in pixels: for lists, and for a page."""

STORED_TYPE = "image/webp"

ACCEPTED, QUARANTINE = "accepted/", "quarantine/"
"""What keys begin with, by which pictures expire."""

_NOTE = "none.json"


class NoPreview(StrEnum):
    """Why there is no picture of a file. None of it says anything against the file."""

    NO_PIXELS = "no-pixels"
    """There is nothing to be seen in it: a report, a plan, a table."""
    UNKNOWN_FORMAT = "unknown-format"
    """A kind of file, or a transfer syntax, that nothing here draws."""
    UNREADABLE = "unreadable"
    """Its pixels, pages or headers are damaged, or contradict each other."""
    TOO_LARGE = "too-large"
    """It takes more memory, bytes or pixels to draw than one picture may."""
    TOO_SLOW = "too-slow"
    """It was not drawn within the time that one picture may take."""
    CRASHED = "crashed"
    """The decoder fell over it."""
    PROTECTED = "protected"
    """It opens with a password only."""
    GONE = "gone"
    """The object is there no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture as somebody wants it, that is answered and not kept."""

    media_type: str
    """`image/jpeg`, `image/png` or `image/webp`."""
    frame: int | None = None
    """From 1; None: the middle one."""
    window: tuple[float, float] | None = None
    """Center and width, after the modality's rescaling; None: the file's own, else one by percentiles."""
    edge: int | None = None
    """The longer side at the most, in pixels; None: as many as the frame has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionRequest:
    """What the renderer is asked for: the pictures of `EDGES`, kept in its bucket, or one `view`, answered."""

    clinic_id: str
    file_id: str
    stored: ObjectVersion
    size: int
    """Of the object, in bytes."""
    kind: str
    """As the file's record names it: `dicom`, `pdf`, `nifti`, `jpeg`, `png`, `tiff`, …"""
    accepted: bool
    """False: it lies in quarantine."""
    view: View | None = None

    def to_dict(self) -> dict[str, Any]:
        shown = self.view
        view = shown and {
            "media_type": shown.media_type,
            "frame": shown.frame,
            "window": list(shown.window) if shown.window else None,
            "edge": shown.edge,
        }
        stored = [self.stored.bucket, self.stored.key, self.stored.version_id]
        facts = {name: getattr(self, name) for name in ("clinic_id", "file_id", "size", "kind", "accepted")}
        return {**facts, "stored": stored, "view": view}

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> "RenditionRequest":
        """Read what `to_json` wrote. Only whom IAM lets ask can have written it."""
        facts = json.loads(text)
        view = facts.pop("view")
        if view is not None:
            window = view.pop("window")
            view = View(window=tuple(window) if window else None, **view)
        return cls(stored=ObjectVersion(*facts.pop("stored")), view=view, **facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionAnswer:
    """What became of a request: a reason against it, or pictures, of which only a `view`'s is told."""

    reason: NoPreview | None = None
    image: bytes = b""
    media_type: str = ""

    def to_dict(self) -> dict[str, Any]:
        image = base64.b64encode(self.image).decode("ascii")
        return {"reason": self.reason, "image": image, "media_type": self.media_type}

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> "RenditionAnswer":
        reason = NoPreview(facts["reason"]) if facts["reason"] else None
        return cls(reason=reason, image=base64.b64decode(facts["image"]), media_type=facts["media_type"])


def rendition_key(request: RenditionRequest, edge: int) -> str:
    """Return the key of a picture that is kept. What lies in quarantine has keys that expire with it."""
    return f"{_folder(request)}/{edge}.webp"


def no_preview_key(request: RenditionRequest) -> str:
    """Return the key of the note that there is no picture, and why."""
    return f"{_folder(request)}/{_NOTE}"


def list_keys(clinic_id: str, file_id: str) -> list[str]:
    """Return all keys under which something may be kept of a file, in whatever state it was then."""
    names = (*(f"{edge}.webp" for edge in EDGES), _NOTE)
    folders = [_name_folder(clinic_id, file_id, accepted=accepted) for accepted in (True, False)]
    return [f"{folder}/{name}" for folder in folders for name in names]


def _folder(request: RenditionRequest) -> str:
    return _name_folder(request.clinic_id, request.file_id, accepted=request.accepted)


def _name_folder(clinic_id: str, file_id: str, *, accepted: bool) -> str:
    return f"{ACCEPTED if accepted else QUARANTINE}{clinic_id}/{file_id}"
