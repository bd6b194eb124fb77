"""PDF files: pages, and what cannot be opened."""

from io import BytesIO

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter

from intake.renditions.model import NoPreview
from processor.render.protocol import NoPictureError
from tests.unit.processor.render.drawings import draw


def document(*shades, size=(200, 100)):
    """Return a document of pages in shades of gray, each with a black corner at its top left."""
    pages = []
    for shade in shades:
        page = Image.new("L", size, shade)
        ImageDraw.Draw(page).rectangle((0, 0, 39, 39), fill=0)
        pages.append(page)
    written = BytesIO()
    pages[0].save(written, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    return written.getvalue()


def test_the_first_page_is_drawn_upright():
    drawn = np.asarray(draw("pdf", document(200, 100), edge=200).convert("L")).astype(int)

    assert drawn.shape == (100, 200)
    assert drawn[10, 10] < 10
    assert abs(drawn[80, 180] - 200) <= 3


def test_another_page_is_drawn_where_it_is_asked_for():
    drawn = draw("pdf", document(200, 100), edge=200, frame=2).convert("L")

    assert abs(drawn.getpixel((150, 80)) - 100) <= 3


def test_a_page_that_is_not_there_is_told():
    with pytest.raises(NoPictureError) as caught:
        draw("pdf", document(200), frame=2)

    assert caught.value.reason is NoPreview.UNREADABLE


@pytest.mark.parametrize(("edge", "size"), [(128, (128, 64)), (768, (768, 384)), (None, (1600, 800))])
def test_a_page_is_as_large_as_it_is_wanted(edge, size):
    assert draw("pdf", document(200), edge=edge).size == size


def test_a_page_that_is_turned_is_drawn_as_it_is_read():
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(document(200))))
    writer.pages[0].rotate(90)
    written = BytesIO()
    writer.write(written)

    drawn = draw("pdf", written.getvalue(), edge=200).convert("L")

    assert drawn.size == (100, 200)
    assert drawn.getpixel((90, 10)) < 10


def test_a_document_with_a_password_is_told():
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(document(200))))
    writer.encrypt("secret", algorithm="AES-256")
    written = BytesIO()
    writer.write(written)

    with pytest.raises(NoPictureError) as caught:
        draw("pdf", written.getvalue())

    assert caught.value.reason is NoPreview.PROTECTED


def test_an_endless_page_is_drawn_as_small_as_others():
    writer = PdfWriter()
    writer.add_blank_page(14_400, 3)
    written = BytesIO()
    writer.write(written)

    assert draw("pdf", written.getvalue(), edge=768).size == (768, 1)


def test_what_is_no_document_is_refused():
    with pytest.raises(pypdfium2.PdfiumError):
        draw("pdf", b"%PDF-1.7\nnothing")
