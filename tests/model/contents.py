"""What the model's clinics send: few and small files, so that equal ones, other ones of the same image and what
contains them meet often."""

from functools import cache

from tests.archives import zipped
from tests.dicom_files import IMPLICIT_VR_LITTLE_ENDIAN, ct_slice, uid

STUDIES = (1, 2)
NUMBERS = (1, 2, 4)
"""Of images; the third is missing."""

SOFTENED = "pixel-data-too-short"
"""The rule that `short` breaks, and that a clinic's profile may soften."""


@cache
def write_contents() -> dict[str, bytes]:
    """Return every content, by a name that ends as its files' names do."""
    slices = {f"slice-{study}-{number}.dcm": _slice(study, number) for study in STUDIES for number in NUMBERS}
    archived = {name: data for name, data in slices.items() if name.startswith("slice-2")}
    return {
        **slices,
        "other-1-1.dcm": _slice(1, 1, pixels=b"\1\0" * 64),
        "rewrapped-1-2.dcm": _slice(1, 2, transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN),
        "warned-1-5.dcm": _slice(1, 5, changes={0x00080022: ("DA", b"20209999")}),
        "unnumbered-1.dcm": _slice(1, 6, changes={0x00200013: None}),
        "short-2-7.dcm": _slice(2, 7, pixels=b"\1\0" * 8),
        "stranger-1-8.dcm": _slice(1, 8, patient_id="TEST-0002"),
        "table.csv": b"a;b\n1;2\n",
        "noise.dcm": b"no scan at all",
        "good.zip": zipped(archived),
        "mixed.zip": zipped({"a.dcm": _slice(1, 1), "b.dcm": _slice(1, 9), "c.bin": b"MZ" + bytes(100)}),
        "bad.zip": zipped({"a.bin": b"MZ" + bytes(100), "b.bin": b"MZ" + bytes(101)}),
    }


def _slice(study: int, number: int, **changes: object) -> bytes:
    of_study = uid("model", study)
    return ct_slice(study=of_study, series=uid(of_study, "series"), instance=number, rows=8, columns=8, **changes)
