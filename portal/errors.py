"""What the portal refuses. `portal/problems.py` maps each class to its status and problem type."""

from intake.errors import ScalperError


class InvalidTokenError(ScalperError):
    """Raised when a token is not one that this portal trusts; why is nobody's business."""


class UserPoolUnavailableError(ScalperError):
    """Raised when the user pool cannot be asked, and what was learned from it earlier is too old."""


class SignInError(ScalperError):
    """Raised when a sign-in cannot be finished and has to be started again."""


class SignInRequiredError(ScalperError):
    """Raised when a page needs somebody who is signed in."""


class ForbiddenError(ScalperError):
    """Raised when somebody whom we know asks for what they may not do."""


class ScopeError(ForbiddenError):
    """Raised when a partner's token lacks the scope of a route."""


class ClinicError(ForbiddenError):
    """Raised when somebody belongs to no clinic, or to several, where exactly one is needed."""


class CrossSiteError(ForbiddenError):
    """Raised when an unsafe request did not come from this portal's own pages."""


class CursorError(ScalperError):
    """Raised for a cursor that this portal did not give for this list."""


class IdempotencyError(ScalperError):
    """Raised when an idempotency key comes back with another body."""


class TooManyFilesError(ScalperError):
    """Raised when an upload would hold more files than its numbers can tell apart."""


class NotAwaitedError(ScalperError):
    """Raised when a file is asked to be sent that has arrived already, or was given up."""


class NotMultipartError(ScalperError):
    """Raised when parts are asked for of a file that is sent in one piece, or that it does not have."""


class PartsMissingError(ScalperError):
    """Raised when a multipart upload is to be completed and S3 does not hold all its parts."""


class NotAcceptedError(ScalperError):
    """Raised when the content of a file is asked for that was not accepted."""


class BodyTooLargeError(ScalperError):
    """Raised when a request's body is larger than any that this portal needs."""
