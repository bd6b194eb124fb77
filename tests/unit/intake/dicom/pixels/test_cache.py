"""Indexes are remembered by what was used last, and take no more memory than they may."""

from array import array

from intake.dicom.pixels.cache import IndexCache
from intake.dicom.pixels.frames import open_pixels
from intake.dicom.pixels.model import PixelIndex
from tests.unit.intake.dicom.pixels.samples import native
from tests.unit.intake.dicom.readings import Source, plenty


def an_index(entries=0):
    image = open_pixels(Source(native(bytes(16))), plenty()).description
    return PixelIndex(image, starts=array("Q", [0] * entries))


def test_what_was_used_longest_ago_is_given_up():
    size = an_index().size
    cache, kept = IndexCache(3 * size), [an_index() for _ in range(4)]
    for number in range(3):
        cache.put(number, kept[number])
    assert cache.get(0) is kept[0]
    cache.put(3, kept[3])
    assert [cache.get(number) for number in range(4)] == [kept[0], None, kept[2], kept[3]]


def test_an_index_that_has_grown_counts_as_it_is():
    size = an_index().size
    cache, index = IndexCache(2 * size), an_index()
    cache.put("a", index)
    cache.put("b", an_index())
    index.starts = array("Q", [0] * (size // 8))
    cache.put("a", index)
    assert (cache.get("a"), cache.get("b")) == (index, None)


def test_what_is_larger_than_all_that_may_be_kept_is_not():
    cache = IndexCache(10_000)
    cache.put("a", an_index())
    cache.put("a", an_index(10_000))
    assert cache.get("a") is None
