"""What the portal signs, read from the addresses."""

from urllib.parse import parse_qs, urlsplit

import pytest

from intake.record import ObjectVersion
from intake.s3 import SIGNING, S3Presigner

STORED = ObjectVersion("accepted", "northside/2026/11/22/u/f", "v1")


@pytest.mark.parametrize(
    ("shown_as", "disposition", "media_type"),
    [
        ("", "attachment; filename*=UTF-8''f.png", "application/octet-stream"),
        ("image/png", "inline; filename*=UTF-8''f.png", "image/png"),
    ],
)
def test_a_download_is_of_one_version_and_shown_as_nothing_else(aws, shown_as, disposition, media_type):
    signed = S3Presigner(aws.client("s3", config=SIGNING)).get(STORED, "f.png", shown_as)
    query = {name: value for name, (value,) in parse_qs(urlsplit(signed.url).query).items()}
    assert query["versionId"] == "v1"
    assert query["response-content-disposition"] == disposition
    assert query["response-content-type"] == media_type
    assert query["response-cache-control"] == "no-store"
