"""The deployment's key: subkeys by purpose, followed when the secret is rotated; and what is sealed with them."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.crypto.deployment_secrets import FRESH, PAUSE, RETRY, DeploymentKey
from portal.crypto.sealing import Sealer
from portal.errors import KeyUnknownError
from tests.unit.portal.crypto.stored_secret import Seconds, Stored


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def stored():
    return Stored(previous=None)


@pytest.fixture
def key(stored, seconds):
    return DeploymentKey(stored.read, seconds)


@pytest.fixture
def sealer(key):
    return Sealer(key, "test")


def test_subkeys_are_those_of_hkdf(key):
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=b"silent-scalper", info=b"session")
    assert key.derive("session") == (hkdf.derive(b"new-secret"),)


def test_each_purpose_and_each_deployment_has_its_own(key):
    other = DeploymentKey(Stored(current="another", previous=None).read)
    subkeys = {*key.derive("session"), *key.derive("cursor"), *other.derive("session")}
    assert {len(subkey) for subkey in subkeys} == {32}
    assert len(subkeys) == 3


def test_while_the_secret_is_rotated_the_old_subkey_is_the_second(key, stored, seconds):
    (old,) = key.derive("session")
    stored.rotate("newest")
    seconds.now += FRESH
    assert key.derive("session")[1:] == (old,)


def test_the_secret_is_read_once_an_hour_and_what_is_known_serves_while_nobody_can_be_asked(key, stored, seconds):
    known = [key.derive("session") for _ in range(100)]
    assert stored.readings == 1
    stored.reachable = False
    seconds.now += 24 * FRESH
    assert key.derive("session") == known[0]


def test_nobody_can_say_what_was_never_read(key, stored, seconds):
    stored.reachable = False
    for _ in range(10):
        with pytest.raises(KeyUnknownError):
            key.derive("session")
    assert stored.readings == 1
    stored.reachable = True
    seconds.now += RETRY
    assert key.derive("session")


def test_an_empty_secret_is_no_key():
    with pytest.raises(KeyUnknownError):
        DeploymentKey(Stored(current="", previous=None).read).derive("session")


def test_what_is_sealed_opens_where_it_belongs_only(sealer, key):
    text = sealer.seal("π".encode(), b"here")
    assert sealer.unseal(text, b"here") == "π".encode()
    assert sealer.unseal(text, b"there") is None
    assert Sealer(key, "other").unseal(text, b"here") is None
    assert Sealer(DeploymentKey(Stored(current="another").read), "test").unseal(text, b"here") is None


def test_a_sealed_text_is_url_safe_tells_nothing_and_is_never_the_same(sealer):
    texts = {sealer.seal(b"content") for _ in range(10)}
    assert len(texts) == 10
    assert all(text.replace("-", "").replace("_", "").isalnum() and "content" not in text for text in texts)


def test_no_character_of_a_sealed_text_can_be_changed_taken_or_added(sealer):
    text = sealer.seal(b"content")
    changed = {text[:at] + other + text[at + 1 :] for at in range(len(text)) for other in "AZ_" if other != text[at]}
    shorter, longer = {text[:at] for at in range(len(text))}, {text + more for more in ("A", "=", " ", "\n", "\u00e9")}
    assert not [each for each in changed | shorter | longer if sealer.unseal(each) is not None]


@pytest.mark.parametrize(
    "text", ["", "=", "A", "AA==", "\udcff", "\u00e9" * 64, "A" * 10_000, "+/+/" * 20, "\x00" * 80]
)
def test_whatever_is_not_sealed_is_nothing(sealer, text):
    assert sealer.unseal(text) is None


def test_what_was_sealed_before_and_by_another_worker_after_a_rotation_opens(sealer, stored, seconds):
    before = sealer.seal(b"before")
    stored.rotate("newest")
    seconds.now += PAUSE
    after = Sealer(DeploymentKey(stored.read), "test").seal(b"after")
    assert [sealer.unseal(before), sealer.unseal(after), sealer.unseal(before)] == [b"before", b"after", b"before"]


def test_what_is_two_versions_old_opens_no_more(sealer, stored, seconds):
    text = sealer.seal(b"content")
    for value in ("newer", "newest"):
        stored.rotate(value)
    seconds.now += FRESH
    assert sealer.unseal(text) is None


def test_forged_texts_have_the_secret_read_every_ten_seconds_at_the_most(sealer, stored, seconds):
    forged = Sealer(DeploymentKey(Stored(current="another").read), "test").seal(b"content")
    for _ in range(100):
        assert sealer.unseal(forged) is None
    assert stored.readings == 1
