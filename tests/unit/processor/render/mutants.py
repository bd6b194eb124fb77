"""Damaged images: real and synthetic ones of every kind that is drawn, mutated by number."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.data import get_testdata_file
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from tests.fuzz.mutations import DAMAGE, SURGERY, parts
from tests.unit.processor.judge.corpus import CORPUS, rows
from tests.unit.processor.render.images import image, write

LARGEST = 512 * 1024
"""Bytes of a file that is mutated."""
KINDS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".tif": "tiff", ".tiff": "tiff"}
IN_PLACE = ("flip", "write", "noise")
PACKAGED = (
    "CT_small.dcm", "JPEG-lossy.dcm", "JPEG2000.dcm", "JPEGLSNearLossless_08.dcm", "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_rle_16bit.dcm", "SC_ybr_full_422_uncompressed.dcm",
    "examples_palette.dcm",
)  # fmt: skip

Seed = tuple[str, bytes]


def packaged_seeds() -> list[Seed]:
    """Return images that are at hand everywhere."""
    values = (np.arange(64 * 64, dtype=np.uint16) * 15).reshape(64, 64)
    seeds: list[Seed] = []
    for syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        shown = image(values)
        shown.compress(syntax, generate_instance_uid=False)
        seeds.append(("dicom", write(shown)))
    return seeds + [("dicom", Path(get_testdata_file(name)).read_bytes()) for name in PACKAGED]


def corpus_seeds() -> list[Seed]:
    """Return every smaller image of the corpus, damaged ones among them. There are none where it is missing."""
    if not (CORPUS / "MANIFEST.csv").is_file():
        return []
    seeds: list[Seed] = []
    for row in rows():
        path, kind = CORPUS / row["path"], row["kind"].split("/")[0]
        kind = KINDS.get(path.suffix, "png") if kind == "image" else kind
        if kind in {"dicom", "nifti", "pdf", *KINDS.values()} and int(row["bytes"]) <= LARGEST:
            seeds.append((kind, path.read_bytes()))
    return seeds


def mutant(seed: int, number: int, seeds: list[Seed]) -> Seed:
    """Return a kind and a damaged file of it: the same for the same seed and number."""
    chance = random.Random(f"{seed}/{number}")
    kind, data = chance.choice(seeds)
    for _ in range(min(chance.randint(1, 8), chance.randint(1, 8))):
        if data:
            data = _mutate(kind, data, chance)[: 2 * LARGEST]
    return kind, data


def _mutate(kind: str, data: bytes, chance: random.Random) -> bytes:
    number, lot = chance.getrandbits(40), chance.random()
    if kind == "dicom" and lot < 0.3 and (found := parts(data)):
        operation = SURGERY[chance.choice(list(SURGERY))]
        return operation(data, chance.choice(found), number)
    # What moves bytes ends most files at their lengths, and only what reads those meets it.
    damage: Callable[[bytes, int, int], bytes] = DAMAGE[chance.choice(IN_PLACE if lot < 0.85 else list(DAMAGE))]
    # Headers stand at the beginning, and what a decoder reads comes behind them.
    place = chance.random() ** chance.choice((1 / 3, 1, 3))
    return damage(data, int(place * len(data)), number)
