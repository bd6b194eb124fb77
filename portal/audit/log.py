"""Notes what people do, before it is done: what cannot be noted does not happen."""

from intake.operations.model import AuditEntry
from portal.auth.identity import Identity
from portal.services import Services

ACTIONS: dict[str, str] = {
    "session.begin": "Signed in",
    "session.end": "Signed out",
    "clinic.create": "Created a clinic",
    "clinic.describe": "Changed a clinic's name or contact",
    "clinic.deactivate": "Deactivated a clinic",
    "clinic.activate": "Activated a clinic",
    "clinic.profile": "Changed how a clinic's files are judged",
    "person.invite": "Invited somebody",
    "person.join": "Gave an account its place",
    "person.remind": "Sent an invitation again",
    "person.disable": "Disabled an account",
    "person.enable": "Enabled an account",
    "person.reset-password": "Reset a password",
    "person.reset-mfa": "Reset an authenticator app",
    "partner.create": "Created a partner client",
    "partner.rotate": "Rotated a partner client",
    "partner.revoke": "Revoked a partner client",
    "analytics.run": "Ran a saved query",
    "audit.export": "Exported the audit log",
    "file.download": "Downloaded a file",
    "file.preview": "Looked at a file in the browser",
    "file.reprocess": "Had files checked again",
    "file.dry-run": "Tried how files would be judged today",
    "file.accept": "Accepted rejected files after review",
    "file.delete": "Deleted files from quarantine",
    "review.propose": "Proposed to accept a rejected file",
    "review.confirm": "Confirmed the acceptance of a rejected file",
    "review.decline": "Declined the acceptance of a rejected file",
    "letter.redrive": "Redrove dead letters",
    "subscription.add": "Subscribed an address to messages",
    "subscription.change": "Changed what an address is told",
    "subscription.ask": "Asked an address again to confirm",
    "subscription.remove": "Removed an address from messages",
    "letter.discard": "Discarded a dead letter",
}
"""Every action that may be noted → what the audit log calls it, in the past tense: `Reprocessed a file`."""


def note(
    services: Services,
    identity: Identity,
    action: str,
    *,
    clinic_id: str = "",
    subject: str = "",
    reason: str = "",
    **detail: str,
) -> None:
    """Write one entry. `detail` holds ids, codes and numbers only; raises KeyError for an action that has no name."""
    ACTIONS[action]
    services.audit.write(
        AuditEntry(
            at=services.clock(),
            actor=identity.subject,
            actor_name=identity.display_name,
            action=action,
            clinic_id=clinic_id,
            subject=subject,
            reason=reason,
            detail=detail,
        )
    )
