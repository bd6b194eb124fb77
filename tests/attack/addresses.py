"""Every address of the portal, from its route table and its OpenAPI document, and what is put into each.

A route, a path parameter, an unsafe route's body or a query parameter that has no row here is a breach.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from portal.http.security import API, SAFE_METHODS
from tests.attack.bodies import BODIES
from tests.attack.things import Things
from tests.unit.portal.portal_fixture import Portal

PRIVATE = {
    "upload_id": "01k9ktx3mqf8g2w7v5n0ah4ebc",
    "file_id": "01k9ktx3mqf8g2w7v5n0ah4ebc-00000",
    "link_id": 64 * "0",
    "order_id": "01k9ktx3mqf8g2w7v5n0ah4ebd",
    "rebuild_id": "01k9ktx3mqf8g2w7v5n0ah4ebg",
    "webhook_id": "01k9ktx3mqf8g2w7v5n0ah4ebe",
    "expected_id": "4k9ktx3mqf8g2w7v5n0ah4ebcd",
    "study_id": "3k9ktx3mqf8g2w7v5n0ah4ebcd",
    "study_uid": "2.25.918273645546372819",
    "patient": "0123456789abcdef0123456789abcdef01234567",
    "series_uid": "2.25.918273645546372819.1",
    "instance_uid": "2.25.918273645546372819.1.1",
    "subscription_id": "0123456789abcdef01234567",
    "search": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
    "clinic_id": "no-such-clinic",
    "owner": "no-such-clinic",
    "client_id": "0123456789abcdefghijklmnop",
    "username": "nobody-of-that-name",
}
"""What names a clinic's things, and what each looks like where there is no such thing."""

PUBLIC = {
    "code": ("empty-file", "no-such-code"),
    "slug": ("not-found", "no-such-problem"),
    "key": ("throughput", "no-such-query"),
    "queue": ("judging", "no-such-queue"),
    "path": ("no-such-file.css", "no-such-file.js"),
    "edge": ("128", "128"),
    "number": ("1", "99"),
    "numbers": ("1", "99"),
    "element": ("7FE00010", "00091001"),
    "deed": ("remind", "no-such-deed"),
}
"""What names nothing of a clinic's: something that exists, and something that does not."""

SPECIAL = {
    ("file_id", "/sign"): "waiting",
    ("file_id", "/parts"): "multipart",
    ("file_id", "/complete"): "multipart",
    ("file_id", "/confirm"): "proposed",
    ("file_id", "/decline"): "proposed",
    ("upload_id", "/files"): "waiting_upload",
}
"""Which of a clinic's things an address is about, where its end says so."""

ASKED = (
    "/api/v1/files?upload_id={upload_id}",
    "/api/v1/files?study_uid={study_uid}",
    "/api/v1/files?state=accepted&upload_id={upload_id}",
    "/files?upload={upload_id}",
    "/files?study={study_id}",
    "/files?study={study_uid}",
    "/files?search={search}",
    "/files?clinic={clinic_id}",
    "/studies?search={search}",
    "/studies/{own_study_id}?series={series_uid}",
    "/studies/{own_study_id}/view?series={series_uid}",
    "/upload?continue={upload_id}",
    "/uploads/{own_upload_id}?asked={order_id}",
    "/uploads/{own_upload_id}/_receipt?asked={order_id}",
    "/settings/notifications?owner={owner}",
    "/dicomweb/studies?StudyInstanceUID={study_uid}",
    "/dicomweb/series?StudyInstanceUID={study_uid}",
    "/dicomweb/series?SeriesInstanceUID={series_uid}",
    "/dicomweb/instances?StudyInstanceUID={study_uid}",
    "/dicomweb/instances?SOPInstanceUID={instance_uid}",
    "/dicomweb/studies/{own_study_uid}/series?SeriesInstanceUID={series_uid}",
    "/dicomweb/studies/{own_study_uid}/instances?SOPInstanceUID={instance_uid}",
    "/dicomweb/wado?requestType=WADO&studyUID={study_uid}&seriesUID={series_uid}&objectUID={instance_uid}",
    "/admin?clinic={clinic_id}",
    "/admin/_dashboard?clinic={clinic_id}",
    "/admin/quarantine?clinic={clinic_id}",
    "/admin/uploads?clinic={clinic_id}",
    "/admin/uploads?search={search}",
    "/admin/audit?clinic={clinic_id}",
    "/admin/audit?subject={file_id}",
    "/admin/audit?person={username}",
    "/admin/audit.csv?clinic={clinic_id}",
    "/admin/audit.csv?subject={file_id}",
    "/admin/audit.csv?person={username}",
)
"""Reads that name things in their query; what is the asker's own in any case begins with `own_`."""

