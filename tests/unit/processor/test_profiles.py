import pytest

from intake.keys import UNASSIGNED
from processor.judge import Profile
from processor.profiles import KEPT_SECONDS, MOST_KEPT, ProfileError, Profiles
from tests.fakes import FakeDirectory

WRITTEN = {"kinds": ["dicom", "zip"], "max_bytes": {"*": 1000}, "rules": {"trailing-bytes": "shadow"}}


@pytest.fixture
def directory():
    return FakeDirectory(profiles={"northside": WRITTEN})


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def profiles(directory, clock):
    return Profiles(directory, clock=lambda: clock[0])


@pytest.mark.parametrize(("clinic_id", "profile"), [("northside", Profile.parsed(WRITTEN)), ("lakeview", Profile())])
def test_a_clinics_profile_or_its_lack_is_asked_for_once_a_minute(profiles, directory, clock, clinic_id, profile):
    assert [profiles.of(clinic_id) for _ in range(100)] == [profile] * 100
    assert directory.lookups == 1

    clock[0] += KEPT_SECONDS
    profiles.of(clinic_id)
    assert directory.lookups == 2


def test_a_changed_profile_holds_after_a_minute(profiles, directory, clock):
    profiles.of("northside")
    directory.save_profile("northside", {"kinds": ["pdf"]})
    clock[0] += KEPT_SECONDS

    assert profiles.of("northside").kinds == {"pdf"}


def test_what_belongs_to_no_clinic_has_no_profile(profiles, directory):
    assert profiles.of(UNASSIGNED) == Profile()
    assert directory.lookups == 0


@pytest.mark.parametrize("broken", [{"kinds": ["dicom", "floppy"]}, {"rules": {"no-such-rule": "off"}}, {"colour": 1}])
def test_a_broken_profile_is_trouble_and_no_verdict_until_it_is_mended(profiles, directory, broken):
    directory.save_profile("northside", broken)
    with pytest.raises(ProfileError):
        profiles.of("northside")

    directory.save_profile("northside", WRITTEN)
    assert profiles.of("northside") == Profile.parsed(WRITTEN)


def test_made_up_clinics_fill_no_memory(profiles):
    for number in range(3 * MOST_KEPT):
        profiles.of(f"c{number}")

    assert len(profiles._kept) <= MOST_KEPT
