"""From a request to pictures, through a real child: what is read, what is drawn, and the reasons against it."""

import gzip
import resource
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless

from intake.errors import ObjectMissingError
from intake.files.model import ObjectVersion
from intake.renditions.model import EDGES, NoPreview, RenditionRequest, View
from processor.render.process import Child
from processor.render.renderer import LARGEST_FILES, Renderer
from tests.dicom_files import ct_slice
from tests.fakes.objects import FakeObjects
from tests.unit.processor.render.images import image, write
from tests.unit.processor.render.test_documents import document
from tests.unit.processor.render.test_volumes import marked, volume

RAMP = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
FRAMES = np.stack([np.full((64, 64), shade, np.uint8) for shade in (70, 100, 130, 160, 190)])


class Bucket:
    """One object, and a renderer that draws it."""

    def __init__(self, data: bytes, kind: str, size: int | None = None) -> None:
        self.objects = FakeObjects()
        self.stored = self.objects.put("accepted", "clinic/file", data)
        self.kind, self.size = kind, len(data) if size is None else size

    def render(self, view=None, stored=None):
        request = RenditionRequest(
            clinic_id="clinic",
            file_id="file",
            stored=stored or self.stored,
            size=self.size,
            kind=self.kind,
            accepted=True,
            view=view,
        )
        return Renderer(self.objects).render(request)

    def show(self, **view):
        pictures = self.render(View(**{"media_type": "image/png", **view}))
        assert not isinstance(pictures, NoPreview), pictures
        [picture] = pictures
        return np.asarray(Image.open(BytesIO(picture.image)))


def png(picture):
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def multiframe(frames=FRAMES):
    found = image(frames[0], NumberOfFrames=len(frames))
    found.PixelData = frames.tobytes()
    found["PixelData"].VR = "OB"
    return found


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (write(image(RAMP)), "dicom"),
        (document(200), "pdf"),
        (volume(marked()), "nifti"),
        (gzip.compress(volume(marked())), "nifti"),
        (png(Image.linear_gradient("L")), "png"),
    ],
    ids=["dicom", "pdf", "nifti", "gzipped nifti", "png"],
)
def test_two_pictures_are_drawn_to_be_kept(data, kind):
    pictures = Bucket(data, kind).render()

    assert [(picture.edge, picture.media_type) for picture in pictures] == [(edge, "image/webp") for edge in EDGES]
    for picture in pictures:
        drawn = Image.open(BytesIO(picture.image))
        assert drawn.format == "WEBP"
        assert max(drawn.size) <= picture.edge
        assert drawn.convert("L").getextrema() != (0, 0)


@pytest.mark.parametrize(("media_type", "form"), [("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/webp", "WEBP")])
def test_a_view_is_drawn_as_it_is_wanted(media_type, form):
    [picture] = Bucket(write(image(RAMP)), "dicom").render(View(media_type=media_type, edge=20))

    drawn = Image.open(BytesIO(picture.image))
    assert (drawn.format, drawn.size) == (form, (20, 20))


def test_a_view_without_an_edge_has_every_pixel():
    assert Bucket(write(image(RAMP)), "dicom").show().shape == (64, 64)


def test_a_view_has_the_window_that_is_wanted():
    shown = Bucket(write(image(RAMP, WindowCenter=1, WindowWidth=2)), "dicom").show(window=(2048.0, 4096.0))

    assert np.abs(shown.astype(float) - RAMP / 4095 * 255).max() <= 0.51


def test_a_slice_costs_two_reads():
    bucket = Bucket(ct_slice(rows=512, columns=512), "dicom")

    assert not isinstance(bucket.render(), NoPreview)
    assert bucket.objects.calls["read"] == 2


def test_a_slice_takes_less_than_a_second_of_cpu():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert not isinstance(Bucket(ct_slice(rows=512, columns=512), "dicom").render(), NoPreview)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{seconds:.2f} s of CPU")
    assert seconds < 1


