"""Where clients of the API get their tokens: OAuth 2.0 Protected Resource Metadata (RFC 9728), open to everybody.

A client then needs to be told the API's address only. `token_endpoint` is an addition (RFC 9728, section 2): it spares
clients the detour through the issuer's own metadata.
"""

from fastapi import APIRouter, Request

from portal.auth.identity import READ, UPLOAD, WEBHOOKS
from portal.http.sessions.dependencies import find_services

PATH = "/.well-known/oauth-protected-resource"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
def describe_resource(request: Request) -> dict[str, str | list[str]]:
    """Tell who issues tokens, where, and for what."""
    settings = find_services(request).settings
    return {
        "resource": settings.portal_origin,
        "resource_name": "Silent Scalper",
        "resource_documentation": f"{settings.portal_origin}/api/docs",
        "authorization_servers": [settings.issuer],
        "token_endpoint": settings.token_url,
        "scopes_supported": [UPLOAD, READ, WEBHOOKS],
        "bearer_methods_supported": ["header"],
    }
