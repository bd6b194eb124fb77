"""A portal on fakes with one of everything in it, and requests that each of its routes takes."""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute

from portal.dicomweb import stow
from portal.http.messages import write_message
from portal.http.request_log import logger
from tests.dicom_files import ct_slice, uid
from tests.fakes import FakeStudies
from tests.growth.asgi import Ask, Header, Server
from tests.growth.fields import routes
from tests.unit.portal.dicomweb.archive import Archive
from tests.unit.portal.pool import access_token, partner_token
from tests.unit.portal.portal_fixture import Portal

EXAMPLES: dict[str, Any] = {
    "NewUpload": {"files": [{"name": "a.dcm", "size": 1}], "reference": "a", "note": "b"},
    "AddFiles": {"files": [{"name": "a.dcm", "size": 1}]},
    "Sign": {"parts": [{"number": 1, "sha256": "0" * 64}]},
    "Withdraw": {"file_ids": ["x"]},
    "SharedContentQuery": {"pass_": "x"},
    "ContentQuery": {"series": "", "files": ["x" * 28]},
    "NewExams": {"exams": [{"accession_number": "ACC-1", "modality": "CT", "day": "2026-01-31"}]},
    "NewRebuild": {"clinic_id": "northside", "dry_run": True},
    "NewLabels": {"labels": ["Tumour board"], "replaces": []},
    "NewWebhook": {"url": "https://ris.example.org/x", "events": ["file.rejected"]},
    "Confirmation": {"token": "x"},
}
"""By the model of a body; a body of another model fails the tests until it has an example here."""
FORM = {
    "task": "try",
    "order_id": "a" * 26,
    "new_id": "b" * 26,
    "job_id": "c" * 26,
    "scope": "all",
    "state": "failed",
    "days": "7",
    "message_id": "x",
    "reason": "because it must be",
    "email": "nora@example.org",
    "kinds": "rejected",
}
"""What forms ask for, of whichever fields they have."""
NAMED = {
    "queue": "judging",
    "key": "throughput",
    "code": "not-dicom",
    "slug": "not-found",
    "owner": "northside",
    "edge": "128",
    "number": "1",
    "numbers": "1",
    "element": "7FE00010",
}
"""What paths name that no clinic owns."""


@contextlib.contextmanager
def portal_world() -> Iterator["PortalWorld"]:
    """Make one. While it is there, nobody waits for verdicts, and what the portal logs is kept nowhere."""
    with pytest.MonkeyPatch.context() as patched, open(os.devnull, "w") as nowhere:  # noqa: PTH123
        # Nobody judges here, so there is nothing to wait for.
        patched.setattr(stow, "PATIENCE_S", 0)
        patched.setattr(logger().registered_handler, "stream", nowhere)
        # Where the table has an index, the fake looks at everything: that is its cost and not the portal's.
        patched.setattr(FakeStudies, "_all", _once(FakeStudies._all))
        made = PortalWorld.made()
        with made.server:
            yield made


def _once(all_studies: Callable[[FakeStudies], Any]) -> Callable[[FakeStudies], Any]:
    known: dict[int, Any] = {}

    def remembered(studies: FakeStudies) -> Any:
        files = len(studies.table.files)
        if files not in known:
            known.clear()
            known[files] = all_studies(studies)
        return known[files]

    return remembered


