"""Stored values of single frames, against pydicom's of the same files."""

import shutil
import subprocess
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from pydicom.uid import (
    ExplicitVRBigEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from intake.renditions.model import NoPreview
from processor.render.drawing.decoding import DEFLATED_FRAMES, EXTENDED, decode
from processor.render.protocol import NoPictureError
from tests.unit.processor.render.images import frame, image

RANDOM = np.random.default_rng(17)
SIGNED = RANDOM.integers(-2048, 2048, (40, 50)).astype(np.int16)
DEEP = RANDOM.integers(0, 65536, (40, 50)).astype(np.uint16)
COLOURS = RANDOM.integers(0, 256, (40, 50, 3)).astype(np.uint8)
FLAT = RANDOM.integers(0, 256, (40, 50)).astype(np.uint8)


def first_frame(data_set):
    if data_set.file_meta.TransferSyntaxUID.is_encapsulated:
        return next(generate_frames(data_set.PixelData, number_of_frames=data_set.get("NumberOfFrames", 1)))
    return next(iter(data_set[name].value for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
                     if name in data_set))  # fmt: skip


def decoded(data_set, **changes):
    return decode(first_frame(data_set), frame(data_set, **changes))[0]


@pytest.mark.parametrize(
    "values", [SIGNED, DEEP, COLOURS, FLAT, DEEP.astype(np.uint32) * 65537, SIGNED.astype(np.int32)]
)
def test_native_samples_are_read(values):
    assert (decoded(image(values)) == values).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floating_samples_are_read(kind):
    values = RANDOM.normal(size=(40, 50)).astype(kind)
    shown = image(FLAT, BitsAllocated=8 * values.dtype.itemsize)
    del shown.PixelData
    setattr(shown, "FloatPixelData" if kind is np.float32 else "DoubleFloatPixelData", values.tobytes())

    assert (decoded(shown) == values).all()


def test_single_bits_are_unpacked():
    bits = RANDOM.integers(0, 2, (7, 5)).astype(np.uint8)
    packed = np.packbits(bits, axis=None, bitorder="little").tobytes()
    shown = image(bits, BitsAllocated=1, BitsStored=1, HighBit=0)

    assert (decode(packed + b"\0", frame(shown))[0] == bits).all()


@pytest.mark.parametrize(("stored", "high"), [(12, 11), (12, 15), (10, 13)])
@pytest.mark.parametrize("signed", [False, True])
def test_bits_beside_a_sample_are_left_out(stored, high, signed):
    least = -(1 << stored - 1) if signed else 0
    values = RANDOM.integers(least, least + (1 << stored), (40, 50))
    shift = high + 1 - stored
    beside = RANDOM.integers(0, 65536, (40, 50)) & ~(((1 << stored) - 1) << shift)
    words = ((values & ((1 << stored) - 1)) << shift | beside).astype(np.uint16)
    shown = image(words, BitsStored=stored, HighBit=high, PixelRepresentation=int(signed))

    assert (decoded(shown) == values).all()


def test_samples_of_big_endian_files_are_turned():
    big = image(DEEP.astype(">u4"))
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian

    assert (decoded(big) == DEEP).all()


def test_planes_become_pixels():
    shown = image(COLOURS, PlanarConfiguration=1)
    shown.PixelData = COLOURS.transpose(2, 0, 1).tobytes()

    assert (decoded(shown) == COLOURS).all()


@pytest.mark.parametrize("space", ["YBR_FULL_422", "YBR_PARTIAL_422"])
def test_shared_chrominance_is_given_to_both(space):
    shown = dcmread(get_testdata_file("SC_ybr_full_422_uncompressed.dcm"))

    values, seen = decode(shown.PixelData, frame(shown, photometric=space))

    assert (values == pixel_array(shown, raw=True)).all()
    assert seen.photometric == space


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("values", [DEEP, SIGNED, COLOURS, FLAT], ids=["deep", "signed", "colours", "flat"])
def test_what_is_compressed_without_loss_is_read_as_it_was(syntax, values):
    shown = image(values)
    shown.compress(syntax, generate_instance_uid=False)

    assert (decoded(shown) == values).all()


def test_what_is_compressed_with_little_loss_is_read_nearly_as_it_was():
    shown = image(FLAT)
    shown.compress(JPEGLSNearLossless, jls_error=2, generate_instance_uid=False)

    assert np.abs(decoded(shown).astype(int) - FLAT).max() <= 2


PACKAGED = [
    "JPEG2000.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_32bit.dcm", "examples_jpeg2k.dcm",
    "examples_ybr_color.dcm", "GDCMJ2K_TextGBR.dcm", "J2K_pixelrep_mismatch.dcm", "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_small_odd_jpeg.dcm", "693_J2KI.dcm", "MR_small.dcm", "CT_small.dcm",
    "rtdose_1frame.dcm", "SC_rgb_dcmtk_+eb+cy+s4.dcm",
]  # fmt: skip
"""What pydicom's package brings along."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PACKAGED)
def test_files_of_pydicoms_package_are_read_as_it_reads_them(name):
    shown = dcmread(get_testdata_file(name))

    assert (decoded(shown) == pixel_array(shown, index=0, raw=True)).all()


@pytest.mark.parametrize("name", ["JPGExtended.dcm"])
def test_twelve_bits_of_jpeg_extended_are_read_though_pydicom_reads_none(name):
    values = decoded(dcmread(get_testdata_file(name)))

    # As GDCM's own reader of files has them.
    assert values.shape == (1024, 256)
    assert (values.min(), values.max()) == (0, 264)
    assert values.mean() == pytest.approx(14.36999, abs=0.0001)


@pytest.mark.skipif(shutil.which("dcmdjpeg") is None, reason="dcmtk's dcmdjpeg is not installed on this machine")
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"])
def test_twelve_bits_of_jpeg_are_read_as_dcmtk_reads_them(corpus_file, tmp_path, syntax):
    shown = dcmread(corpus_file(syntax))
    subprocess.run(["dcmdjpeg", corpus_file(syntax), tmp_path / "native.dcm"], check=True, capture_output=True)

    values = decoded(shown)

    assert shown.BitsStored == 12
    assert (values == pixel_array(tmp_path / "native.dcm", index=0, raw=True)).all()


def test_twelve_bits_may_be_signed():
    shown = dcmread(get_testdata_file("JPEG-lossy.dcm"))
    plain = decoded(shown)

    signed = decoded(shown, signed=True, bits_stored=8, high_bit=7)

    assert signed.min() < 0
    assert (signed & 0xFF == plain & 0xFF).all()


def test_eight_bits_of_jpeg_extended_are_read_whatever_the_header_says():
    written = BytesIO()
    Image.fromarray(FLAT).save(written, "JPEG", quality=95)
    facts = frame(image(FLAT, BitsStored=12, BitsAllocated=16), transfer_syntax=EXTENDED, encapsulated=True)

    assert (decode(written.getvalue(), facts)[0] == np.asarray(Image.open(written))).all()


def test_htj2k_is_read(corpus_file):
    shown = dcmread(corpus_file("1.2.840.10008.1.2.4.201"))
    assert shown.file_meta.TransferSyntaxUID == HTJ2KLossless

    assert decoded(shown).std() > 0


def test_deflated_frames_are_inflated():
    shown = image(DEEP)
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(shown.PixelData) + deflater.flush()

    values, _ = decode(data, frame(shown, transfer_syntax=DEFLATED_FRAMES, encapsulated=True))

    assert (values == DEEP).all()


def test_deflated_frames_are_inflated_no_further_than_they_should():
    shown = image(DEEP)
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(bytes(100_000_000)) + deflater.flush()

    values, _ = decode(data, frame(shown, transfer_syntax=DEFLATED_FRAMES, encapsulated=True))

    assert values.max() == 0


def test_progressive_jpeg_is_read_though_its_transfer_syntax_is_retired():
    written = BytesIO()
    Image.fromarray(FLAT).save(written, "JPEG", progressive=True, quality=95)
    shown = image(FLAT)
    facts = frame(shown, transfer_syntax="1.2.840.10008.1.2.4.55", encapsulated=True)

    values, _ = decode(written.getvalue(), facts)

    assert (values == np.asarray(Image.open(written))).all()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.94", "1.2.3.4", ""])
def test_a_transfer_syntax_that_nothing_draws_is_told(syntax):
    with pytest.raises(NoPictureError) as caught:
        decode(b"anything", frame(image(FLAT), transfer_syntax=syntax, encapsulated=True))

    assert caught.value.reason is NoPreview.UNKNOWN_FORMAT


@pytest.mark.parametrize("bits", [0, 2, 12, 24, 128])
def test_native_samples_of_unusual_width_are_told(bits):
    with pytest.raises(NoPictureError) as caught:
        decode(bytes(10_000), frame(image(FLAT), bits_allocated=bits))

    assert caught.value.reason is NoPreview.UNKNOWN_FORMAT


def test_a_frame_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="buffer"):
        decode(b"12", frame(image(FLAT)))
