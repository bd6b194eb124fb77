import pytest

from intake.files.keys import UNASSIGNED
from intake.tenants.model import Clinic
from processor.ingest.senders import KEPT_SECONDS, MOST_KEPT, ProfileError, Profiles
from processor.judge.inspection.findings import Profile
from tests.fakes import FakeDirectory

WRITTEN = {"kinds": ["dicom", "zip"], "max_bytes": {"*": 1000}, "rules": {"trailing-bytes": "shadow"}}


@pytest.fixture
def directory():
    directory = FakeDirectory(profiles={"northside": WRITTEN})
    for name in ("northside", "lakeview"):
        directory.save_clinic(Clinic(name, name.title()))
    return directory


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def profiles(directory, clock):
    return Profiles(directory, clock=lambda: clock[0])


@pytest.mark.parametrize(("clinic_id", "profile"), [("northside", Profile.parse(WRITTEN)), ("lakeview", Profile())])
def test_a_clinics_profile_or_its_lack_is_asked_for_once_a_minute(profiles, directory, clock, clinic_id, profile):
    assert [profiles.get(clinic_id) for _ in range(100)] == [profile] * 100
    assert directory.lookups == 1

    clock[0] += KEPT_SECONDS
    profiles.get(clinic_id)
    assert directory.lookups == 2


def test_a_changed_profile_holds_after_a_minute(profiles, directory, clock):
    profiles.get("northside")
    directory.save_profile("northside", {"kinds": ["pdf"]})
    clock[0] += KEPT_SECONDS

    assert profiles.get("northside").kinds == {"pdf"}


def test_what_belongs_to_no_clinic_has_no_profile(profiles, directory):
    assert profiles.get(UNASSIGNED) == Profile()
    assert directory.lookups == 0


@pytest.mark.parametrize("broken", [{"kinds": ["dicom", "floppy"]}, {"rules": {"no-such-rule": "off"}}, {"colour": 1}])
def test_a_broken_profile_is_trouble_and_no_verdict_until_it_is_mended(profiles, directory, broken):
    directory.save_profile("northside", broken)
    with pytest.raises(ProfileError):
        profiles.get("northside")

    directory.save_profile("northside", WRITTEN)
    assert profiles.get("northside") == Profile.parse(WRITTEN)


def test_made_up_clinics_fill_no_memory(profiles):
    for number in range(3 * MOST_KEPT):
        profiles.get(f"c{number}")

    assert len(profiles._strangers) <= MOST_KEPT
    assert profiles._kept == {}


def test_made_up_clinics_push_no_clinic_out(profiles, directory):
    assert profiles.takes_part("northside")
    for number in range(3 * MOST_KEPT):
        assert not profiles.takes_part(f"c{number}")

    assert profiles.takes_part("northside")
    assert directory.lookups == 1


@pytest.mark.parametrize("clinic_id", ["nosuchclinic", "unassigned", "northside-2", "northsid"])
def test_only_a_clinic_of_the_directory_takes_part(profiles, clinic_id):
    assert not profiles.takes_part(clinic_id)
    assert profiles.get(clinic_id) == Profile()


def test_a_clinic_that_is_deactivated_takes_part_for_a_minute_at_most_and_again_a_minute_after_its_return(
    profiles, directory, clock
):
    told = [profiles.takes_part("northside")]
    for active in (False, True):
        directory.save_clinic(Clinic("northside", "Northside", active=active))
        clock[0] += KEPT_SECONDS
        told.append(profiles.takes_part("northside"))

    assert told == [True, False, True]


def test_a_directory_that_cannot_be_asked_is_trouble_and_is_asked_again(directory, clock):
    asked = []

    def unreachable(clinic_id):
        asked.append(clinic_id)
        raise ConnectionError

    profiles = Profiles(directory, clock=lambda: clock[0])
    directory.clinic = unreachable
    for _ in range(2):
        with pytest.raises(ConnectionError):
            profiles.takes_part("northside")

    assert asked == ["northside", "northside"]
