"""Idempotency keys: what a repeated request finds again, instead of doing it twice."""

from intake.errors import ConflictError
from portal.errors import IdempotencyError
from portal.services import Services


def bind_key(services: Services, clinic_id: str, key: str, digest: str, value: str) -> str:
    """Bind a clinic's key to `value`, or return what an earlier request with the same body bound it to.

    `digest` tells bodies apart. Raises IdempotencyError for a key that was used with another one.
    """
    try:
        return services.records.bind_idempotency_key(clinic_id, key, digest, value)
    except ConflictError as error:
        raise IdempotencyError("The key was used with another body.") from error
