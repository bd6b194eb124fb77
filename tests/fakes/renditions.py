"""Pictures that are kept, and what makes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from intake.files.model import now
from intake.renditions.model import (
    EDGES,
    STORED_TYPE,
    NoPreview,
    RenditionAnswer,
    RenditionRequest,
    list_keys,
    no_preview_key,
    rendition_key,
)
from intake.renditions.ports import RendererBusyError
from intake.renditions.s3 import NOTE_COUNTS_FOR
from tests.fakes.table import Clock


@dataclass
class FakeRenditions:
    """The bucket of pictures, behind the `Renditions` port."""

    kept: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    """What stands under a key, and since when."""
    clock: Clock = now

    def find(self, request: RenditionRequest, edge: int) -> RenditionAnswer | None:
        if rendition_key(request, edge) in self.kept:
            return RenditionAnswer(media_type=STORED_TYPE)
        note, at = self.kept.get(no_preview_key(request), (b"", self.clock()))
        return (
            RenditionAnswer(reason=NoPreview(note.decode())) if note and self.clock() - at < NOTE_COUNTS_FOR else None
        )

    def sign(self, request: RenditionRequest, edge: int) -> str:
        return f"https://renditions.s3.test/{rendition_key(request, edge)}?X-Amz-Signature=fake"

    def put(self, request: RenditionRequest, pictures: Mapping[int, bytes]) -> None:
        self.kept |= {rendition_key(request, edge): (data, self.clock()) for edge, data in pictures.items()}

    def put_note(self, request: RenditionRequest, reason: NoPreview) -> None:
        self.kept[no_preview_key(request)] = (reason.encode(), self.clock())

    def remove(self, clinic_id: str, file_id: str) -> None:
        for key in list_keys(clinic_id, file_id):
            self.kept.pop(key, None)


@dataclass
class FakeRenderer:
    """Keeps a picture of each file that it is asked for, or answers `refuses`, or is busy."""

    renditions: FakeRenditions = field(default_factory=FakeRenditions)
    refuses: NoPreview | None = None
    busy: bool = False
    asked: list[RenditionRequest] = field(default_factory=list)

    def render(self, request: RenditionRequest) -> RenditionAnswer:
        self.asked.append(request)
        if self.busy:
            raise RendererBusyError("busy")
        if self.refuses:
            self.renditions.put_note(request, self.refuses)
            return RenditionAnswer(reason=self.refuses)
        if request.view:
            return RenditionAnswer(image=b"a view", media_type=request.view.media_type)
        self.renditions.put(request, dict.fromkeys(EDGES, b"a picture"))
        return RenditionAnswer()
