"""What a file has in common with the others of its series, worked out once for all of them.

A clinic sends series: hundreds of slices that differ in their UIDs, numbers and positions, and in nothing else. So the
judgement of SHARED and NUMBERS is kept for the next slice. Only values that say nothing of a person are kept so (no
UID of a study, date, name or free text), only those that have their form, and only of the latest few series. The same
values always have the same judgement, so nothing depends on what came before.
"""

from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from processor.judge.dicom import metadata
from processor.judge.dicom.dictionary import positions
from processor.judge.dicom.dictionary.attributes import NUMBERS
from processor.judge.dicom.elements.element_scanner import Values
from processor.judge.dicom.metadata import Fields
from processor.judge.dicom.rules import geometry, identity, modules, pixel_data
from processor.judge.dicom.rules.image import Description, describe
from processor.judge.dicom.texts import SHARED_PART, Texts
from processor.judge.inspection.findings import Findings

SERIES_KEPT = 128
"""How many series' values are kept: at most KEPT_BYTES for each element, some 40 KB even of hostile files."""

_numbers_of = itemgetter(*(entry.tag for entry in NUMBERS))
_CHARACTER_SET = positions.SPECIFIC_CHARACTER_SET


class Shared(NamedTuple):
    """What SHARED and NUMBERS come to."""

    texts: Texts
    image: Description
    fields: Fields
    """Their share of the metadata."""
    sound: bool
    """Whether no rule that looks at these texts alone has anything to say, whatever else the file holds."""
    image_sound: bool
    """The same of the rules on the image's description."""


def read(values: Values, findings: Findings, *, big: bool) -> Shared:
    """Return what a file's values come to, and add what is wrong with their form."""
    numbers = _numbers_of(values)
    found = recall(SHARED_PART.values_of(values), numbers, big)
    return found or _work_out(SHARED_PART.read_each(values, findings), numbers, big=big)


@lru_cache(SERIES_KEPT)
def recall(encoded: tuple[bytes, ...], numbers: tuple[bytes, ...], big: bool) -> Shared | None:
    """Return what values of SHARED and NUMBERS come to, or None if any is out of form."""
    texts = SHARED_PART.match_together(encoded, encoded[_CHARACTER_SET])
    return _work_out(texts, numbers, big=big) if texts else None


def _work_out(texts: Texts, numbers: tuple[bytes, ...], *, big: bool) -> Shared:
    image = describe(numbers, texts.of, big=big)
    fields = metadata.extract_shared(texts, image)
    return Shared(texts, image, fields, texts.plain and _is_sound(texts.of), pixel_data.is_sound(image))


def _is_sound(texts: positions.Texts) -> bool:
    findings = Findings()
    sop_class = identity.find_sop_class(texts)
    modules.check_character_set(texts[positions.SPECIFIC_CHARACTER_SET], findings)
    modules.check_expected(sop_class, texts, findings)
    geometry.check(texts, findings)
    return not findings
