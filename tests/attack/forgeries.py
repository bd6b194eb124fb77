"""Every kind of forged token, by a name: each a family of a class of mistakes that verifiers have made."""

import json
import random
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes

from tests.attack.forging import Forger, encode

Forgeries = Iterator[tuple[str, str]]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def of_algorithms(by: Forger) -> Forgeries:
    """No signature, or another kind than the one agreed (RFC 8725, 2.1 and 3.1)."""
    signature = by.good.split(".")[2]
    for name in ("none", "None", "NONE", "nOnE", ""):
        unsigned = f"{encode({'alg': name, 'kid': by.kid})}.{encode(by.as_admin)}"
        yield f"alg {name!r} and no signature", f"{unsigned}."
        yield f"alg {name!r} and a borrowed signature", f"{unsigned}.{signature}"
    for name, secret in by.public_forms.items():
        yield f"HS256 keyed with {name}", by.maced({"alg": "HS256", "kid": by.kid}, by.as_admin, secret)
    pem = by.public_forms["PEM"]
    yield "an HMAC under a header that says RS256", by.maced(by.header, by.as_admin, pem)
    yield "HS384 keyed with PEM", by.maced({"alg": "HS384", "kid": by.kid}, by.as_admin, pem, "sha384")
    yield "HS512 keyed with PEM", by.maced({"alg": "HS512", "kid": by.kid}, by.as_admin, pem, "sha512")
    for alg, digest in (("RS384", hashes.SHA384()), ("RS512", hashes.SHA512())):
        yield f"{alg}, signed rightly", by.signed({"alg": alg, "kid": by.kid}, by.claims, digest=digest)
    for alg in ("PS256", "ES256", "EdDSA", "rs256", " RS256", ["RS256"], None, 256, True):
        yield f"alg {alg!r}, signed rightly as RS256", by.signed({"alg": alg, "kid": by.kid}, by.claims)
    yield "no alg", by.signed({"kid": by.kid}, by.claims)
    yield "ES256 of zeros", f"{encode({'alg': 'ES256', 'kid': by.kid})}.{encode(by.as_admin)}.{encode(bytes(64))}"


def of_keys(by: Forger) -> Forgeries:
    """A key that the token brings itself, or points to (RFC 7515, 4.1)."""
    yield "a key of the forger's own", by.signed(by.header, by.as_admin, by.mine)
    brought = {
        "jwk": by.my_jwk,
        "jku": "http://127.0.0.1:9/jwks",
        "x5u": "http://127.0.0.1:9/x5u",
        "x5c": ["AAAA"],
        "x5t": "AAAA",
        "x5t#S256": "AAAA",
    }
    for name, value in brought.items():
        yield f"{name} in the header, the forger's key", by.signed({**by.header, name: value}, by.as_admin, by.mine)
        yield f"{name} in the header, signed rightly", by.signed({**by.header, name: value}, by.claims)
    yield (
        "the ID tokens' key id over the access key's signature",
        by.signed({"alg": "RS256", "kid": by.other_kid}, by.claims),
    )
    for use in ("access", "id"):
        claims = {**by.claims, "token_use": use} if use == "access" else {**by.claims, "token_use": "id", "aud": "x"}
        yield f"the ID tokens' key, token_use {use}, the access key's id", by.signed(by.header, claims, by.pool.id_key)
    yield (
        "the ID tokens' key, token_use id",
        by.signed({"alg": "RS256", "kid": by.other_kid}, {**by.claims, "token_use": "id"}, by.pool.id_key),
    )


def of_key_ids(by: Forger) -> Forgeries:
    """A kid as a path, a query, a pattern or another type."""
    odd = {
        "a path": "../../../../dev/null",
        "null": None,
        "a number": 1,
        "a list": [by.kid],
        "an object": {"kid": by.kid},
        "empty": "",
        "SQL": "' UNION SELECT 'x'--",
        "an address": "http://127.0.0.1:9/x",
        "a NUL at its end": by.kid + "\0",
        "half a surrogate pair": "\ud800",
        "long": "k" * 5000,
        "in the other case": by.kid.swapcase(),
        "a space at its end": by.kid + " ",
        "a wildcard": "*",
        "true": True,
    }
    for name, kid in odd.items():
        yield f"kid {name}, the forger's key", by.signed({"alg": "RS256", "kid": kid}, by.as_admin, by.mine)
        yield f"kid {name}, signed rightly", by.signed({"alg": "RS256", "kid": kid}, by.claims)
    yield "no kid, signed rightly", by.signed({"alg": "RS256"}, by.claims)


