"""Where the judge's code is: beside `scalper` in a checkout, and within it in an installed wheel.

The wheel holds a copy of the packages that judge, so that it installs nothing but `scalper` (docs/adr/0015). They know
each other by the names that they have in the checkout; these are found from the first call on, in this process only.
"""

import sys
from pathlib import Path

_COPY = Path(__file__).parent / "_judge"


def make_importable() -> None:
    """Let `processor.ingest.offline_check` be imported."""
    if _COPY.is_dir() and str(_COPY) not in sys.path:
        sys.path.insert(0, str(_COPY))
