"""What unsafe requests bring: for each route a body as its own page or program would send it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from intake.files.keys import new_upload_id

Ids = Mapping[str, str]
FILES = {"files": [{"name": "attack.dcm", "size": 1}]}
PARTS = {"parts": [{"number": 1, "sha256": "a" * 64}]}
HOOK = {"url": "http://127.0.0.1:9/attack", "events": ["file.rejected"]}
_BOUNDARY = "attack"
_STOW = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\nno scan\r\n--{_BOUNDARY}--\r\n"


@dataclass(frozen=True)
class Body:
    """A body as httpx takes it; `names` are the ids that stand in it."""

    make: Callable[[Ids], dict[str, Any]]
    names: tuple[str, ...] = ()

    def for_ids(self, ids: Ids) -> dict[str, Any]:
        """Return what httpx takes, its `headers` among it."""
        made = self.make(ids)
        return {**made, "headers": {"idempotency-key": secrets.token_hex(8), **made.get("headers", {})}}


def _form(*names: str, **fields: str) -> Body:
    """A form with these fields; `names` are ids that stand in fields of the same name, or in `field=id`."""
    pairs = [name.split("=") if "=" in name else [name, name] for name in names]

    def make(ids: Ids) -> dict[str, Any]:
        given = {field: ids[name] for field, name in pairs}
        return {"data": {"order_id": new_upload_id(), **fields, **given}}

    return Body(make, tuple(name for _, name in pairs))


def _json(content: Any) -> Body:
    return Body(lambda ids: {"json": content})


_NOTHING = Body(lambda ids: {})
_STORED = Body(
    lambda ids: {
        "content": _STOW.encode(),
        "headers": {"content-type": f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'},
    }
)
_WITHDRAWN = Body(lambda ids: {"json": {"file_ids": [ids["file_id"]]}}, ("file_id",))
_REBUILT = Body(lambda ids: {"json": {"clinic_id": ids["clinic_id"]}}, ("clinic_id",))
_CHOSEN = _form("file=file_id", scope="selected", reason="An attack's own reason.")

BODIES: dict[tuple[str, str], Body] = {
    ("POST", path): body
    for path, body in {
        "/sign-out": _form(),
        "/session": _form(),
        "/api/v1/uploads": _json(FILES),
        "/api/v1/uploads/{upload_id}/files": _json(FILES),
        "/api/v1/studies/{study_uid}/content": _NOTHING,
        "/api/v1/uploads/{upload_id}/content": _NOTHING,
        "/api/v1/files/{file_id}/sign": _NOTHING,
        "/api/v1/files/{file_id}/complete": _NOTHING,
        "/api/v1/webhooks": _json(HOOK),
        "/api/v1/webhooks/{webhook_id}/confirm": _json({"token": "a" * 64}),
        "/api/v1/webhooks/{webhook_id}/test": _NOTHING,
        "/api/v1/rebuilds": _REBUILT,
        "/api/v1/rebuilds/{rebuild_id}/stop": _NOTHING,
        "/dicomweb/studies": _STORED,
        "/dicomweb/studies/{study_uid}": _STORED,
        "/api/v1/expected-exams": _json({"exams": [{"accession_number": "attack"}]}),
        "/api/v1/expected-exams/{expected_id}/cancel": _NOTHING,
        "/expected": _form(list="Accession\nattack"),
        "/expected/hour": _form(hour="7"),
        "/expected/{expected_id}/cancel": _form(),
        "/expected/{expected_id}/restore": _form(),
        "/api/v1/files/withdraw": _WITHDRAWN,
        "/uploads/{upload_id}/withdraw": _form(),
        "/uploads/{upload_id}/retry": _form("file_id"),
        "/uploads/{upload_id}/deal": _form(reason="other", cause="0#attack"),
        "/uploads/{upload_id}/close": _form(reason="other"),
        "/uploads/{upload_id}/reopen": _form(),
        "/files/{file_id}/deal": _form(reason="other"),
        "/files/{file_id}/replace": _form("by=file_id"),
        "/files/{file_id}/reopen": _form(),
        "/upload/new": _json(FILES),
        "/upload/{upload_id}/files": _json(FILES),
        "/upload/withdraw": _WITHDRAWN,
        "/upload/file/{file_id}/sign": _NOTHING,
        "/upload/file/{file_id}/parts": _json(PARTS),
        "/upload/file/{file_id}/complete": _NOTHING,
        "/files/search": _form("upload=upload_id", patient="attack"),
        "/studies/{study_id}/content": _json({}),
        "/studies/search": _form(patient="attack"),
        "/admin/analytics/{key}": _form(days="7"),
        "/admin/quarantine": _form("file=file_id", scope="selected", task="try"),
        "/admin/quarantine/delete": _CHOSEN,
        "/admin/quarantine/accept": _CHOSEN,
        "/admin/reviews/{file_id}/confirm": _form(),
        "/admin/reviews/{file_id}/decline": _form(),
        "/admin/orders/{order_id}/reprocess": _form(new_id="01k9ktx3mqf8g2w7v5n0ah4ebf"),
        "/admin/rebuilds": _form("clinic=clinic_id", job_id="01k9ktx3mqf8g2w7v5n0ah4ebh"),
        "/admin/rebuilds/{rebuild_id}/mend": _form(new_id="01k9ktx3mqf8g2w7v5n0ah4ebj"),
        "/admin/rebuilds/{rebuild_id}/stop": _form(),
        "/admin/dead-letters/{queue}/redrive": _form(message_id="no-such-message"),
        "/admin/dead-letters/{queue}/discard": _form(message_id="no-such-message", reason="An attack's own reason."),
        "/admin/clinics/{clinic_id}/partners/new": _form(name=""),
        "/admin/clinics/{clinic_id}/partners/{client_id}/rotate": _form(request_key="attack"),
        "/admin/clinics/{clinic_id}/partners/{client_id}/revoke": _form(),
        "/admin/admins/invite": _form(email="no address"),
        "/admin/clinics/{clinic_id}/invite": _form(email="no address"),
        "/admin/people/{username}/{deed}": _form(),
        "/studies/{study_id}/labels": _form(label="attack"),
        "/studies/{study_id}/links": _form(days="7"),
        "/studies/{study_id}/links/{link_id}/revoke": _form(),
        "/shared": _form(token="no-token", code="no-code"),
        "/shared/content": _json({"pass_": "no-pass"}),
        "/people/invite": _form(email="no address"),
        "/people/{username}/{deed}": _form(),
        "/admin/clinics/new": _form(clinic_id="No Slug", name=""),
        "/admin/clinics/{clinic_id}/edit": _form(name=""),
        "/admin/clinics/{clinic_id}/deactivate": _form(),
        "/admin/clinics/{clinic_id}/activate": _form(),
        "/admin/clinics/{clinic_id}/profile": _form(),
        "/admin/clinics/{clinic_id}/profile/restore": _form(change="no-such-change"),
        "/admin/clinics/{clinic_id}/profile/try": _form(change="no-such-change"),
        "/admin/uploads/search": _form(text="attack"),
        "/language": _form(language="no-language"),
        "/settings/language": _form(language="no-language"),
        "/settings/notifications/{owner}": _form(email="attack@attack.example", kinds="file.rejected"),
        "/settings/notifications/{owner}/{subscription_id}/kinds": _form(kinds="file.rejected"),
        "/settings/notifications/{owner}/{subscription_id}/ask": _form(),
        "/settings/notifications/{owner}/{subscription_id}/remove": _form(),
        "/admin/stuck": _form("file=file_id", scope="selected", state="failed"),
    }.items()
} | {
    ("DELETE", "/api/v1/webhooks/{webhook_id}"): _NOTHING,
    ("PUT", "/api/v1/studies/{study_uid}/labels"): _json({"labels": ["attack"]}),
}