@dataclass
class PortalWorld:
    """The portal, who asks it, and by which ids."""

    portal: Portal
    server: Server
    ids: dict[str, str]
    cookies: dict[str, tuple[Header, ...]]
    bearer: tuple[Header, ...]
    admins_bearer: tuple[Header, ...]

    @classmethod
    def made(cls) -> "PortalWorld":
        portal = Portal()
        Archive(portal).fill()
        record = next(iter(portal.table.files.values()))
        hook = portal.machine().post("/api/v1/webhooks", json=EXAMPLES["NewWebhook"]).json()
        study = record.metadata["study_instance_uid"]
        ids = {
            "upload_id": record.upload_id,
            "file_id": record.file_id,
            "study_uid": study,
            "series_uid": record.metadata["series_instance_uid"],
            "instance_uid": record.metadata["sop_instance_uid"],
            "study_id": _study_id(portal.browser().get("/studies").text),
            "webhook_id": hook["webhook_id"],
            "clinic_id": record.clinic_id,
            **NAMED,
        }
        lead = portal.browser(**{"cognito:groups": ["clinic:northside", "lead:northside"]})
        cookies = {"staff": _cookies(portal.browser()), "admin": _cookies(portal.admin()), "lead": _cookies(lead)}
        admin = access_token(sub="admin-1", **{"cognito:groups": ["admin"]})
        ids["rebuild_id"] = _audit(portal.machine(admin))
        return cls(portal, Server(portal.app), ids, cookies, _bear(partner_token()), _bear(admin))

    def routes(self) -> dict[tuple[str, str], APIRoute]:
        return {(min(route.methods or {"GET"}), route.path): route for route in routes(self.portal.app)}

    def base(self, method: str, path: str) -> Ask:
        """Return a request that a route takes, from somebody who may ask it."""
        headers = (*self._caller(path), *_kind_of(method, path))
        filled = re.sub(r"{(\w+)}", lambda each: self.ids.get(each[1], "x"), path)
        ask = Ask(method, filled, headers=headers)
        if method not in {"POST", "PUT"}:
            return ask
        if path.startswith("/dicomweb/studies"):
            body, content_type = write_message([ct_slice(study=uid("growth"), rows=8, columns=8)], "application/dicom")
            return with_header(replace(ask, body=body), "content-type", content_type.encode())
        example = self.example(method, path)
        return with_json(ask, example) if example is not None else with_form(ask, FORM)

    def example(self, method: str, path: str) -> Any:
        """Return a body of JSON that a route takes; None where it takes none."""
        route = self.routes()[method, path]
        for parameter in route.dependant.body_params:
            if type(parameter.field_info).__name__ == "Body":
                named = re.search(r"\b(" + "|".join(EXAMPLES) + r")\b", str(parameter.field_info.annotation))
                assert named, f"give {path} an example of its body"
                return json.loads(json.dumps(EXAMPLES[named[1]]))
        return None

    def _caller(self, path: str) -> tuple[Header, ...]:
        if path.startswith("/api/v1/rebuilds"):
            return self.admins_bearer
        if path.startswith(("/api/", "/dicomweb/")):
            return self.bearer
        if path.startswith(("/people", "/settings/language")):
            return self.cookies["lead"]
        return self.cookies["admin" if path.startswith("/admin") else "staff"]


def _study_id(page: str) -> str:
    """Return the id of a study where its owner reads it: how it is made is not ours to know."""
    found = re.search(r'"/studies/([0-9a-z]{26})"', page)
    assert found, "a study that was filled in is not on its page"
    return found[1]


def _audit(machine: Any) -> str:
    """Return the id of an audit that an admin asked for."""
    asked = machine.post("/api/v1/rebuilds", json={"clinic_id": "northside"})
    return str(asked.json()["rebuild_id"])


def _bear(token: str) -> tuple[Header, ...]:
    return ((b"authorization", f"Bearer {token}".encode()),)


def _cookies(client: Any) -> tuple[Header, ...]:
    jar = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    return (b"cookie", jar.encode()), (b"x-csrf-token", client.headers["x-csrf-token"].encode())


def _kind_of(method: str, path: str) -> tuple[Header, ...]:
    accept = b"*/*" if path.startswith(("/api/", "/dicomweb/")) else b"text/html"
    key = ((b"idempotency-key", secrets.token_hex(8).encode()),) if method == "POST" else ()
    return ((b"origin", b"https://portal.test"), (b"accept", accept), *key)


def with_header(ask: Ask, name: str, value: bytes) -> Ask:
    """Return the request with one header more, or instead of its own."""
    others = tuple(header for header in ask.headers if header[0] != name.encode())
    return replace(ask, headers=(*others, (name.encode(), value)))


def with_json(ask: Ask, body: Any) -> Ask:
    return with_header(replace(ask, body=json.dumps(body).encode()), "content-type", b"application/json")


def with_form(ask: Ask, fields: dict[str, str]) -> Ask:
    body = urlencode(fields).encode()
    return with_header(replace(ask, body=body), "content-type", b"application/x-www-form-urlencoded")


def with_query(ask: Ask, name: str, value: str) -> Ask:
    return replace(ask, query=urlencode({name: value}).encode())


def with_path(ask: Ask, route: str, name: str, value: str, ids: dict[str, str]) -> Ask:
    filled = re.sub(r"{(\w+)}", lambda each: quote(value, safe="") if each[1] == name else ids.get(each[1], "x"), route)
    return replace(ask, path=filled)
