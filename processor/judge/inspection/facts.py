"""What is known of a file beside its bytes."""

from dataclasses import dataclass

from processor.judge.inspection.profile import EVERYTHING, Profile


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sender, the clinic and the archive that it came in say of a file."""

    extension: str = ""
    """Of the declared name, as `keys.extension` gives it; nothing where there is none."""
    from_archive: bool = False
    """The object is an entry of an archive; an archive in it is refused."""
    profile: Profile = EVERYTHING
