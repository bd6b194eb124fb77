"""Pictures of instances, drawn by the renderer as somebody wants them (PS3.18 10.4.1.1.3 and 8.3.5).

They are answered and not kept. Nothing is burnt into them.
"""

import re
from dataclasses import dataclass, field
from math import isfinite

from intake.files.model import FileRecord
from intake.renditions.model import View
from portal.auth.identity import Identity
from portal.errors import DicomWebQueryError, NotAcceptableError
from portal.http.messages import parse_content_type, split_unquoted
from portal.retrieval.previews import draw
from portal.services import Services

TYPES = ("image/jpeg", "image/png", "image/webp")
"""The first one is given to whoever takes any."""
THUMBNAIL, LARGEST_THUMBNAIL = 128, 256
"""The longer side of a thumbnail of which no size is asked for, in pixels."""
LARGEST = 8192
"""The longest side that may be asked for, in pixels."""

_SIZE = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_LINEAR = "linear"
_PARTS_OF_WINDOW = 3
_PARTS_OF_VIEWPORT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a picture is wanted, as the query says it; empty where it does not."""

    frame: int | None = None
    viewport: str = ""
    window: str = ""
    quality: str = ""
    annotation: str = ""
    profile: str = ""
    accept: str = ""
    """Media types, from the query or from the header."""
    ignored: tuple[str, ...] = field(init=False)
    """What was wanted and is not done."""

    def __post_init__(self) -> None:
        wanted = {"quality": self.quality, "annotation": self.annotation, "iccprofile": self.profile}
        object.__setattr__(self, "ignored", tuple(name for name, value in wanted.items() if value))


def draw_picture(
    services: Services, identity: Identity, record: FileRecord, wish: Wish, *, edge: int | None = None
) -> tuple[bytes, str]:
    """Return a picture and its media type. `edge` is the longer side at the most where no viewport is wanted.

    Raises NotAcceptableError, DicomWebQueryError, NoPreviewError, RendererBusyError.
    """
    view = View(
        media_type=_choose_type(wish.accept),
        frame=wish.frame,
        window=_parse_window(wish.window),
        edge=_choose_edge(wish.viewport, record, edge),
    )
    drawn = draw(services, identity, record, view)
    return drawn.image, drawn.media_type


def _choose_type(accept: str) -> str:
    """Return the first media type that is taken, of those that are drawn."""
    wanted = [parse_content_type(one)[0] for one in split_unquoted(accept or "*/*", ",")]
    for media_type in wanted:
        if media_type in TYPES:
            return media_type
    if {"*/*", "image/*"} & set(wanted):
        return TYPES[0]
    raise NotAcceptableError(*TYPES)


def _parse_window(text: str) -> tuple[float, float] | None:
    """Return center and width of `center,width,function`. Raises DicomWebQueryError."""
    if not text:
        return None
    parts = text.split(",")
    try:
        center, width = (float(part) for part in parts[:2])
    except ValueError:
        center, width = 0.0, 0.0
    sound = isfinite(center) and isfinite(width) and width >= 1 and len(parts) <= _PARTS_OF_WINDOW
    if not sound or parts[2:] not in ([], [_LINEAR]):
        raise DicomWebQueryError("`window` is a center, a width of 1 at least and `linear`, separated by commas.")
    return center, width


def _choose_edge(viewport: str, record: FileRecord, small: int | None) -> int | None:
    """Return the longer side at the most. `small` is a thumbnail's, which stays one: no audit log tells of it."""
    wanted = _fit(viewport, record) if viewport else small
    return min(wanted, LARGEST_THUMBNAIL) if wanted and small else wanted


def _fit(text: str, record: FileRecord) -> int:
    """Return the longer side with which an image fits a viewport. Raises DicomWebQueryError."""
    parts = text.split(",")
    if len(parts) != _PARTS_OF_VIEWPORT or not all(map(_SIZE.fullmatch, parts)):
        raise DicomWebQueryError("`viewport` is a width and a height in pixels: images are given whole.")
    width, height = (min(int(part), LARGEST) for part in parts)
    columns, rows = (_read_size(record, name) for name in ("columns", "rows"))
    # The side that decides is the one that meets the viewport first.
    longer, room, side = max(columns, rows), *min((width, columns), (height, rows), key=lambda one: one[0] / one[1])
    return max(1, longer * room // side)


def _read_size(record: FileRecord, name: str) -> int:
    size = record.metadata.get(name)
    return size if isinstance(size, int) and size > 0 else 1
