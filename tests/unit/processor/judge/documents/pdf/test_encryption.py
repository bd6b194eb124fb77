"""AES as its standards and another implementation have it."""

import secrets

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from processor.judge.documents.pdf.encryption import encrypt_cbc, opens_without_password


def test_the_standards_own_examples():
    """FIPS 197 appendix B, where one block and no vector is CBC as well; SP 800-38A F.2.1."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    block = bytes.fromhex("3243f6a8885a308d313198a2e0370734")
    text = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")

    assert encrypt_cbc(key, bytes(16), block).hex() == "3925841d02dc09fbdc118597196a0b32"
    assert encrypt_cbc(key, bytes(range(16)), text).hex() == (
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    )


@pytest.mark.parametrize("blocks", [0, 1, 2, 200])
def test_random_texts_are_encrypted_as_another_implementation_does_it(blocks):
    key, vector, text = secrets.token_bytes(16), secrets.token_bytes(16), secrets.token_bytes(16 * blocks)
    print(key.hex(), vector.hex())

    assert encrypt_cbc(key, vector, text) == Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor().update(text)


@pytest.mark.parametrize(
    "user",
    [
        "227a406131cdbf4370ccf3588fe4d28be2f17ba4b5b3679b43f7f77fe79606bc540fc3954633fc59d60f39209e277fa8",
        "70091e99a21b48eca248d31092b569cf6b1af91c9f0a4c30a795a2efb1f7ed21777727b1d42cdabbfc1db2cdc3973bab",
    ],
)
def test_the_hash_of_revision_6_ends_as_soon_as_it_may(user):
    """One document in 75 ends at the very step at which one that counts from zero would go on.

    Written by pypdf; PDFium, MuPDF and qpdf count as it does.
    """
    text = b"/Encrypt << /Filter /Standard /V 5 /R 6 /O <%s> /U <%s> >>" % (b"00" * 48, user.encode())

    assert opens_without_password(text, 0)