def of_headers(by: Forger) -> Forgeries:
    """Headers of other shapes, all of them signed rightly."""
    for name, value in {"crit": ["exp"], "b64": False, "zip": "DEF", "cty": "JWT", "typ": "JOSE", "x": 1}.items():
        yield f"{name} in the header", by.signed({**by.header, name: value}, by.claims)
    yield "typ at+jwt", by.signed({**by.header, "typ": "at+jwt"}, by.claims)
    kid, good = by.kid.encode(), json.dumps(by.header).encode()
    odd = {
        "kid twice": b'{"alg":"RS256","kid":"x","kid":"%s"}' % kid,
        "alg twice": b'{"alg":"none","alg":"RS256","kid":"%s"}' % kid,
        "alg twice, none last": b'{"alg":"RS256","kid":"%s","alg":"none"}' % kid,
        "alg twice by an escape": b'{"alg":"RS256","kid":"%s","\\u0061lg":"none"}' % kid,
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16"),
        "a list": b"[]",
        "a string": b'"RS256"',
        "null": b"null",
        "nothing": b"",
        "deep lists": b"[" * 2000 + b"]" * 2000,
        "something behind it": good + b"x",
        "a comment": good[:-1] + b"/**/}",
        "a comma too many": good[:-1] + b",}",
    }
    for name, header in odd.items():
        yield f"header: {name}", by.signed(header, by.claims)


def of_claims(by: Forger, web_client: str) -> Forgeries:
    """Signed rightly, for something else, by somebody else or for somebody else."""
    claims = by.claims
    for name in ("token_use", "iss", "client_id", "sub", "exp", "iat"):
        yield f"no {name}", by.lacking(name)
        odd = {"null": None, "a list": [claims[name]], "an object": {"x": 1}, "true": True, "empty": ""}
        for kind, value in odd.items():
            yield f"{name} {kind}", by.saying(**{name: value})
    for value in ("id", "refresh", "ACCESS", "access "):
        yield f"token_use {value!r}", by.saying(token_use=value)
    for kind, value in {
        "of another pool": claims["iss"][:-1] + "X",
        "with a slash": claims["iss"] + "/",
        "by http": claims["iss"].replace("https:", "http:"),
        "in capitals": claims["iss"].upper(),
    }.items():
        yield f"iss {kind}", by.saying(iss=value)
    for kind, value in {"unknown": "x" * 26, "with a space": claims["client_id"] + " ", "a number": 1}.items():
        yield f"client_id {kind}", by.saying(client_id=value)
    without = {name: value for name, value in claims.items() if name != "client_id"}
    yield "aud in place of client_id", by.signed(by.header, {**without, "aud": claims["client_id"]})
    yield "aud of all clients", by.saying(token_use="id", aud=[web_client, claims["client_id"]])
    for kind, value in {"a string": "admin", "an object": {"admin": 1}, "null": None, "mixed": ["admin", 1]}.items():
        yield f"groups {kind}", by.signed(by.header, {**by.as_admin, "cognito:groups": value})
    for kind, value in {"a list": ["scalper/read"], "null": None, "a number": 1}.items():
        yield f"scope {kind}", by.saying(scope=value)


def of_times(by: Forger) -> Forgeries:
    """Expired, not yet, for ever, and what is no moment at all."""
    now = by.now
    moments = {
        "past": now - 1,
        "zero": 0,
        "negative": -1,
        "text": str(now + 900),
        "a fraction": now + 900.5,
        "1e308": 1e308,
        "huge": 10**30,
        "a day ahead": now + 86400,
        "an hour and a second behind iat": now + 3601,
    }
    for kind, exp in moments.items():
        yield f"exp {kind}", by.saying(exp=exp)
    for literal in ("Infinity", "-Infinity", "NaN", "1E999", "9" * 4400):
        yield f"exp {literal[:12]}", by.literally(exp=literal)
        yield f"iat {literal[:12]}", by.literally(iat=literal)
    for kind, iat in {
        "in 2 minutes": now + 120,
        "in an hour": now + 3600,
        "text": str(now),
        "behind exp": now + 901,
    }.items():
        yield f"iat {kind}", by.saying(iat=iat, exp=now + 900 if kind == "behind exp" else now + 4000)
    yield "nbf text", by.saying(nbf="tomorrow")
    yield "nbf tomorrow", by.saying(nbf=now + 86400)


