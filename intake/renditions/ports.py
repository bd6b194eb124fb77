"""What is asked of the pictures that are kept, and of the function that makes them."""

from collections.abc import Mapping
from typing import Protocol

from intake.errors import ThrottledError
from intake.renditions.model import NoPreview, RenditionAnswer, RenditionRequest


class RendererBusyError(ThrottledError):
    """Raised when the renderer takes no more just now, was not done in time, or could not read or write: try again."""


class Renditions(Protocol):
    """Pictures that are kept of files, each under the key that follows from its request."""

    def find(self, request: RenditionRequest, edge: int) -> RenditionAnswer | None:
        """Return that a picture of `edge` pixels is kept (no reason), or why there is none; None where nobody tried.

        A note that there is none counts for 30 days: decoders are mended, and may know the file by then.
        """
        ...

    def sign(self, request: RenditionRequest, edge: int) -> str:
        """Return an address of a picture that is kept, which is good for five minutes."""
        ...

    def put(self, request: RenditionRequest, pictures: Mapping[int, bytes]) -> None:
        """Keep pictures by their edges. WebP; what stood there is replaced."""
        ...

    def put_note(self, request: RenditionRequest, reason: NoPreview) -> None:
        """Keep that there is no picture, and why."""
        ...

    def remove(self, clinic_id: str, file_id: str) -> None:
        """Remove all that is kept of a file; nothing is no error. Raises ContentionError where some of it stays."""
        ...


class Renderer(Protocol):
    """Makes pictures, and is waited for."""

    def render(self, request: RenditionRequest) -> RenditionAnswer:
        """Have a file's pictures made and kept, or one `view` answered. Raises RendererBusyError."""
        ...
