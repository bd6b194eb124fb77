"""A partner's script, as a partner would write it: token, announce, send, ask."""

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

import httpx

from tests.waiting import until

SETTLED = {"accepted", "rejected", "expired", "failed"}


class PartnerClient:
    """Speaks the REST API at `api_url` with a client-credentials token."""

    def __init__(self, api_url: str, token: str) -> None:
        self.http = httpx.Client(base_url=api_url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        self.s3 = httpx.Client(timeout=60)

    def __enter__(self) -> "PartnerClient":
        return self

    def __exit__(self, *raised: object) -> None:
        self.http.close()
        self.s3.close()

    @classmethod
    def of(cls, stack: Any, api_url: str) -> "PartnerClient":
        partner = stack.demo.partner
        answer = httpx.post(
            stack.token_url,
            data={"grant_type": "client_credentials", "scope": "scalper/upload scalper/read"},
            auth=(partner.client_id, partner.client_secret),
        )
        return cls(api_url, answer.raise_for_status().json()["access_token"])

    def announce(self, files: dict[str, bytes], **fields: Any) -> dict[str, Any]:
        declared = [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        ]
        answer = self.http.post("/api/v1/uploads", json={"files": declared, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def send(self, put: dict[str, Any], data: bytes, **headers: str) -> httpx.Response:
        return self.s3.put(put["url"], content=data, headers={**put["headers"], **headers})

    def upload(self, files: dict[str, bytes], **fields: Any) -> dict[str, Any]:
        """Announce and send files. Return the announcement's answer."""
        upload = self.announce(files, **fields)
        for file in upload["files"]:
            answer = self.send(file["put"], files[file["name"]])
            assert answer.status_code == 200, answer.text
        return upload

    def verdicts(self, upload_id: str, timeout: float = 60) -> dict[str, dict[str, Any]]:
        """Wait for every file's verdict, and return the files by name."""

        def settled() -> dict[str, dict[str, Any]] | None:
            files = list(self.files_of(upload_id))
            done = all(file["state"] in SETTLED for file in files)
            return {file["name"]: file for file in files} if done else None

        return until(settled, f"the verdicts on upload {upload_id}", timeout)

    def files_of(self, upload_id: str) -> Iterable[dict[str, Any]]:
        cursor: dict[str, str] = {}
        while True:
            page = self.http.get(f"/api/v1/uploads/{upload_id}", params=cursor).raise_for_status().json()
            yield from page["files"]
            if not page.get("next"):
                return
            cursor = {"cursor": page["next"]}

    def file(self, file_id: str) -> dict[str, Any]:
        return self.http.get(f"/api/v1/files/{file_id}").raise_for_status().json()


def checksum(data: bytes) -> str:
    """Return S3's form of a SHA-256."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
