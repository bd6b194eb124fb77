"""Value representations that the dictionary leaves open, settled by what surrounds an element (PS3.5 A.1, PS3.6)."""

LUT_DATA, LUT_DESCRIPTOR = 0x00283006, 0x00283002
LUT_DESCRIPTORS = frozenset({LUT_DESCRIPTOR, 0x00281101, 0x00281102, 0x00281103})
PIXEL_REPRESENTATION = 0x00280103


def settle(vr: str, tag: int, *, signed: bool, lut_entries: int | None) -> str:
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
