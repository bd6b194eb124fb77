"""JPEG, PNG and TIFF files, against Pillow's own conversions."""

from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from intake.renditions.model import NoPreview
from processor.render.protocol import NoPictureError
from tests.unit.processor.render.drawings import draw

COLOURS = np.random.default_rng(17).integers(0, 256, (30, 40, 3)).astype(np.uint8)
FORMATS = {"jpeg": "JPEG", "png": "PNG", "tiff": "TIFF"}


def written(image, kind, **options):
    target = BytesIO()
    image.save(target, FORMATS[kind], **options)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["png", "tiff", "jpeg"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_is_drawn_as_it_is(kind, mode):
    data = written(Image.fromarray(COLOURS).convert(mode), kind)

    drawn = draw(kind, data)

    assert drawn.mode == mode
    assert (np.asarray(drawn) == np.asarray(Image.open(BytesIO(data)))).all()


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr"])
def test_other_modes_become_grays_or_colours(mode):
    image = Image.fromarray(COLOURS).convert(mode)
    data = written(image, "tiff")

    drawn = draw("tiff", data)

    assert drawn.mode == ("L" if mode == "1" else "RGB")
    assert (np.asarray(drawn) == np.asarray(Image.open(BytesIO(data)).convert(drawn.mode))).all()


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_are_spread_between_percentiles(kind):
    deep = np.arange(20_000, 20_000 + 40 * 30 * 7, 7, dtype=np.uint16).reshape(30, 40)

    drawn = np.asarray(draw(kind, written(Image.fromarray(deep), kind)))

    assert drawn[0, 0] == 0
    assert drawn[-1, -1] == 255
    assert (np.diff(drawn.ravel().astype(int)) >= 0).all()


def test_floating_pixels_are_spread():
    drawn = np.asarray(
        draw("tiff", written(Image.fromarray(np.linspace(0, 1e-6, 1200, dtype=np.float32).reshape(30, 40)), "tiff"))
    )

    assert (drawn.min(), drawn.max()) == (0, 255)


def test_what_is_transparent_lies_on_white():
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    clear.putpixel((0, 0), (255, 0, 0, 255))

    drawn = np.asarray(draw("png", written(clear, "png")))

    assert drawn[0, 0].tolist() == [255, 0, 0]
    assert drawn[1, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_as_its_exif_says(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = written(Image.fromarray(COLOURS), "jpeg", exif=exif, quality=95)

    drawn = draw("jpeg", data)

    assert (np.asarray(drawn) == np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(data))))).all()


def test_a_page_that_is_asked_for_is_drawn_and_else_the_first():
    pages = [Image.new("L", (8, 8), shade) for shade in (10, 20, 30)]
    data = written(pages[0], "tiff", save_all=True, append_images=pages[1:])

    assert draw("tiff", data).getpixel((0, 0)) == 10
    assert draw("tiff", data, frame=3).getpixel((0, 0)) == 30
    with pytest.raises(EOFError):
        draw("tiff", data, frame=4)


@pytest.mark.parametrize(("edge", "size"), [(20, (20, 15)), (40, (40, 30)), (1000, (40, 30)), (None, (40, 30))])
def test_a_picture_is_made_smaller_and_never_larger(edge, size):
    assert draw("png", written(Image.fromarray(COLOURS), "png"), edge=edge).size == size


def test_a_large_jpeg_is_made_smaller_by_its_decoder():
    large = Image.linear_gradient("L").resize((2000, 1000))
    data = written(large, "jpeg", quality=95)

    drawn = draw("jpeg", data, edge=100)

    assert drawn.size == (100, 50)
    expected = np.asarray(large.resize((100, 50), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(np.asarray(drawn).astype(int) - expected).max() <= 3


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_nothing_but_pixels_leaves(media_type):
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "Example^Nobody"
    texts = PngInfo()
    texts.add_text("Comment", "Example^Nobody")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(COLOURS)
    jpeg = written(image, "jpeg", comment="Example^Nobody", exif=exif, icc_profile=profile, dpi=(300, 300))
    png = written(image, "png", pnginfo=texts, exif=exif, icc_profile=profile)
    tiff = written(image, "tiff", description="Example^Nobody", icc_profile=profile)

    for kind, data in (("jpeg", jpeg), ("png", png), ("tiff", tiff)):
        drawn = draw(kind, data, media_type=media_type)
        drawn.load()
        assert {*drawn.info} <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "background",
            "loop",
            "duration",
            "timestamp",
        }
        assert not drawn.getexif()
        assert b"Nobody" not in drawn.fp.getvalue() if drawn.fp else True


def test_a_picture_that_is_too_large_is_told_before_it_is_decoded():
    bomb = written(Image.new("1", (20_000, 10_000)), "png")

    with pytest.raises(NoPictureError) as caught:
        draw("png", bomb)

    assert caught.value.reason is NoPreview.TOO_LARGE


def test_a_file_is_read_as_its_kind_and_as_no_other():
    gif = BytesIO()
    Image.new("L", (3, 3)).save(gif, "GIF")

    for kind in FORMATS:
        with pytest.raises(Image.UnidentifiedImageError):
            draw(kind, gif.getvalue())
