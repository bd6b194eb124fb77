"""What is known of a file beside its bytes."""

from dataclasses import dataclass

from processor.judge.profile import EVERYTHING, Profile

LONGEST_EXTENSION = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sender, the clinic and the archive that it came in say of a file."""

    extension: str = ""
    """Of the declared name, in lower case and without its dot; nothing where there is none."""
    from_archive: bool = False
    """The object is an entry of an archive; an archive in it is refused."""
    profile: Profile = EVERYTHING


def extension_of(name: str) -> str:
    """Return what `Facts.extension` holds for a declared file name, which may hold anything."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = last.rpartition(".")
    return extension.lower() if dot and stem and len(extension) <= LONGEST_EXTENSION else ""
