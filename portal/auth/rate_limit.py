"""How much one client may ask for: counted together by all of the portal's workers, in the table.

Only what writes or signs is counted: each such request writes to the table anyway. Reads are throttled by API Gateway
alone (docs/adr/0009-limits-of-the-api.md). What reaches strangers, who have agreed to nothing yet, is counted by days
(docs/adr/0036-what-a-request-may-cost.md).
"""

from datetime import datetime

from intake.phrases import Phrase
from portal.auth.identity import Identity
from portal.errors import SubscriptionError, TooManyRequestsError
from portal.services import Services

WRITES_PER_MINUTE = 3000
"""Of one client: a hundred thousand files an hour, each announced, signed and completed by itself."""

CONFIRMATIONS_A_DAY = 30
"""Requests to confirm that one owner of subscriptions may have mailed: twice as many addresses as most ever have."""

CONFIRMATIONS_OF_AN_ADDRESS = 3
"""Requests to confirm that an address is sent in a day, by whomever it is wanted."""

INVITATIONS_A_DAY = 40
"""Mails of invitation that the leads of one clinic may have sent: more than most clinics have people."""

LINKS_A_DAY = 100
"""Links for referring doctors that one clinic may make."""

HOOKS_A_DAY = 50
"""Addresses of one clinic that are called to confirm a webhook."""


def count_write(services: Services, identity: Identity) -> None:
    """Raises TooManyRequestsError when a client has used up its minute."""
    at = services.clock()
    if services.request_counts.add(identity.subject, at) > WRITES_PER_MINUTE:
        raise TooManyRequestsError(retry_after=60 - at.second)


def count_confirmation(services: Services, owner: str, subscription_id: str) -> None:
    """Raises SubscriptionError where the day's requests to confirm are used up, an owner's or an address's."""
    at = services.clock()
    # The owner comes first: one who is refused uses up no address's share.
    if services.request_counts.add_today(f"confirmations-by#{owner}", at) > CONFIRMATIONS_A_DAY:
        told = Phrase(
            "{count} requests to confirm were sent today, and no more are sent before tomorrow (UTC).",
            count=CONFIRMATIONS_A_DAY,
        )
        raise SubscriptionError(told)
    if services.request_counts.add_today(f"confirmations-to#{subscription_id}", at) > CONFIRMATIONS_OF_AN_ADDRESS:
        raise SubscriptionError(
            Phrase(
                "This address was asked several times today. You can ask again tomorrow (UTC)."
                " Look among unwanted mail too: each request that it was sent still counts."
            )
        )


def count_invitation(services: Services, clinic_id: str) -> None:
    """Raises TooManyRequestsError when a clinic's leads have sent as many invitations as they may in a day."""
    at = services.clock()
    if services.request_counts.add_today(f"invitations#{clinic_id}", at) > INVITATIONS_A_DAY:
        raise TooManyRequestsError(retry_after=_until_midnight(at))


def count_link(services: Services, clinic_id: str) -> None:
    """Raises TooManyRequestsError when a clinic has made as many links to studies as it may in a day."""
    at = services.clock()
    if services.request_counts.add_today(f"links#{clinic_id}", at) > LINKS_A_DAY:
        raise TooManyRequestsError(retry_after=_until_midnight(at))


def count_hook(services: Services, clinic_id: str) -> None:
    """Raises TooManyRequestsError when a clinic has had as many addresses called as it may in a day."""
    at = services.clock()
    if services.request_counts.add_today(f"hooks#{clinic_id}", at) > HOOKS_A_DAY:
        raise TooManyRequestsError(retry_after=_until_midnight(at))


def _until_midnight(at: datetime) -> int:
    return 86400 - (at.hour * 3600 + at.minute * 60 + at.second)
