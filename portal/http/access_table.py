"""Whom each route admits: one table, row by row. A route without a row answers 403."""

from collections.abc import Mapping
from enum import StrEnum

from portal.auth.identity import READ, UPLOAD, WEBHOOKS


class Access(StrEnum):
    """Whom a route admits."""

    ANYBODY = "anybody"
    """Signed in or not; no patient's data is behind it, other than by a link and its code."""
    STAFF = "staff"
    """Whoever is signed in at a browser: a clinic's staff, each for their own clinic, and admins."""
    CLINIC = "clinic"
    """A clinic's staff, and no admin: what is done on behalf of a clinic, and files' contents."""
    LEAD = "lead"
    """Those of a clinic's staff who tend its people."""
    ADMIN = "admin"
    """Admins who are signed in at a browser."""
    ADMIN_API = "admin at the API"
    """A bearer token of an admin, whatever its scopes; no partner's."""
    READ = READ
    """A bearer token with this scope: a partner's, or one of a member of staff."""
    UPLOAD = UPLOAD
    WEBHOOKS = WEBHOOKS


ROUTES: Mapping[str, Access] = {
    # Ways in and out, and what is told to everybody.
    "GET /.well-known/oauth-protected-resource": Access.ANYBODY,
    "GET /api/docs": Access.ANYBODY,
    "GET /api/docs/problems/{slug}": Access.ANYBODY,
    "GET /sign-in": Access.ANYBODY,
    "GET /auth/callback": Access.ANYBODY,
    "POST /sign-out": Access.ANYBODY,
    "POST /language": Access.ANYBODY,
    "GET /signed-out": Access.ANYBODY,
    "GET /": Access.ANYBODY,
    "GET /health": Access.ANYBODY,
    "GET /static/{path:path}": Access.ANYBODY,
    "GET /api/openapi.json": Access.ANYBODY,
    # By a link and its code, which the route itself asks for.
    "GET /shared": Access.ANYBODY,
    "POST /shared": Access.ANYBODY,
    "POST /shared/content": Access.ANYBODY,
    # Pages of whoever is signed in.
    "GET /files": Access.STAFF,
    "POST /files/search": Access.STAFF,
    "GET /files/{file_id}": Access.STAFF,
    "GET /session": Access.STAFF,
    "POST /session": Access.STAFF,
    "GET /settings/notifications": Access.STAFF,
    "GET /settings/notifications/{owner}": Access.STAFF,
    "GET /settings/notifications/{owner}/_list": Access.STAFF,
    "POST /settings/notifications/{owner}": Access.STAFF,
    "POST /settings/notifications/{owner}/{subscription_id}/kinds": Access.STAFF,
    "POST /settings/notifications/{owner}/{subscription_id}/ask": Access.STAFF,
    "POST /settings/notifications/{owner}/{subscription_id}/remove": Access.STAFF,
    "GET /studies": Access.STAFF,
    "POST /studies/search": Access.STAFF,
    "GET /studies/{study_id}": Access.STAFF,
    "GET /uploads/{upload_id}": Access.STAFF,
    "GET /uploads/{upload_id}/_receipt": Access.STAFF,
    "GET /uploads/{upload_id}/trouble": Access.STAFF,
    "GET /uploads/{upload_id}/receipt.csv": Access.STAFF,
    # What a clinic's staff does for its clinic.
    "GET /expected": Access.CLINIC,
    "POST /expected": Access.CLINIC,
    "POST /expected/hour": Access.CLINIC,
    "POST /expected/{expected_id}/cancel": Access.CLINIC,
    "POST /expected/{expected_id}/restore": Access.CLINIC,
    "GET /patients/{patient}": Access.CLINIC,
    "GET /files/{file_id}/preview": Access.CLINIC,
    "GET /files/{file_id}/download": Access.CLINIC,
    "POST /studies/{study_id}/content": Access.CLINIC,
    "POST /upload/new": Access.CLINIC,
    "POST /upload/{upload_id}/files": Access.CLINIC,
    "GET /upload/{upload_id}/files": Access.CLINIC,
    "POST /upload/withdraw": Access.CLINIC,
    "POST /upload/file/{file_id}/sign": Access.CLINIC,
    "POST /upload/file/{file_id}/parts": Access.CLINIC,
    "POST /upload/file/{file_id}/complete": Access.CLINIC,
    "POST /uploads/{upload_id}/retry": Access.CLINIC,
    "POST /uploads/{upload_id}/withdraw": Access.CLINIC,
    "POST /uploads/{upload_id}/deal": Access.CLINIC,
    "POST /uploads/{upload_id}/close": Access.CLINIC,
    "POST /uploads/{upload_id}/reopen": Access.CLINIC,
    "POST /files/{file_id}/deal": Access.CLINIC,
    "POST /files/{file_id}/replace": Access.CLINIC,
    "POST /files/{file_id}/reopen": Access.CLINIC,
    "GET /upload": Access.CLINIC,
    "GET /uploads": Access.CLINIC,
    "GET /scorecard": Access.CLINIC,
    "POST /studies/{study_id}/labels": Access.CLINIC,
    "GET /studies/{study_id}/links": Access.CLINIC,
    "POST /studies/{study_id}/links": Access.CLINIC,
    "POST /studies/{study_id}/links/{link_id}/revoke": Access.CLINIC,
    # What a clinic's lead does for its people, and what is written to them.
    "GET /people": Access.LEAD,
    "GET /people/invite": Access.LEAD,
    "POST /people/invite": Access.LEAD,
    "GET /people/{username}": Access.LEAD,
    "POST /people/{username}/{deed}": Access.LEAD,
    "POST /settings/language": Access.LEAD,
    # Pages of admins.
    "GET /admin": Access.ADMIN,
    "GET /admin/_dashboard": Access.ADMIN,
    "GET /admin/storage": Access.ADMIN,
    "GET /admin/audit": Access.ADMIN,
    "GET /admin/audit.csv": Access.ADMIN,
    "GET /admin/clinics": Access.ADMIN,
    "GET /admin/clinics/new": Access.ADMIN,
    "POST /admin/clinics/new": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}/edit": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/edit": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/deactivate": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/activate": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}/profile": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/profile": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}/profile/history": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/profile/restore": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/profile/try": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}/partners/new": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/partners/new": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}/partners/{client_id}": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/partners/{client_id}/rotate": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/partners/{client_id}/revoke": Access.ADMIN,
    "GET /admin/admins": Access.ADMIN,
    "GET /admin/admins/invite": Access.ADMIN,
    "POST /admin/admins/invite": Access.ADMIN,
    "GET /admin/clinics/{clinic_id}/invite": Access.ADMIN,
    "POST /admin/clinics/{clinic_id}/invite": Access.ADMIN,
    "GET /admin/people/{username}": Access.ADMIN,
    "POST /admin/people/{username}/{deed}": Access.ADMIN,
    "GET /admin/analytics": Access.ADMIN,
    "GET /admin/analytics/{key}": Access.ADMIN,
    "GET /admin/analytics/{key}/_answer": Access.ADMIN,
    "POST /admin/analytics/{key}": Access.ADMIN,
    "GET /admin/dead-letters": Access.ADMIN,
    "POST /admin/dead-letters/{queue}/redrive": Access.ADMIN,
    "POST /admin/dead-letters/{queue}/discard": Access.ADMIN,
    "GET /admin/orders/{order_id}": Access.ADMIN,
    "GET /admin/orders/{order_id}/_progress": Access.ADMIN,
    "POST /admin/orders/{order_id}/reprocess": Access.ADMIN,
    "GET /admin/uploads": Access.ADMIN,
    "POST /admin/uploads/search": Access.ADMIN,
    "GET /admin/quarantine": Access.ADMIN,
    "GET /admin/quarantine.csv": Access.ADMIN,
    "POST /admin/quarantine": Access.ADMIN,
    "POST /admin/quarantine/delete": Access.ADMIN,
    "POST /admin/quarantine/accept": Access.ADMIN,
    "GET /admin/quarantine/{file_id}": Access.ADMIN,
    "GET /admin/reviews": Access.ADMIN,
    "POST /admin/reviews/{file_id}/confirm": Access.ADMIN,
    "POST /admin/reviews/{file_id}/decline": Access.ADMIN,
    "GET /admin/stuck": Access.ADMIN,
    "POST /admin/stuck": Access.ADMIN,
    # The API: reading.
    "GET /api/v1/changes": Access.READ,
    "GET /api/v1/expected-exams": Access.READ,
    "GET /api/v1/files": Access.READ,
    "GET /api/v1/files/{file_id}": Access.READ,
    "GET /api/v1/files/{file_id}/content": Access.READ,
    "GET /api/v1/findings": Access.READ,
    "GET /api/v1/findings/{code}": Access.READ,
    "GET /api/v1/studies": Access.READ,
    "GET /api/v1/studies/{study_uid}": Access.READ,
    "POST /api/v1/studies/{study_uid}/content": Access.READ,
    "GET /api/v1/uploads/{upload_id}": Access.READ,
    "GET /api/v1/uploads/{upload_id}/receipt": Access.READ,
    "POST /api/v1/uploads/{upload_id}/content": Access.READ,
    "GET /api/v1/uploads": Access.READ,
    "GET /dicomweb/studies": Access.READ,
    "GET /dicomweb/series": Access.READ,
    "GET /dicomweb/instances": Access.READ,
    "GET /dicomweb/studies/{study_uid}/series": Access.READ,
    "GET /dicomweb/studies/{study_uid}/instances": Access.READ,
    "GET /dicomweb/studies/{study_uid}/series/{series_uid}/instances": Access.READ,
    "GET /dicomweb/studies/{study_uid}/metadata": Access.READ,
    "GET /dicomweb/studies/{study_uid}/series/{series_uid}/metadata": Access.READ,
    "GET /dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/metadata": Access.READ,
    "GET /dicomweb/studies/{study_uid}": Access.READ,
    "GET /dicomweb/studies/{study_uid}/series/{series_uid}": Access.READ,
    "GET /dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}": Access.READ,
    # The API: sending.
    "POST /api/v1/files/{file_id}/sign": Access.UPLOAD,
    "GET /api/v1/files/{file_id}/parts": Access.UPLOAD,
    "POST /api/v1/files/{file_id}/complete": Access.UPLOAD,
    "POST /api/v1/files/withdraw": Access.UPLOAD,
    "PUT /api/v1/studies/{study_uid}/labels": Access.UPLOAD,
    "POST /api/v1/expected-exams": Access.UPLOAD,
    "POST /api/v1/expected-exams/{expected_id}/cancel": Access.UPLOAD,
    "POST /api/v1/uploads": Access.UPLOAD,
    "POST /api/v1/uploads/{upload_id}/files": Access.UPLOAD,
    "POST /dicomweb/studies": Access.UPLOAD,
    # The API: where events go.
    "POST /api/v1/webhooks": Access.WEBHOOKS,
    "GET /api/v1/webhooks": Access.WEBHOOKS,
    "GET /api/v1/webhooks/{webhook_id}": Access.WEBHOOKS,
    "POST /api/v1/webhooks/{webhook_id}/confirm": Access.WEBHOOKS,
    "POST /api/v1/webhooks/{webhook_id}/test": Access.WEBHOOKS,
    "DELETE /api/v1/webhooks/{webhook_id}": Access.WEBHOOKS,
    # The API: what admins do.
    "POST /api/v1/rebuilds": Access.ADMIN_API,
    "GET /api/v1/rebuilds": Access.ADMIN_API,
    "GET /api/v1/rebuilds/{rebuild_id}": Access.ADMIN_API,
    "POST /api/v1/rebuilds/{rebuild_id}/stop": Access.ADMIN_API,
}
"""Method and path → whom it admits. `HEAD` goes with `GET`."""
