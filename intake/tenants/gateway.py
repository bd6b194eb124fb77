"""The HTTP API's JWT authorizer, behind the `Gateway` port, and who is on its list.

The list follows from the directory, and is written whole: whenever a partner comes or goes, and by every sweep, since
a deployment that touches the authorizer sets it back to what the template knows (ADR 0011).
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from intake.tenants.ports import Directory, Gateway

if TYPE_CHECKING:
    from types_boto3_apigatewayv2 import ApiGatewayV2Client


class JwtAuthorizer:
    """One authorizer of one HTTP API."""

    def __init__(self, client: "ApiGatewayV2Client", api_id: str, authorizer_id: str) -> None:
        self._client = client
        self._api_id, self._authorizer_id = api_id, authorizer_id

    def admit(self, client_ids: Collection[str]) -> bool:
        standing = self._client.get_authorizer(ApiId=self._api_id, AuthorizerId=self._authorizer_id)
        configuration = standing["JwtConfiguration"]
        if set(configuration["Audience"]) == set(client_ids):
            return False
        self._client.update_authorizer(
            ApiId=self._api_id,
            AuthorizerId=self._authorizer_id,
            JwtConfiguration={"Audience": sorted(client_ids), "Issuer": configuration["Issuer"]},
        )
        return True


def sync_audience(gateway: Gateway, directory: Directory, own: Collection[str], at: datetime) -> bool:
    """Have the gateway let in our `own` clients and the partners that work. Say whether that changed anything."""
    working = {partner.client_id for partner in directory.partners() if partner.works_at(at)}
    return gateway.admit({*own, *working})
