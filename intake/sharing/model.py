"""A link to one study, for somebody whom its clinic trusts with it and who has no account.

Nothing here opens anything: of the link's token and of its code only digests are kept.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

MOST_TRIES = 5
"""Wrong codes, after which a link is closed for good."""
MOST_OPENINGS = 100
MOST_TAKINGS = 50
"""How often a link may be opened, and its study taken out. Whoever needs more gets another link."""

LISTED = 100
"""Links of a study that are listed, the newest; more are not made: what nobody sees, nobody can close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLink:
    """One link, and what became of it."""

    link_id: str
    """What its token digests to; it opens nothing."""
    clinic_id: str
    study_id: str
    code_digest: str
    created_at: datetime
    created_by: str
    created_by_name: str
    expires_at: datetime
    tries: int = 0
    """Wrong codes so far, and those that are being looked at."""
    opened: int = 0
    taken: int = 0
    revoked_at: datetime | None = None

    def is_open_at(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at and self.tries < MOST_TRIES


def digest_token(token: str) -> str:
    """Return the id of the link that a token belongs to. Tokens are 256 random bits: no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def digest_code(token: str, code: str) -> str:
    """Return what is kept of a link's code. Its key is the token, which is kept nowhere: the table betrays no code."""
    return hmac.new(token.encode(), code.encode(), hashlib.sha256).hexdigest()
