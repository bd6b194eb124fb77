"""What the portal refuses. `portal/http/problems.py` maps each class to its status and problem type."""

from collections.abc import Mapping, Sequence

from intake.errors import ScalperError
from intake.expectations.model import ListFault
from intake.phrases import Phrase


class PortalError(ScalperError):
    """Raised when the portal refuses a request; the root of its own errors."""

    extensions: dict[str, object] = {}  # noqa: RUF012 - never changed in place; instances replace it.
    """Members that the problem document carries beside the standard ones (RFC 9457, 3.2)."""
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed in place; instances replace it.


class InvalidTokenError(PortalError):
    """Raised when a token is not one that this portal trusts; why is nobody's business."""


class RevokedTokenError(InvalidTokenError):
    """Raised when a token's session was ended: it is worth nothing, and neither is what would renew it."""


class UserPoolUnavailableError(PortalError):
    """Raised when the user pool cannot be asked, and what was learned from it earlier is too old."""


class NotByEdgeError(PortalError):
    """Raised for a request that came to the API's own address, and not by the edge before it."""


class SecretUnknownError(PortalError):
    """Raised when Secrets Manager cannot be asked for a secret."""


class EdgeUnknownError(SecretUnknownError):
    """Raised when nobody can say whether a request came by the edge."""


class KeyUnknownError(SecretUnknownError):
    """Raised when nobody can say what the deployment's key is."""


class SignInError(PortalError):
    """Raised when a sign-in cannot be finished and has to be started again."""


class SignInRequiredError(PortalError):
    """Raised when a page needs somebody who is signed in."""


class ForbiddenError(PortalError):
    """Raised when somebody whom we know asks for what they may not do."""


class ScopeError(ForbiddenError):
    """Raised when a partner's token lacks the scope of a route."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}.")
        self.extensions = {"scope": scope}


class ClinicError(ForbiddenError):
    """Raised when somebody belongs to no clinic, or to several, where exactly one is needed."""


class CrossSiteError(ForbiddenError):
    """Raised when an unsafe request did not come from this portal's own pages."""


class IdempotencyError(PortalError):
    """Raised when an idempotency key comes back with another body."""


class MalformedListError(PortalError):
    """Raised when a list of expected exams cannot be taken; nothing of it was."""

    def __init__(self, faults: Sequence[ListFault]) -> None:
        super().__init__("The list cannot be taken.")
        self.faults = tuple(faults)
        self.extensions = {"lines": [{"place": fault.place, "problem": fault.problem} for fault in self.faults]}


class TooManyFilesError(PortalError):
    """Raised when an upload would hold more files than its numbers can tell apart."""


class NotAwaitedError(PortalError):
    """Raised when a file is asked to be sent that has arrived already, or was given up."""


class NotMultipartError(PortalError):
    """Raised when parts are asked for of a file that is sent in one piece, or that it does not have."""


class PartsMissingError(PortalError):
    """Raised when a multipart upload is to be completed and S3 does not hold all its parts."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(f"{len(numbers)} parts are missing.")
        self.extensions = {"missing": list(numbers[:100])}  # An answer stays short.


class OrderError(PortalError):
    """Raised when an order names no files, too many, or has no proper id."""


class OwnReviewError(PortalError):
    """Raised when an admin would confirm what the same admin proposed."""


class HeldIdentityError(PortalError):
    """Raised when a file is to be accepted whose SOP Instance UID another accepted file holds."""


class NotAcceptedError(PortalError):
    """Raised when the content of a file is asked for that was not accepted."""


class NoPreviewError(PortalError):
    """Raised when a picture is asked for of a file of which there is none. Whoever raises it says why."""


class TooManyRequestsError(PortalError):
    """Raised when a client asks for more than is its share."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(f"Wait for {retry_after} s.")
        self.headers = {"Retry-After": str(retry_after)}


class FieldsError(PortalError):
    """Raised when a form cannot be taken as it was filled in."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("Fields of a form are not valid.")
        self.faults = dict(faults)
        """Field → what is wrong with it and how to mend it, for the one who filled it in."""


class ClinicInactiveError(ForbiddenError):
    """Raised when files are announced for a clinic that was deactivated."""


class ProtectedAccountError(ForbiddenError):
    """Raised when somebody would lock out themselves, the last admin, or as a lead the clinic's last lead."""


class GatewayFullError(PortalError):
    """Raised when the gateway can be told of no more clients."""


class SubscriptionError(PortalError):
    """Raised when an address cannot be subscribed. `fault` says why, for people; `field` where, if anywhere."""

    def __init__(self, fault: Phrase, field: str = "") -> None:
        super().__init__(fault)
        self.fault = fault
        self.field = field


class DicomWebQueryError(PortalError):
    """Raised for a DICOMweb request that cannot be understood. The text is ours: it repeats no value of the request."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.extensions = {"reason": reason}


class SearchTooBroadError(PortalError):
    """Raised when a search would have to look at more than a request may cost."""


class NotAcceptableError(PortalError):
    """Raised when a resource is asked for in a form that it is not given in."""

    def __init__(self, *media_types: str) -> None:
        super().__init__("Not in this form.")
        self.extensions = {"acceptable": list(media_types)}


class RetrievalTooLargeError(PortalError):
    """Raised when more is to be fetched or stored in one message than the API gateway lets through."""

    def __init__(self, limit: int, instead: str) -> None:
        super().__init__("Too large for one message.")
        self.extensions = {"limit_bytes": limit, "instead": instead}


class MetadataTooLargeError(PortalError):
    """Raised when describing instances costs more than one request may."""

    def __init__(self, instead: str) -> None:
        super().__init__("Too much to describe at once.")
        self.extensions = {"instead": instead}


class InstanceUnreadableError(PortalError):
    """Raised when what is stored of an accepted file is gone, is not what was judged, or cannot be read."""

    def __init__(self, file_id: str) -> None:
        super().__init__("An instance cannot be read.")
        self.extensions = {"file_id": file_id}


class StorageUnavailableError(PortalError):
    """Raised when the bucket does not take what it should."""


class HeaderTooLargeError(PortalError):
    """Raised for a request with a header that is longer than is read, or with too many of them."""

    def __init__(self, header: str, limit: int) -> None:
        super().__init__("A header is too long.")
        self.extensions = {"header": header, "limit_bytes": limit} if header else {"limit_headers": limit}


class AddressTooLongError(PortalError):
    """Raised for a request whose path and query are longer than is read."""

    def __init__(self, limit: int) -> None:
        super().__init__("The address is too long.")
        self.extensions = {"limit_bytes": limit}


class BodyTooLargeError(PortalError):
    """Raised for a request that brings more than is read of it."""

    def __init__(self, limit: int, instead: str = "") -> None:
        super().__init__("The body is too large.")
        self.extensions = {"limit_bytes": limit, **({"instead": instead} if instead else {})}


class BodyCutOffError(PortalError):
    """Raised when a client goes away before all of a body has come: half of it is not to be taken for the whole."""


class WebhookUrlError(PortalError):
    """Raised when an address is to be called that is not on the public internet, or not by https."""


class TooManyWebhooksError(PortalError):
    """Raised when a clinic asks for more webhooks than it may have."""


class TokenNotGivenError(PortalError):
    """Raised when a webhook is confirmed with a token that its address was not sent."""
