"""Where the image lies and how large its pixels are (PS3.3 C.7.6.2, 10.7)."""

from processor.judge.dicom.dictionary import positions, tags
from processor.judge.inspection.findings import Findings

SPACINGS = tuple((positions.OF[tag], tag) for tag in (tags.PIXEL_SPACING, tags.IMAGER_PIXEL_SPACING))

TOLERANCE = 1e-3
"""By which direction cosines may miss unit length and a right angle: writers round them to three digits and more."""
SMALLEST, LARGEST = 1e-5, 100.0
"""Millimetres between pixels; microscopes reach 0.0001, and no detector's elements are 10 cm wide."""


def check(texts: positions.Texts, findings: Findings) -> None:
    """Check Pixel Spacing, Imager Pixel Spacing and Image Orientation where they are numbers."""
    for position, tag in SPACINGS:
        text = texts[position]
        if text and not is_possible_spacing(text):
            findings.add("pixel-spacing-invalid", tags.format_tag(tag))
    orientation = texts[positions.IMAGE_ORIENTATION]
    if orientation and not is_orthonormal(orientation):
        findings.add("image-orientation-invalid", tags.format_tag(tags.IMAGE_ORIENTATION))


def is_possible_spacing(text: str) -> bool:
    """Say whether a spacing's values can be; one that is no number is another rule's matter."""
    values = _parse_numbers(text)
    return values is None or (min(values) >= SMALLEST and max(values) <= LARGEST)


def is_orthonormal(text: str) -> bool:
    """Say whether six direction cosines are two unit vectors at a right angle."""
    values = _parse_numbers(text)
    if values is None or len(values) != 6:
        return True
    a, b, c, x, y, z = values
    lengths = abs(a * a + b * b + c * c - 1), abs(x * x + y * y + z * z - 1)
    return max(lengths) <= 2 * TOLERANCE and abs(a * x + b * y + c * z) <= TOLERANCE


def _parse_numbers(text: str) -> list[float] | None:
    try:
        return list(map(float, text.split("\\")))
    except ValueError:
        return None