@pytest.mark.parametrize(
    ("module", "needless"),
    [
        ("images", {"pydicom", "gdcm", "openjpeg", "jpeg_ls", "pypdfium2"}),
        ("pictures", {"pydicom", "gdcm", "pypdfium2"}),
        ("documents", {"pydicom", "gdcm", "numpy"}),
        ("volumes", {"pydicom", "gdcm", "pypdfium2"}),
    ],
)
def test_a_child_loads_what_its_kind_takes_and_nothing_else(module, needless):
    script = f"import processor.render.drawing.{module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert needless & {*done.stdout.split()} == set()


def test_of_many_frames_the_middle_one_is_drawn_or_the_one_that_is_wanted():
    bucket = Bucket(write(multiframe()), "dicom")

    assert (bucket.show() == 130).all()
    assert (bucket.show(frame=1) == 70).all()
    assert (bucket.show(frame=5) == 190).all()
    assert bucket.render(View(media_type="image/png", frame=6)) is NoPreview.UNREADABLE


def test_of_many_compressed_frames_the_middle_one_is_drawn():
    shown = multiframe()
    shown.compress(JPEG2000Lossless, generate_instance_uid=False)

    assert (Bucket(write(shown), "dicom").show() == 130).all()


def test_of_frames_that_are_cut_off_the_first_is_drawn():
    shown = multiframe()
    shown.NumberOfFrames = 500

    assert (Bucket(write(shown), "dicom").show() == 70).all()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32])
def test_big_endian_samples_are_drawn_as_they_are(kind):
    values = (np.arange(3 * 5) * 17).reshape(3, 5).astype(kind)
    shown = image(values.astype(values.dtype.newbyteorder(">")))
    shown.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    if kind is np.uint8:
        padded = values.tobytes() + b"\0"
        shown.PixelData = np.frombuffer(padded, "<u2").astype(">u2").tobytes()
    shown["PixelData"].VR = "OW"
    shown.WindowCenter, shown.WindowWidth = 128, 256

    assert np.abs(Bucket(write(shown), "dicom").show().astype(int) - values).max() <= 1


@pytest.mark.parametrize(
    ("name", "value", "size"),
    [
        ("PixelSpacing", [2, 1], (32, 64)),
        ("PixelSpacing", [1, 4], (64, 16)),
        ("PixelAspectRatio", [2, 1], (32, 64)),
        ("ImagerPixelSpacing", [1, 2], (64, 32)),
        ("PixelSpacing", [1, 1000], (64, 64)),
        ("PixelSpacing", [0, 1], (64, 64)),
    ],
)
def test_pixels_that_are_no_squares_are_shown_as_they_are(name, value, size):
    [small, _] = Bucket(write(image(RAMP, **{name: value})), "dicom").render()

    assert Image.open(BytesIO(small.image)).size == size


