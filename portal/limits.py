"""How much one client may ask for: counted together by all of the portal's workers, in the table.

Only what writes or signs is counted: each such request writes to the table anyway. Reads are throttled by API Gateway
alone (docs/adr/0009-limits-of-the-api.md).
"""

from portal.errors import TooManyRequestsError
from portal.identity import Identity
from portal.services import Services

WRITES_PER_MINUTE = 3000
"""Of one client: a hundred thousand files an hour, each announced, signed and completed by itself."""


def count_write(services: Services, identity: Identity) -> None:
    """Raises TooManyRequestsError when a client has used up its minute."""
    at = services.clock()
    if services.request_counts.add(identity.subject, at) > WRITES_PER_MINUTE:
        raise TooManyRequestsError(retry_after=60 - at.second)
