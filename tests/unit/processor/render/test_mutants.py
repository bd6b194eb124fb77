"""Damaged images: whatever is done to one, there is a picture or a reason, and nothing else happens.

PICTURES says how many (60 by default) and SEED repeats a run. `make pictures` draws 10,000.
"""

import hashlib
import os
import secrets
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from intake.renditions.model import NoPreview, RenditionRequest
from processor.render import limits
from processor.render.process import Child
from processor.render.renderer import Renderer
from tests.fakes.objects import FakeObjects
from tests.unit.processor.render.memory import measure_children
from tests.unit.processor.render.mutants import corpus_seeds, mutant, packaged_seeds

MUTANTS = int(os.environ.get("PICTURES", "60"))
SEED = int(os.environ.get("SEED", secrets.randbits(32)))
ROOT = Path(__file__).parents[4]


def snapshot(*folders):
    """Return what stands in folders, but for what tests and tools write all the time."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not {".git", "__pycache__", ".pytest_cache"} & set(path.parts):
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def seeds():
    return packaged_seeds() + (corpus_seeds() if MUTANTS > 60 else [])


def test_every_mutant_is_drawn_or_has_a_reason(seeds, tmp_path, monkeypatch):
    print(f"SEED={SEED}, {len(seeds)} files")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, ends, slowest = snapshot(ROOT / "processor"), Counter(), (0.0, 0)
    objects = FakeObjects()
    for number in range(MUTANTS):
        kind, data = mutant(SEED, number, seeds)
        objects.versions.clear()
        stored = objects.put("accepted", "clinic/file", data)
        request = RenditionRequest(
            clinic_id="clinic", file_id="file", stored=stored, size=len(data), kind=kind, accepted=False
        )
        started = time.monotonic()
        pictures = Renderer(objects, Child()).render(request)
        slowest = max(slowest, (time.monotonic() - started, number))
        ends[kind, pictures.value if isinstance(pictures, NoPreview) else "drawn"] += 1
        assert [*tmp_path.iterdir()] == [], number

    peak = measure_children()
    for (kind, end), count in sorted(ends.items()):
        print(f"{count:7,}  {kind}: {end}")
    print(f"slowest: {slowest[0]:.1f} s (mutant {slowest[1]}); most memory of any child: {peak / 2**20:.0f} MiB")
    assert ends.total() == MUTANTS
    assert peak <= limits.MEMORY
    assert snapshot(ROOT / "processor") == before


def test_a_mutant_is_the_same_for_the_same_numbers():
    files = packaged_seeds()

    assert mutant(1, 2, files) == mutant(1, 2, files)
