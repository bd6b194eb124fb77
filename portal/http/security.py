"""What every response carries, what every unsafe request must, and what it counts: headers, origin, CSRF token."""

import hmac
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.errors import RevocationsUnknownError
from intake.files.model import ObjectVersion
from intake.storage.ports import Presigner
from portal.auth.rate_limit import count_write
from portal.errors import CrossSiteError, ForbiddenError, SignInRequiredError, TooManyRequestsError
from portal.http.sessions.dependencies import find_services
from portal.http.sessions.session_cookies import recognise, require_staff
from portal.settings import Settings

API = ("/api/", "/dicomweb/")
"""Where programs come with tokens and browsers' cookies count for nothing."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WAY_OUT = "/sign-out"
"""Its writes are counted too, and never refused: whoever wants to go is let go."""
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under it, browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=63072000; includeSubDomains"


class Headers:
    """The headers of every response of one portal."""

    def __init__(self, settings: Settings, presigner: Presigner) -> None:
        self._settings = settings
        self._presigner = presigner

    def add_to(self, headers: MutableHeaders, scope: Scope) -> None:
        state = scope.get("state", {})
        headers.update(FIXED)
        headers["Content-Security-Policy"] = self.codec_policy if state.get("runs_wasm") else self.policy
        headers["X-Request-Id"] = state.get("request_id", "")
        headers.setdefault("Cache-Control", "no-store")
        if self._settings.secure:
            headers["Strict-Transport-Security"] = HSTS
        for cookie in state.get("set_cookies", ()):
            headers.append("Set-Cookie", cookie)

    @cached_property
    def codec_policy(self) -> str:
        """The policy of the viewer's page, and of the script that decodes for it: WebAssembly may be compiled there."""
        return self.policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")

    @cached_property
    def policy(self) -> str:
        """The Content-Security-Policy. Browsers send bytes to S3 and sign in at Cognito; nothing else is foreign."""
        settings = self._settings
        buckets = " ".join(self._origins(settings.incoming_bucket, settings.accepted_bucket))
        previews = " ".join(self._origins(settings.accepted_bucket, settings.renditions_bucket))
        directives = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": f"'self' data: blob: {previews}",
            "font-src": "'self'",
            "connect-src": f"'self' {buckets}",
            "worker-src": "'self'",
            "manifest-src": "'self'",
            # Signing out is a form that ends, by redirect, at the managed login.
            "form-action": f"'self' {read_origin(self._settings.sign_in_url)}",
            "frame-ancestors": "'none'",
            "base-uri": "'none'",
        }
        return "; ".join(f"{name} {sources}" for name, sources in directives.items())

    def _origins(self, *buckets: str) -> Sequence[str]:
        """Return where presigned requests go; asked of the presigner, since the endpoint's form is S3's business."""
        urls = [self._presigner.put(ObjectVersion(bucket, "origin"), 0, None).url for bucket in buckets]
        return sorted({read_origin(url) for url in urls})


class ResponseHeaders:
    """Adds `Headers` to every response."""

    def __init__(self, app: ASGIApp, headers: Headers) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._headers.add_to(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def same_site(request: Request) -> None:
    """Refuse unsafe requests that another site had a browser send; a FastAPI dependency of the whole app.

    The REST API takes no cookies, so nothing can be forged there. Elsewhere the Origin must be ours, and the CSRF token
    the session's, as a header or a form's field. Raises CrossSiteError.
    """
    if request.method in SAFE_METHODS or request.scope["path"].startswith(API):
        return
    settings = find_services(request).settings
    if request.headers.get("origin") != settings.portal_origin:
        raise CrossSiteError("The request comes from elsewhere.")
    session = await run_in_threadpool(recognise, request)
    # Without a session there is nobody in whose name to forge; the route itself asks for sign-in.
    if session is not None and not hmac.compare_digest(await _read_token(request), session.csrf_token.encode()):
        raise CrossSiteError("The CSRF token is not this session's.")


async def _read_token(request: Request) -> bytes:
    shown: object = request.headers.get(CSRF_HEADER)
    if shown is None and request.headers.get("content-type", "").startswith(FORMS):
        shown = (await request.form(max_files=0)).get(CSRF_FIELD)
    # A form may say of itself that it is written in a code that knows more than Unicode does.
    return shown.encode(errors="replace") if isinstance(shown, str) else b""


def read_origin(url: str) -> str:
    """Return `scheme://host[:port]` of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def count_page_write(request: Request) -> None:
    """Count an unsafe request of somebody who is signed in; a FastAPI dependency of the whole app.

    Raises TooManyRequestsError. Whether somebody must be signed in, or be somebody else, is the route's to say.
    """
    if request.method not in SAFE_METHODS and not request.url.path.startswith(API):
        await run_in_threadpool(_count_write, request)


def _count_write(request: Request) -> None:
    try:
        identity = require_staff(request)
    except (SignInRequiredError, ForbiddenError):
        return
    except RevocationsUnknownError:
        if request.url.path != WAY_OUT:
            raise
        return
    try:
        count_write(find_services(request), identity)
    except TooManyRequestsError:
        if request.url.path != WAY_OUT:
            raise
