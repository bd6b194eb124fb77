"""What stands in a picture's place where there is none: a drawing that says why, in the reader's language."""

import textwrap
from html import escape

from intake.languages import mark
from intake.renditions.model import EDGES

SVG_TYPE = "image/svg+xml"

BUSY = mark("The picture is not ready yet. Load the page again in a moment.")

_SMALL, _ = EDGES
_LINE = 36
"""Characters of a line."""

_STYLE = """svg{color:#4b6068;background:#eaf0f0}
@media (prefers-color-scheme:dark){svg{color:#adc0c6;background:#1e2e34}}
text{font:16px system-ui,sans-serif;fill:currentColor;text-anchor:middle}
g{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}"""
"""As the pages' own palette; a picture knows nothing of their style sheets."""

_NONE = '<path d="M4 4l16 16M8 4.5h11a1 1 0 0 1 1 1V16M16.5 19.5H5a1 1 0 0 1-1-1V8M4.5 17l4-4 2.5 2.5"/>'
_LATER = '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.2 2"/>'


def write_placeholder(told: str, edge: int, *, later: bool = False) -> str:
    """Return an SVG that stands for a picture of `edge` pixels and says what is `told`; `later` one may come yet."""
    lines = [] if edge == _SMALL else textwrap.wrap(told, _LINE)
    top = -12 - 12 * len(lines)
    texts = "".join(f'<text y="{top + 52 + 24 * number}">{escape(line)}</text>' for number, line in enumerate(lines))
    # Without a size or a ratio of its own it fills the box that is kept for the picture, and nothing moves.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"><title>{escape(told)}</title><style>{_STYLE}</style>'
        f'<svg x="50%" y="50%" overflow="visible"><g transform="translate(-12 {top})">{_LATER if later else _NONE}</g>'
        f"{texts}</svg></svg>"
    )
