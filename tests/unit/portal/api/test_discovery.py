"""`/.well-known/oauth-protected-resource`: where tokens come from, told to whoever asks."""

from tests.unit.portal.pool import CLI_CLIENT, ISSUER
from tests.wired_portal import ORIGIN, SIGN_IN_URL


def test_the_token_endpoint_can_be_found_from_the_apis_address_alone(portal):
    response = portal.visitor().get("/.well-known/oauth-protected-resource")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "resource": ORIGIN,
        "resource_name": "Silent Scalper",
        "resource_documentation": f"{ORIGIN}/api/docs",
        "authorization_servers": [ISSUER],
        "authorization_endpoint": f"{SIGN_IN_URL}/oauth2/authorize",
        "token_endpoint": f"{SIGN_IN_URL}/oauth2/token",
        "revocation_endpoint": f"{SIGN_IN_URL}/oauth2/revoke",
        "scalper_cli_client_id": CLI_CLIENT,
        "scopes_supported": ["scalper/upload", "scalper/read", "scalper/webhooks"],
        "bearer_methods_supported": ["header"],
    }
