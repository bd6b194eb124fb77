"""Every accepted file of the corpus that shows something: drawn or not and why, and compared with a reference.

`make pictures`. Each is drawn as it is in production, in a child of its own.
"""

import time
import warnings
from collections import Counter
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom import dcmread

from intake.renditions.model import NoPreview, RenditionRequest, View
from processor.judge import judge
from processor.render import renderer
from tests.fakes.objects import FakeObjects
from tests.unit.processor.judge.corpus import content, needs_corpus, rows
from tests.unit.processor.judge.sources import CountedSource
from tests.unit.processor.render.references import make_reference, psnr

pytestmark = needs_corpus

LEAST_DB = 40
SEEN = ("dicom", "image", "pdf", "nifti")


def accepted():
    return [row for row in rows() if row["kind"].split("/")[0] in SEEN and row["expected"] != "reject"]


def request(data, kind, view=None):
    objects = FakeObjects()
    stored = objects.put("accepted", "a/b", data)
    wanted = RenditionRequest(
        clinic_id="a", file_id="b", stored=stored, size=len(data), kind=kind, accepted=True, view=view
    )
    return renderer.Renderer(objects), wanted


def reference(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return make_reference(dcmread(BytesIO(data), force=True))
        except Exception as error:  # noqa: BLE001 - whatever pydicom raises of a file, it is no reference
            return error


def test_every_accepted_image_is_drawn_as_its_reference_or_has_a_reason(monkeypatch):
    monkeypatch.setattr(renderer, "LARGEST_VIEW", 1 << 30)  # Whole mammograms as PNG are no answers, but comparable.
    drawn, reasons, seconds, ratios, worse = Counter(), Counter(), [], [], []
    for row in accepted():
        data = content(row)
        kind = judge(CountedSource(data)).kind
        drawer, wanted = request(data, kind)
        started = time.perf_counter()
        pictures = drawer.render(wanted)
        seconds.append(time.perf_counter() - started)
        known = reference(data) if kind == "dicom" else None
        if isinstance(pictures, NoPreview):
            reasons[f"{row['kind'].split('/')[0]}: {pictures}"] += 1
            able = "" if known is None or isinstance(known, Exception) else ", which pydicom reads"
            print(f"not drawn: {pictures.value:15} {row['path']} {row['transfer_syntax']}{able}")
            continue
        drawn[row["kind"].split("/")[0]] += 1
        if known is None or isinstance(known, Exception):
            continue
        drawer, wanted = request(data, kind, View(media_type="image/png", window=known.window))
        view = drawer.render(wanted)
        shown = np.zeros(0) if isinstance(view, NoPreview) else np.asarray(Image.open(BytesIO(view[0].image)))
        ratio = psnr(shown, known.pixels)
        ratios.append(ratio)
        if ratio < LEAST_DB:
            worse.append(row["path"])
            print(f"{ratio:.1f} dB: {row['path']} {row['transfer_syntax']}")
    print(f"drawn: {sum(drawn.values())} of {sum(drawn.values()) + sum(reasons.values())}: {dict(drawn)}")
    print(f"not drawn: {dict(reasons)}")
    print(f"compared: {len(ratios)}, {sum(ratio >= LEAST_DB for ratio in ratios)} with {LEAST_DB} dB and more")
    print(f"equal in every pixel: {sum(ratio == 99 for ratio in ratios)}")
    middle, slow = np.median(seconds), np.percentile(seconds, 95)
    print(f"seconds a file: median {middle:.2f}, 95 % {slow:.2f}, most {max(seconds):.2f}")
    assert worse == []


def test_every_refused_file_is_drawn_or_has_a_reason():
    """Bombs, overclaimed sizes, polyglots and what fuzzers found in decoders, each as whatever it may be taken for."""
    ends = Counter()
    for row in rows():
        if row["expected"] != "reject" or row["kind"].split("/")[0] not in {*SEEN, "not-medical", "zip"}:
            continue
        data = content(row)
        for kind in ("dicom", "pdf", "nifti", "jpeg", "png", "tiff"):
            drawer, wanted = request(data, kind)
            started = time.perf_counter()
            pictures = drawer.render(wanted)
            seconds = time.perf_counter() - started
            ends[pictures.value if isinstance(pictures, NoPreview) else "drawn"] += 1
            if pictures in {NoPreview.CRASHED, NoPreview.TOO_SLOW, NoPreview.TOO_LARGE} or seconds > 5:
                print(f"{pictures} after {seconds:.1f} s: {row['path']} as {kind}")
    print(f"of {ends.total()}: {dict(ends)}")
    assert ends.total() > 0
