"""Value representations by tag, for elements that state none: of the standard's, and of makers' private elements."""

from functools import cache

from intake.dicom.public_vrs import PUBLIC, REPEATING

_BY_TAG = {int(tag, 16): vr for vr, tags in PUBLIC.items() for tag in tags.split()}


def _pattern(text: str) -> tuple[int, int]:
    """Return mask and tag of a pattern such as `60xx3000`."""
    mask = "".join("0" if digit == "x" else "F" for digit in text)
    return int(mask, 16), int(text.replace("x", "0"), 16)


_REPEATING: dict[int, dict[int, str]] = {}
"""Mask → tag under that mask → VR: groups that exist up to 128 times, as those of overlays and curves."""
for _vr, _patterns in REPEATING.items():
    for _mask, _tag in map(_pattern, _patterns.split()):
        _REPEATING.setdefault(_mask, {})[_tag] = _vr


def public_vr(tag: int) -> str | None:
    """Return the VR of one of the standard's elements, which may be ambiguous (`OB or OW`), or None for another."""
    found = _BY_TAG.get(tag)
    if found:
        return found
    return next((rows[tag & mask] for mask, rows in _REPEATING.items() if tag & mask in rows), None)


def private_vr(tag: int, creator: str) -> str | None:
    """Return the VR that a maker gave a private element, as far as that is known."""
    rows = _private().get(creator)
    if rows is None:
        return None
    text = f"{tag:08X}"
    keys = (text, f"{text[:4]}xx{text[6:]}", f"{text[:2]}xxxx{text[6:]}")
    return next((rows[key] for key in keys if key in rows), None)


@cache
def _private() -> dict[str, dict[str, str]]:
    # Few requests meet private elements without a VR, and the table is large.
    from intake.dicom.private_vrs import PRIVATE  # noqa: PLC0415

    return {
        creator: {tag: vr for vr, tags in rows.items() for tag in tags.split()} for creator, rows in PRIVATE.items()
    }