PLAIN = frozenset(
    (
        *(
            "accept",
            "action",
            "annotation",
            "anonymize",
            "cancelled",
            "cause",
            "changed",
            "contentType",
            "created",
            "day",
            "days",
            "done",
            "fields",
            "held",
            "limit",
            "modality",
            "next",
            "proposed",
            "range",
            "redriven",
            "requestType",
        ),
        *(
            "frameNumber",
            "iccprofile",
            "imageQuality",
            "quality",
            "viewport",
            "window",
            "windowCenter",
            "windowWidth",
            "rows",
            "columns",
            "transferSyntax",
            "refused",
            "said",
            "show",
            "since",
            "state",
            "still_cancelled",
            "unchanged",
            "until",
            "wanted",
        ),
    )
)
"""Query parameters that name nothing of a clinic's. Cursors have a class of their own."""

CURSORS = frozenset({"cursor"})
ONCE = frozenset({("GET", "/auth/callback")})
"""What the managed login leads back to, whose query names a sign-in; the session's tests attack that."""

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")

MALFORMED = ("..%2f%00'\"<x>{{7*7}}", "%ed%a0%80", "%ff%fe", "a" * 3000, "%0d%0aX-Evil:%201", "*", "01K9%20", "%C2%85")


@dataclass(frozen=True)
class Address:
    """A method and a template, with a query where it asks by one."""

    method: str
    template: str

    @property
    def route(self) -> str:
        return self.template.partition("?")[0].replace("{own_", "{")

    @property
    def is_api(self) -> bool:
        return self.template.startswith(API)

    @property
    def is_safe(self) -> bool:
        return self.method in SAFE_METHODS

    @property
    def parameters(self) -> list[str]:
        named = [*_PARAMETER.findall(self.template), *_body_names(self.method, self.template)]
        return [name for name in dict.fromkeys(named) if not name.startswith("own_")]

    @property
    def is_about_somebody(self) -> bool:
        """Say whether it names things of a clinic's."""
        return any(name in PRIVATE for name in self.parameters)

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    def at(self, values: Mapping[str, str], own: Things) -> str:
        """Return the address with these values in it."""

        def value(match: "re.Match[str]") -> str:
            name = match[1]
            return own.ids[name.removeprefix("own_")] if name.startswith("own_") else values[name]

        return _PARAMETER.sub(value, self.template)

    def ids_of(self, things: Things) -> dict[str, str]:
        """Return the values that name a clinic's things in this address."""
        found = {}
        for name in self.parameters:
            special = next(
                (what for (of, end), what in SPECIAL.items() if of == name and self.route.endswith(end)), name
            )
            found[name] = PUBLIC[name][0] if name in PUBLIC else things.ids[special]
        return found

    def unknown(self) -> dict[str, str]:
        return {name: PUBLIC[name][1] if name in PUBLIC else PRIVATE[name] for name in self.parameters}

    def malformed(self, which: int) -> dict[str, str]:
        return dict.fromkeys(self.parameters, MALFORMED[which % len(MALFORMED)])


@cache
def addresses() -> tuple[Address, ...]:
    """Return every route of the app, and the reads that name things in their query."""
    routes = [Address(method, route.path) for route in _routes() for method in sorted(_methods(route))]
    return (*routes, *(Address("GET", template) for template in ASKED))


def gaps(document: Mapping[str, Any]) -> Iterator[str]:
    """Tell what of the app or its OpenAPI document has no row in this module."""
    routes = {(method, route.path) for route in _routes() for method in _methods(route)}
    for path, operations in document["paths"].items():
        for method in operations:
            if (method.upper(), path) not in routes:
                yield f"{method.upper()} {path} is in the OpenAPI document and not in the route table"
    for method, path in sorted(routes):
        for name in _PARAMETER.findall(path):
            if name not in PRIVATE and name not in PUBLIC:
                yield f"{method} {path}: {name} has no value that is own, other's and unknown"
        if method not in SAFE_METHODS and (method, path) not in BODIES:
            yield f"{method} {path} has no body"
    for path, name in sorted(_query_parameters()):
        rows = [row for row in ASKED if Address("GET", row).route == path]
        if name not in PLAIN | CURSORS and not any(f"{name}={{" in row for row in rows):
            yield f"GET {path}: the query's {name} has no row"


def listed_by_cursor() -> set[str]:
    """Return the routes that take a cursor."""
    return {
        path for path, name in _query_parameters() if name in CURSORS or (name, path) == ("since", "/api/v1/changes")
    }


def _query_parameters() -> set[tuple[str, str]]:
    return {
        (route.path, parameter.alias)
        for route in _routes()
        if isinstance(route.original_route, APIRoute) and not ONCE & {(one, route.path) for one in _methods(route)}
        for dependant in _flat(route.original_route.dependant)
        for parameter in dependant.query_params
    }


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from _flat(one)


@cache
def _routes() -> tuple[RouteContext, ...]:
    # A mounted app has no methods, and what it holds is its own affair: whether it admits anybody, the portal asks.
    return tuple(route for route in iter_route_contexts(Portal().app.routes) if route.path and route.methods)


def _methods(route: RouteContext) -> set[str]:
    return set(route.methods or ()) - {"HEAD"}


def _body_names(method: str, template: str) -> tuple[str, ...]:
    return BODIES[method, template].names if (method, template) in BODIES else ()
