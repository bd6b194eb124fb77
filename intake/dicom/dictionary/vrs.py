"""Value representations by tag, for elements that state none: of the standard's, and of makers' private elements.

What the dictionary leaves open is settled by what surrounds an element (PS3.5 A.1, PS3.6).
The tables are laid out when the first element asks for them: few files need them, and no cold start should wait.
"""

from functools import cache

from intake.dicom.dictionary.public_vrs import PUBLIC, REPEATING

LUT_DATA, LUT_DESCRIPTOR = 0x00283006, 0x00283002
LUT_DESCRIPTORS = frozenset({LUT_DESCRIPTOR, 0x00281101, 0x00281102, 0x00281103})
PIXEL_REPRESENTATION = 0x00280103


def public_vr(tag: int) -> str | None:
    """Return the VR of one of the standard's elements, which may be ambiguous (`OB or OW`), or None for another."""
    single, repeating = _public()
    if tag in single:
        return single[tag]
    return next((rows[tag & mask] for mask, rows in repeating.items() if tag & mask in rows), None)


def private_vr(tag: int, creator: str) -> str | None:
    """Return the VR that a maker gave a private element, as far as that is known."""
    rows = _private().get(creator)
    if rows is None:
        return None
    text = f"{tag:08X}"
    keys = (text, f"{text[:4]}xx{text[6:]}", f"{text[:2]}xxxx{text[6:]}")
    return next((rows[key] for key in keys if key in rows), None)


def settle_vr(vr: str, tag: int, *, signed: bool, lut_entries: int | None) -> str:
    """Return the one VR that an ambiguous one (`US or SS`, `OB or OW`, `US or OW`) stands for.

    `signed` is what Pixel Representation says, of the element's data set or of the nearest one around it that has
    one. `lut_entries` is the first value of the LUT descriptor beside the element: one entry is a number, more are
    words.
    """
    if vr == "US or SS":
        return "SS" if signed else "US"
    if tag == LUT_DATA and lut_entries == 1:
        return "US"
    # Without a VR, bytes are words: implicit VR writes no OB (PS3.5 A.1).
    return "OW"


@cache
def _public() -> tuple[dict[int, str], dict[int, dict[int, str]]]:
    """Return tag → VR, and mask → tag under that mask → VR: groups that exist up to 128 times, as those of overlays."""
    rows: dict[int, dict[int, str]] = {}
    for vr, patterns in REPEATING.items():
        for pattern in patterns.split():
            mask = int("".join("0" if digit == "x" else "F" for digit in pattern), 16)
            rows.setdefault(mask, {})[int(pattern.replace("x", "0"), 16)] = vr
    return {int(tag, 16): vr for vr, tags in PUBLIC.items() for tag in tags.split()}, rows


@cache
def _private() -> dict[str, dict[str, str]]:
    # The largest of the tables, and the one that is needed least.
    from intake.dicom.dictionary.private_vrs import PRIVATE  # noqa: PLC0415

    return {
        creator: {tag: vr for vr, tags in rows.items() for tag in tags.split()} for creator, rows in PRIVATE.items()
    }
