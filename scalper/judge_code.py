"""Where the judge's code is: beside `scalper` in a checkout, and within it in an installed wheel.

The wheel holds a copy of the packages that judge, so that it installs nothing but `scalper` (docs/adr/0015). They know
each other by the names that they have in the checkout; these are found from the first call on, in this process only.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

_COPY = Path(__file__).parent / "_judge"


def make_importable() -> None:
    """Let `processor.ingest.offline_check` be imported."""
    if _COPY.is_dir() and str(_COPY) not in sys.path:
        sys.path.insert(0, str(_COPY))


def load(module: str) -> ModuleType:
    """Return one of the judge's modules. Who uses the client's types need not have the judge's."""
    make_importable()
    return import_module(module)
