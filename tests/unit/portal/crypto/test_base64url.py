"""Base64url in one spelling: the same bytes never have two names."""

import random

import pytest

from portal.crypto import sealing


def test_what_is_written_is_read_back():
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    source = random.Random(seed)
    for length in range(70):
        data = source.randbytes(length)
        text = sealing.encode_base64url(data)
        assert sealing.decode_base64url(text) == data
        assert not set(text) & set("+/=")


@pytest.mark.parametrize(
    "text",
    [
        "QQ==",  # With padding.
        "QR",  # Stray bits: what ignores them reads `A`, as of `QQ`.
        "Q",  # No whole byte.
        "-_-_=",
        "+/+/",  # The other alphabet.
        "QQ\n",
        " QQ",
        "Q!Q",
        "QQ\u00e9",
        "\u0661\u0662",
    ],
)
def test_another_spelling_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        sealing.decode_base64url(text)