def of_json(by: Forger, web_client: str) -> Forgeries:
    """Claims twice, and payloads of other shapes: two readers, two meanings."""
    for name, value in {"sub": "x", "client_id": web_client, "token_use": "access", "exp": "9"}.items():
        yield f"{name} twice", by.adding(f',"{name}":"{value}"')
        yield f"{name} twice by an escape", by.adding(f',"\\u{ord(name[0]):04x}{name[1:]}":"{value}"')
    good = json.dumps(by.claims).encode()
    odd = {
        "a list": b"[]",
        "null": b"null",
        "no UTF-8": good[:-1] + b',"x":"\xff"}',
        "deep lists": good[:-1] + b',"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
        "something behind it": good + b"x",
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16"),
        "9 KB": good[:-1] + b',"x":"' + b"x" * 7000 + b'"}',
        "a token": by.good.encode(),
    }
    for name, payload in odd.items():
        yield f"payload: {name}", by.signed(by.header, payload)


def of_spelling(by: Forger) -> Forgeries:
    """The good token, spelt otherwise."""
    good = by.good
    header, payload, signature = good.split(".")
    admin = encode(by.as_admin)
    yield "edited to be an admin's", f"{header}.{admin}.{signature}"
    yield "staff's, edited to be an admin's", f"{by.staff.split('.')[0]}.{admin}.{by.staff.split('.')[2]}"
    last = ALPHABET.index(signature[-1])
    stray = ALPHABET[(last & ~15) | ((last + 1) & 15)]
    yield "stray bits in the signature", good[:-1] + stray
    yield "padded", good + "="
    yield "padded inside", f"{header}.{payload}=.{signature}"
    yield "in base64's other alphabet", good.replace("-", "+").replace("_", "/")
    yield "escaped end of line", good + "%0a"
    yield "a space inside", f"{good[:50]} {good[50:]}"
    yield "a tab inside", f"{good[:50]}\t{good[50:]}"
    yield "a comma and itself", f"{good},{good}"
    yield "four parts", good + ".x"
    yield "two parts", f"{header}.{payload}"
    yield "no signature", f"{header}.{payload}."
    yield "five parts, as if encrypted", "eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"
    yield "JSON serialization", json.dumps({"protected": header, "payload": payload, "signature": signature})
    yield "a signature of zeros", f"{header}.{payload}.{encode(bytes(256))}"
    yield "a signature of one", f"{header}.{payload}.{encode(bytes(255) + bytes([1]))}"
    yield "dots", ".."
    yield "a word", "null"
    yield "full-width letters", good[:-4] + "\uff41\uff42\uff43\uff44"
    yield "an accent", good + "é"
    yield "its own header twice", f"{header}.{header}.{signature}"


def of_flipped_bits(by: Forger, dice: random.Random, number: int) -> Forgeries:
    """The good token with one character changed, anywhere: the part's name and place are told."""
    for _ in range(number):
        place = dice.choice([at for at, character in enumerate(by.good[:-1]) if character != "."])
        other = dice.choice([one for one in ALPHABET if one != by.good[place]])
        part = ("header", "payload", "signature")[by.good[:place].count(".")]
        yield f"a character of the {part} changed, at {place}", by.good[:place] + other + by.good[place + 1 :]


def all_of(by: Forger, web_client: str, dice: random.Random, *, flips: int) -> Forgeries:
    families: tuple[Callable[[Forger], Forgeries], ...] = (
        of_algorithms,
        of_keys,
        of_key_ids,
        of_headers,
        of_times,
        of_spelling,
    )
    for family in families:
        yield from family(by)
    yield from of_claims(by, web_client)
    yield from of_json(by, web_client)
    yield from of_flipped_bits(by, dice, flips)
