"""Sends small bodies by presigned requests, as any client does: the bucket checks length and checksum."""

import urllib3

from intake.storage.model import Presigned
from portal.errors import StorageUnavailableError

PATIENCE = urllib3.Timeout(connect=2, read=10)
RETRIES = urllib3.Retry(total=2, backoff_factor=0.2, allowed_methods={"PUT"}, status_forcelist={500, 502, 503, 504})
STANDS_ALREADY = 412
"""An earlier try arrived, and its answer was lost: the bucket takes each key once."""


class HttpSender:
    """Keeps connections to the bucket."""

    def __init__(self, http: urllib3.PoolManager) -> None:
        self._http = http

    def __call__(self, presigned: Presigned, body: bytes) -> None:
        """Raises StorageUnavailableError when the bucket does not take the body."""
        try:
            answer = self._http.request(
                presigned.method, presigned.url, body=body, headers=presigned.headers, timeout=PATIENCE, retries=RETRIES
            )
        except urllib3.exceptions.HTTPError as error:
            raise StorageUnavailableError("The bucket could not be reached.") from error
        if answer.status not in {200, STANDS_ALREADY}:
            raise StorageUnavailableError("The bucket refused the body.")
