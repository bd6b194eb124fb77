"""Every kind of problem that is told, as data. No text of an exception ever leaves: what is told stands here."""

from collections.abc import Mapping
from dataclasses import dataclass

from intake import errors as domain
from intake.labels.model import LabelError
from intake.recounts.jobs import TooManyRebuildsError
from portal import errors

PAGES = "/api/docs/problems/"
"""Where each problem's `type` leads."""

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem, for programs by its slug and for people by the rest."""

    status: int
    slug: str
    title: str
    detail: str
    on_pages: str = ""
    """What a page says instead of `detail`, where that is a program's business."""


NOT_FOUND = Problem(404, "not-found", "Not found", "There is nothing here, or you may not see it.")
METHOD = Problem(405, "method-not-allowed", "Method not allowed", "This address does not take that method.")
MALFORMED = Problem(400, "malformed-body", "The request cannot be read", "The body is not what its type says it is.")
INVALID = Problem(422, "invalid-request", "The request is not valid", "Correct the fields that `errors` points to.")
TOO_LARGE = Problem(
    413,
    "body-too-large",
    "The request is too large",
    "Send less at once: announce files in several requests, and upload large ones by `POST /api/v1/uploads`.",
)
INTERNAL = Problem(
    500, "internal-error", "Something went wrong on our side", "Our staff can find this request by its ID."
)
SIGN_IN = Problem(401, "sign-in-required", "Please sign in", "You are not signed in, or you were away for too long.")

