"""Tokens as forgers make them, and, with the emulator's own key, tokens rightly signed that say wrong things."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Json = Mapping[str, Any]


def encode(data: bytes | Json | list[Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(part: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


@dataclass
class Pool:
    """A user pool's signing keys, as nobody outside the emulator has them."""

    pool_id: str
    state: Path
    endpoint: str

    def _key(self, use: str) -> rsa.RSAPrivateKey:
        file = self.state / "services" / "cognito-pool-keys" / f"{self.pool_id}-{use}.pem"
        key = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    @cached_property
    def access_key(self) -> rsa.RSAPrivateKey:
        return self._key("access")

    @cached_property
    def id_key(self) -> rsa.RSAPrivateKey:
        return self._key("id")

    @cached_property
    def jwks(self) -> list[dict[str, str]]:
        keys: list[dict[str, str]] = httpx.get(f"{self.endpoint}/{self.pool_id}/.well-known/jwks.json").json()["keys"]
        return keys


@dataclass
class Forger:
    """Makes tokens around a good one."""

    pool: Pool
    good: str
    """An access token of a partner."""
    staff: str
    """An access token of a member of staff."""

    @cached_property
    def header(self) -> dict[str, Any]:
        return {"alg": "RS256", "kid": decode(self.good.split(".")[0])["kid"]}

    @property
    def kid(self) -> str:
        return str(self.header["kid"])

    @cached_property
    def other_kid(self) -> str:
        """The kid of the pool's other key, which signs ID tokens."""
        return next(key["kid"] for key in self.pool.jwks if key["kid"] != self.kid)

    @cached_property
    def jwk(self) -> dict[str, str]:
        return next(key for key in self.pool.jwks if key["kid"] == self.kid)

    @cached_property
    def now(self) -> int:
        return int(time.time())

    @cached_property
    def claims(self) -> dict[str, Any]:
        """Claims that would be good for a quarter of an hour, were they signed."""
        return {**decode(self.good.split(".")[1]), "iat": self.now, "exp": self.now + 900}

    @cached_property
    def as_admin(self) -> dict[str, Any]:
        claims = decode(self.staff.split(".")[1])
        return {**claims, "iat": self.now, "exp": self.now + 900, "cognito:groups": ["admin"]}

    def as_victim(self, clinic_id: str) -> str:
        """Return a token by the forger's own key, which says that its bearer is another clinic's staff."""
        claims = {**self.as_admin, "cognito:groups": [f"clinic:{clinic_id}"]}
        return self.signed(self.header, claims, self.mine)

    @cached_property
    def mine(self) -> rsa.RSAPrivateKey:
        """A key of the forger's own."""
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def my_jwk(self) -> dict[str, str]:
        numbers = self.mine.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.kid, "n": encode(numbers.n.to_bytes(256, "big")), "e": "AQAB"}

    @cached_property
    def public_forms(self) -> dict[str, bytes]:
        """What implementations have taken for an HMAC's secret: the public key, in every form it is found in."""
        public, form = self.pool.access_key.public_key(), serialization
        pem = public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        der = public.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
        modulus = self.jwk["n"]
        return {
            "PEM": pem,
            "PEM stripped": pem.strip(),
            "DER": der,
            "PKCS1 PEM": public.public_bytes(form.Encoding.PEM, form.PublicFormat.PKCS1),
            "modulus text": modulus.encode(),
            "modulus bytes": base64.urlsafe_b64decode(modulus + "=="),
            "JWK": json.dumps(self.jwk).encode(),
            "JWKS": json.dumps({"keys": self.pool.jwks}).encode(),
            "nothing": b"",
            "kid": self.kid.encode(),
        }

    def signed(
        self,
        header: Json | bytes,
        claims: Json | bytes,
        key: rsa.RSAPrivateKey | None = None,
        digest: hashes.HashAlgorithm | None = None,
    ) -> str:
        """Return a token signed by RSA: with the pool's own key, unless another is given."""
        signed = f"{encode(header)}.{encode(claims)}"
        signer = key or self.pool.access_key
        return f"{signed}.{encode(signer.sign(signed.encode(), padding.PKCS1v15(), digest or hashes.SHA256()))}"

    def maced(self, header: Json, claims: Json, secret: bytes, digest: str = "sha256") -> str:
        """Return a token signed by HMAC."""
        signed = f"{encode(header)}.{encode(claims)}"
        return f"{signed}.{encode(hmac.new(secret, signed.encode(), getattr(hashlib, digest)).digest())}"

    def saying(self, **claims: Any) -> str:
        """Return a token that is signed rightly and says this."""
        return self.signed(self.header, {**self.claims, **claims})

    def lacking(self, *names: str) -> str:
        return self.signed(self.header, {name: value for name, value in self.claims.items() if name not in names})

    def literally(self, **claims: str) -> str:
        """Return a token, signed rightly, whose JSON holds these literals as they stand."""
        marked = json.dumps({**self.claims, **{name: f"@{name}@" for name in claims}})
        for name, literal in claims.items():
            marked = marked.replace(f'"@{name}@"', literal)
        return self.signed(self.header, marked.encode())

    def adding(self, text: str) -> str:
        """Return a token, signed rightly, whose JSON ends with this text in front of the brace."""
        return self.signed(self.header, (json.dumps(self.claims)[:-1] + text + "}").encode())
