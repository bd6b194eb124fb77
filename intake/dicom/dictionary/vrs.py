"""Value representations by tag, for elements that state none: of the standard's, and of makers' private elements.

The tables are laid out when the first element asks for them: few files need them, and no cold start should wait.
"""

from functools import cache

from intake.dicom.dictionary.public_vrs import PUBLIC, REPEATING


def public_vr(tag: int) -> str | None:
    """Return the VR of one of the standard's elements, which may be ambiguous (`OB or OW`), or None for another."""
    found = _public().get(tag)
    if found:
        return found
    return next((rows[tag & mask] for mask, rows in _repeating().items() if tag & mask in rows), None)


def private_vr(tag: int, creator: str) -> str | None:
    """Return the VR that a maker gave a private element, as far as that is known."""
    rows = _private().get(creator)
    if rows is None:
        return None
    text = f"{tag:08X}"
    keys = (text, f"{text[:4]}xx{text[6:]}", f"{text[:2]}xxxx{text[6:]}")
    return next((rows[key] for key in keys if key in rows), None)


@cache
def _public() -> dict[int, str]:
    return {int(tag, 16): vr for vr, tags in PUBLIC.items() for tag in tags.split()}


@cache
def _repeating() -> dict[int, dict[int, str]]:
    """Return mask → tag under that mask → VR: groups that exist up to 128 times, as those of overlays and curves."""
    rows: dict[int, dict[int, str]] = {}
    for vr, patterns in REPEATING.items():
        for pattern in patterns.split():
            mask = int("".join("0" if digit == "x" else "F" for digit in pattern), 16)
            rows.setdefault(mask, {})[int(pattern.replace("x", "0"), 16)] = vr
    return rows


@cache
def _private() -> dict[str, dict[str, str]]:
    # The largest of the tables, and the one that is needed least.
    from intake.dicom.dictionary.private_vrs import PRIVATE  # noqa: PLC0415

    return {
        creator: {tag: vr for vr, tags in rows.items() for tag in tags.split()} for creator, rows in PRIVATE.items()
    }
