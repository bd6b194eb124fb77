"""Sequences that are what an object is made for, so that damage within them is damage to the whole (PS3.3 A)."""

from processor.judge.inspection.findings import Findings

GROUPS = frozenset({
    0x3002,  # RT images: exposures and fluence maps
    0x3004,  # dose-volume histograms
    0x3006,  # structure sets: contours
    0x3008,  # treatment records
    0x300A,  # plans: beams, fractions, brachytherapy
    0x300C,  # plans: what they refer to
    0x3010,  # radiations, segments and prescriptions of the second generation
    0x0046,  # refractions and lenses
    0x0062,  # segmentations
    0x0064,  # deformable registrations
    0x0066,  # surfaces and tracts
    0x0068,  # implant templates
    0x0070,  # presentation states, registrations, fiducials
    0x0072,  # hanging protocols
    0x0074,  # procedure steps
    0x0076,  # implant assemblies
    0x0078,  # implant template groups
    0x0082,  # assessments
    0x5200,  # functional groups: the geometry of each frame
    0x5400,  # waveforms
})  # fmt: skip
"""Groups all of whose sequences are content."""
TAGS = frozenset({
    0x0040A730,  # the content of a structured report
    0x00409096,  # real world values
})  # fmt: skip
"""Further such sequences, of groups that hold others as well."""

GROUPS_WITHOUT_IMAGE = frozenset({
    0x0022,  # ophthalmic measurements
    0x0024,  # visual fields
})  # fmt: skip
TAGS_WITHOUT_IMAGE = frozenset({
    0x00081115,  # the series that a presentation state shows, or a key object points at
})  # fmt: skip
"""What is content in an object without an image, and surrounds the image in others."""


def holds_content(tag: int, *, has_image: bool) -> bool:
    """Say whether the sequence of this tag, at the outermost level, is what the object is made for."""
    if tag >> 16 in GROUPS or tag in TAGS:
        return True
    return not has_image and (tag >> 16 in GROUPS_WITHOUT_IMAGE or tag in TAGS_WITHOUT_IMAGE)


class Damage:
    """What is damaged within the sequences of one file."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._damaged: set[int] = set()

    def add(self, sequence: int, where: str) -> None:
        """Note damage within the outermost sequence of this tag."""
        self._findings.add("sequence-damaged", where)
        self._damaged.add(sequence)

    def weigh(self, *, has_image: bool) -> None:
        """Tell damage to what the object is made for from damage to what merely goes with it."""
        if self._damaged and any(holds_content(tag, has_image=has_image) for tag in self._damaged):
            self._findings.replace("sequence-damaged", "content-damaged")
