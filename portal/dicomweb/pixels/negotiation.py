"""In which form pixels and other bulk data are answered: as they are stored, or not at all (PS3.18 8.7.3 and 8.7.5).

Nothing is transcoded. So one form is offered of each image, its own; a client that takes any transfer syntax may have
it as octets too.
"""

from typing import NamedTuple

from intake.dicom import encoding
from portal.errors import NotAcceptableError
from portal.http.messages import parse_content_type, split_unquoted

OCTETS = "application/octet-stream"
RELATED = "multipart/related"
ANY = "*/*"
ANY_SYNTAX = "*"
UNCOMPRESSED = encoding.EXPLICIT_LITTLE
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"

_JPEG = "1.2.840.10008.1.2.4."
_IMAGES = {
    **{f"{_JPEG}{number}": "image/jpeg" for number in (*range(50, 67), 70)},
    **{f"{_JPEG}{number}": "image/jls" for number in (80, 81)},
    **{f"{_JPEG}{number}": "image/jp2" for number in (90, 91)},
    **{f"{_JPEG}{number}": "image/jpx" for number in (92, 93)},
    **{f"{_JPEG}{number}": "image/jxl" for number in (110, 111, 112)},
    **{f"{_JPEG}{number}": "image/jphc" for number in (201, 202, 203)},
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}
"""Transfer syntax → media type of its frames (PS3.18 table 8.7.3-5); what has none here is octets."""


class Offer(NamedTuple):
    """The one form that something is stored in, and given."""

    media_type: str
    transfer_syntax: str = UNCOMPRESSED

    @property
    def full_type(self) -> str:
        """The media type, and the transfer syntax as its parameter."""
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


class Form(NamedTuple):
    """What a client gets."""

    offer: Offer
    """Perhaps as octets."""
    multipart: bool


class _Range(NamedTuple):
    """One of the forms that a client takes."""

    media_type: str
    multipart: bool
    transfer_syntax: str
    """Empty where none is said."""
    weight: float


def offer_frames(transfer_syntax: str, *, encapsulated: bool) -> Offer:
    """Return the form of an image's frames."""
    if not encapsulated or transfer_syntax in {"", ENCAPSULATED_UNCOMPRESSED}:
        return Offer(OCTETS)
    return Offer(_IMAGES.get(transfer_syntax, OCTETS), transfer_syntax)


def choose_form(accept: str, offer: Offer, *, parts: int = 1) -> Form:
    """Return the form that a client likes best, of so many parts. Raises NotAcceptableError where it takes none."""
    for wanted in _parse_ranges(accept or ANY):
        media_type = _match(wanted, offer)
        if media_type and (wanted.multipart or parts == 1):
            return Form(offer._replace(media_type=media_type), wanted.multipart)
    raise NotAcceptableError(
        f'{RELATED}; type="{offer.media_type}"; transfer-syntax={offer.transfer_syntax}', offer.full_type
    )


def _parse_ranges(accept: str) -> list[_Range]:
    """Return what a client takes, the best first; of equals, in the order given."""
    ranges = []
    for one in split_unquoted(accept, ","):
        media_type, given = parse_content_type(one)
        multipart = media_type in {RELATED, "multipart/*", ANY}
        of_parts = given.get("type", ANY).lower() if multipart else media_type
        # Some clients write the transfer syntax within the quotes of the type.
        of_parts, _, inner = of_parts.partition(";")
        syntax = given.get("transfer-syntax", "") or inner.partition("transfer-syntax=")[2]
        ranges.append(_Range(of_parts.strip(), multipart, syntax.strip(), _parse_weight(given.get("q", "1"))))
    return sorted((each for each in ranges if each.weight > 0), key=lambda each: -each.weight)


def _parse_weight(text: str) -> float:
    digits = text.strip()
    # As RFC 9110 12.4.2 has it; what is no weight does not count against what it stands at.
    return float(digits) if digits[:1] in {"0", "1"} and digits.replace(".", "", 1).isdecimal() else 1.0


def _match(wanted: _Range, offer: Offer) -> str:
    """Return the media type under which a client takes an offer, or nothing."""
    own = {ANY, offer.media_type, f"{offer.media_type.partition('/')[0]}/*"}
    if wanted.media_type in own:
        # Octets of which no transfer syntax is said are uncompressed (8.7.3.3); of images, the stored one is taken.
        silent = wanted.media_type == ANY or offer.media_type != OCTETS or offer.transfer_syntax == UNCOMPRESSED
        said = wanted.transfer_syntax
        return offer.media_type if said in {ANY_SYNTAX, offer.transfer_syntax} or (not said and silent) else ""
    octets = wanted.media_type in {OCTETS, "application/*"}
    return OCTETS if octets and wanted.transfer_syntax in {ANY_SYNTAX, offer.transfer_syntax} else ""