PROBLEMS: Mapping[type[Exception], Problem] = {
    domain.NotFoundError: NOT_FOUND,
    domain.ConflictError: Problem(
        409, "conflict", "That is not possible now", "The state of the file or upload has changed. Read it again."
    ),
    domain.ContentionError: Problem(503, "busy", "Try again in a moment", "Others are writing the same records."),
    domain.ThrottledError: Problem(
        503,
        "throttled",
        "Try again in a moment",
        "More is asked for at once than we can serve. Wait a moment, look how much was done, and try again.",
    ),
    errors.InvalidTokenError: Problem(
        401, "invalid-token", "A valid access token is needed", "Get a new token from the token endpoint and try again."
    ),
    errors.UserPoolUnavailableError: Problem(
        503, "sign-in-unavailable", "Sign-in is not available", "Tokens cannot be checked now. Try again in a moment."
    ),
    errors.NotByEdgeError: Problem(
        403, "not-by-edge", "This is not the way in", "Send the request to the address that you were given."
    ),
    errors.EdgeUnknownError: Problem(
        503, "edge-unknown", "Try again in a moment", "It cannot be told now whether the request came by the way in."
    ),
    errors.SecretUnknownError: Problem(
        503, "key-unknown", "Try again in a moment", "It cannot be told now whether what you sent was given by us."
    ),
    domain.RevocationsUnknownError: Problem(
        503,
        "access-unknown",
        "Access cannot be checked",
        "It cannot be told now whether yours still stands. Try again in a moment.",
    ),
    errors.SignInError: Problem(
        400, "sign-in-failed", "Sign-in did not work", "It took too long, or began in another window. Sign in again."
    ),
    errors.SignInRequiredError: SIGN_IN,
    errors.ScopeError: Problem(
        403, "missing-scope", "The token lacks a scope", "Ask for a token with the scope that is named in `scope`."
    ),
    errors.ClinicError: Problem(
        403,
        "no-single-clinic",
        "Your account does not belong to exactly one clinic",
        "To upload, you need an account at exactly one clinic. Admins see all clinics, but cannot upload.",
    ),
    errors.ClinicInactiveError: Problem(
        403,
        "clinic-inactive",
        "Your clinic cannot upload at the moment",
        "It was deactivated, or is not known. You can still see what was sent before. Ask your administrator.",
    ),
    errors.ProtectedAccountError: Problem(
        403,
        "account-protected",
        "This account must stay as it is",
        "You cannot lock yourself out, and the last admin, or the last lead of a clinic, must remain."
        " Ask somebody else who may do it.",
    ),
    errors.FieldsError: INVALID,
    LabelError: Problem(
        422,
        "invalid-labels",
        "The labels cannot be taken",
        "A label has 1 to 40 characters, an exam at most 5 labels, and a clinic at most 50 different ones in use.",
    ),
    errors.MalformedListError: Problem(
        422,
        "malformed-list",
        "The list cannot be taken",
        "Nothing of it was taken. Correct what `lines` names, and send all of it again.",
    ),
    errors.GatewayFullError: Problem(
        409,
        "too-many-clients",
        "There are too many partner clients",
        "The API's gateway knows 50 at the most. Revoke one that is not needed any more.",
    ),
    errors.CrossSiteError: Problem(
        403, "cross-site", "The request did not come from this site", "Load the page again, and repeat what you did."
    ),
    errors.ForbiddenError: Problem(403, "forbidden", "Not allowed", "Your account may not do this."),
    domain.InvalidCursorError: Problem(
        400,
        "invalid-cursor",
        "The cursor is not valid",
        "It was not given for this list. Begin the list again; in the change feed, ask without `since`.",
    ),
    domain.ChangesGoneError: Problem(
        410,
        "changes-gone",
        "The cursor is too old",
        "Changes behind it are no longer kept. Read on without `since`, and list your files to learn what was missed.",
    ),
    errors.IdempotencyError: Problem(
        422,
        "idempotency-key-reused",
        "The idempotency key was used for another request",
        "Repeat a request unchanged, or give another request a key of its own.",
    ),
    errors.TooManyFilesError: Problem(
        422, "upload-full", "The upload is full", "Begin another upload: one holds at most 99,999 files."
    ),
    errors.NotAwaitedError: Problem(
        409, "not-awaited", "The file is not awaited", "It has arrived, or was given up. Look at its state."
    ),
    errors.NotMultipartError: Problem(
        409, "no-such-part", "The file has no such part", "Sign the file again and send what the answer says."
    ),
    errors.PartsMissingError: Problem(
        409, "parts-missing", "Parts are missing", "Send the parts that `missing` names, then complete again."
    ),
    errors.OrderError: Problem(
        422, "invalid-order", "That cannot be asked for", "Choose the files again on the page that lists them."
    ),
    TooManyRebuildsError: Problem(
        409, "too-many-rebuilds", "Five rebuilds are waiting already", "Wait until one has ended, or stop one."
    ),
    errors.OwnReviewError: Problem(
        403,
        "own-review",
        "Another admin has to confirm this",
        "You proposed to accept this file, so somebody else must confirm it. Ask a colleague to look at the proposal.",
    ),
    errors.HeldIdentityError: Problem(
        409,
        "identity-held",
        "Another file holds its place",
        "An accepted file has the same SOP Instance UID, and came there since the proposal. Decline the proposal, and"
        " check the file again.",
    ),
    errors.TooManyRequestsError: Problem(
        429,
        "too-many-requests",
        "Too many requests",
        "Wait for as many seconds as `Retry-After` says, then repeat.",
        "Too much was asked for in your name within a minute. Wait a minute, then try again:"
        " what you did last was not done.",
    ),
    errors.HeaderTooLargeError: Problem(
        431,
        "header-too-large",
        "A header is too long",
        "Shorten the header that `header` names, or send fewer headers.",
        "Your browser sent too much data with the request. Load the page again, or use another browser.",
    ),
    errors.AddressTooLongError: Problem(
        414, "address-too-long", "The address is too long", "Ask for less at once: path and query together are bounded."
    ),
    errors.BodyTooLargeError: TOO_LARGE,
    errors.BodyCutOffError: MALFORMED,
    errors.SubscriptionError: Problem(
        422, "invalid-subscription", "The subscription is not possible", "Correct the address or the kinds of messages."
    ),
    errors.WebhookUrlError: Problem(
        422, "webhook-url", "The address cannot be called", "Give an https address on the public internet."
    ),
    errors.TooManyWebhooksError: Problem(
        409, "too-many-webhooks", "There are ten webhooks already", "Delete one that is no longer needed."
    ),
    errors.TokenNotGivenError: Problem(
        409, "token-not-given", "The token is not that of this webhook", "Send the `Token` that the address was sent."
    ),
    errors.NotAcceptedError: Problem(
        409, "not-accepted", "The file was not accepted", "Only the content of accepted files can be downloaded."
    ),
    errors.NoPreviewError: Problem(404, "no-preview", "There is no preview", "No picture is made of this file."),
    errors.DicomWebQueryError: Problem(
        400, "invalid-dicomweb-request", "The DICOMweb request is not valid", "`reason` says what to correct."
    ),
    errors.SearchTooBroadError: Problem(
        413, "search-too-broad", "The search is too broad", "Add a condition: a study date, a patient id or a UID."
    ),
    errors.NotAcceptableError: Problem(
        406, "not-acceptable", "Not given in that form", "Ask for, or send, one of the forms named in `acceptable`."
    ),
    errors.RetrievalTooLargeError: Problem(
        413,
        "message-too-large",
        "Too large for one message",
        "A message holds at most `limit_bytes`. `instead` says how to do without the limit.",
        "This is more than can be sent at once. Narrow what you asked for, and try again.",
    ),
    errors.MetadataTooLargeError: Problem(
        413,
        "metadata-too-large",
        "Too much to describe at once",
        "To describe what you named costs more than one request may. `instead` says how to do without it.",
    ),
    errors.InstanceUnreadableError: Problem(
        409,
        "instance-unreadable",
        "An instance cannot be read",
        "What is stored of the file `file_id` is gone or damaged. Ask for the other instances, and tell our staff.",
    ),
    errors.StorageUnavailableError: Problem(
        503, "storage-unavailable", "Storage is not available", "Nothing was stored. Try again in a moment."
    ),
}

BY_STATUS = {problem.status: problem for problem in (NOT_FOUND, METHOD, MALFORMED, TOO_LARGE)}
KNOWN: Mapping[str, Problem] = {problem.slug: problem for problem in (*PROBLEMS.values(), METHOD, INTERNAL)}


def find_problem(error: Exception) -> Problem:
    """Return the most specific entry of the table."""
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), INTERNAL)