def test_overlays_are_not_burnt_in():
    shown = dcmread(get_testdata_file("MR_small.dcm"))
    plain = Bucket(write(shown), "dicom").show()
    overlay = {
        0x60000010: ("US", shown.Rows),
        0x60000011: ("US", shown.Columns),
        0x60000050: ("SS", [1, 1]),
        0x60000100: ("US", 1),
        0x60000102: ("US", 0),
        0x60003000: ("OW", b"\xff" * (shown.Rows * shown.Columns // 8)),
    }
    for tag, value in overlay.items():
        shown.add_new(tag, *value)

    assert (Bucket(write(shown), "dicom").show() == plain).all()


def test_a_document_within_a_dicom_file_is_drawn():
    shown = Dataset()
    shown.update(image(RAMP))
    shown.file_meta = image(RAMP).file_meta
    for name in ("PixelData", "Rows", "Columns"):
        del shown[name]
    shown.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    shown.MIMETypeOfEncapsulatedDocument = "application/pdf"
    shown.EncapsulatedDocument = document(200)

    assert Bucket(write(shown), "dicom").show(edge=100).shape[:2] == (50, 100)


def test_a_report_has_nothing_to_see():
    data = Path(get_testdata_file("test-SR.dcm")).read_bytes()

    assert Bucket(data, "dicom").render() is NoPreview.NO_PIXELS


@pytest.mark.parametrize("kind", ["hl7v2", "fhir", "ccda", "csv", "zip"])
def test_what_is_no_picture_is_not_even_read(kind):
    bucket = Bucket(b"anything", kind)

    assert bucket.render() is NoPreview.NO_PIXELS
    assert bucket.objects.calls["read"] == 0


def test_a_kind_that_nobody_knows_is_told():
    assert Bucket(b"anything", "unknown").render() is NoPreview.UNKNOWN_FORMAT


@pytest.mark.parametrize("kind", sorted(LARGEST_FILES))
def test_what_is_no_file_of_its_kind_is_unreadable(kind):
    assert Bucket(b"no such file", kind).render() is NoPreview.UNREADABLE


@pytest.mark.parametrize("kind", sorted(LARGEST_FILES))
def test_what_is_too_large_is_not_even_read(kind):
    bucket = Bucket(b"%PDF", kind, size=LARGEST_FILES[kind] + 1)

    assert bucket.render() is NoPreview.TOO_LARGE
    assert bucket.objects.calls["read"] == 0


@pytest.mark.parametrize("data", [b"", b"no such file", write(image(RAMP))[:-3000], write(image(RAMP))[:300]])
def test_a_dicom_file_that_is_damaged_has_a_reason(data):
    assert Bucket(data, "dicom").render() in {NoPreview.UNREADABLE, NoPreview.NO_PIXELS}


def test_a_frame_that_is_too_large_is_not_read():
    shown = image(RAMP, Rows=60_000, Columns=60_000)

    bucket = Bucket(write(shown), "dicom")

    assert bucket.render() is NoPreview.TOO_LARGE
    assert bucket.objects.calls["read"] == 1


def test_a_video_is_not_drawn():
    shown = image(np.zeros((64, 64, 3), np.uint8))
    shown.compress(JPEG2000Lossless, generate_instance_uid=False)
    shown.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"

    assert Bucket(write(shown), "dicom").render() is NoPreview.UNKNOWN_FORMAT


def test_a_picture_that_no_answer_holds_is_too_large():
    noise = np.random.default_rng(17).integers(0, 256, (3000, 3000)).astype(np.uint8)

    assert Bucket(png(Image.fromarray(noise)), "png").render(View(media_type="image/png")) is NoPreview.TOO_LARGE


def test_an_object_that_is_gone_is_told():
    bucket = Bucket(b"%PDF", "pdf")

    assert bucket.render(stored=ObjectVersion("accepted", "clinic/file", "other")) is NoPreview.GONE


@pytest.mark.parametrize("kind", ["pdf", "dicom"])
def test_an_object_that_is_shorter_than_it_was_is_gone(kind):
    assert Bucket(b"%PDF", kind, size=100).render() is NoPreview.GONE


def test_trouble_with_the_bucket_is_raised():
    class Unreachable(FakeObjects):
        def read(self, source, start, length):
            raise ConnectionError("the bucket cannot be reached")

    bucket = Bucket(b"%PDF", "pdf")
    bucket.objects = Unreachable()

    with pytest.raises(ConnectionError):
        bucket.render()


def test_trouble_in_the_middle_of_an_object_is_raised(monkeypatch):
    monkeypatch.setattr("processor.render.source.PIECE", 10)

    class Halfway(FakeObjects):
        def read(self, source, start, length):
            if start > 50:
                raise ObjectMissingError("gone while it was read")
            return super().read(source, start, length)

    bucket = Bucket(document(200), "pdf")
    halfway = Halfway()
    bucket.stored = halfway.put("accepted", "a/b", document(200))
    bucket.objects = halfway

    assert bucket.render() is NoPreview.GONE


def test_a_slow_file_is_told():
    bucket = Bucket(document(200), "pdf")
    request = RenditionRequest(
        clinic_id="a", file_id="b", stored=bucket.stored, size=bucket.size, kind="pdf", accepted=False
    )

    assert Renderer(bucket.objects, Child(0.01)).render(request) is NoPreview.TOO_SLOW


def test_no_text_of_a_file_leaves_with_its_picture():
    shown = image(RAMP, PatientName="Example^Nobody", ImageComments="Example^Nobody", StudyDescription="Example")

    for picture in Bucket(write(shown), "dicom").render():
        assert b"Nobody" not in picture.image
        assert b"EXIF" not in picture.image
        assert b"XMP" not in picture.image
