"""FastAPI's routes, built once for all portals of a test process.

An app builds them at its first request, from the same functions each time: fifty milliseconds, ten times a request.
"""

import pytest
from fastapi.routing import APIRoute, _EffectiveRouteContext, _RouterIncludeContext


def share_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an app take the routes that another built of the same router, included in the same way."""
    build = _EffectiveRouteContext.from_api_route
    built: dict[tuple[object, ...], _EffectiveRouteContext] = {}

    def from_api_route(*, original_route: APIRoute, include_context: _RouterIncludeContext) -> _EffectiveRouteContext:
        # What was built holds its original, so that no other route takes that one's place in memory.
        key = (
            id(original_route),
            include_context.prefix,
            include_context.include_in_schema,
            *(depends.dependency for depends in include_context.dependencies),
        )
        if key not in built:
            built[key] = build(original_route=original_route, include_context=include_context)
        return built[key]

    monkeypatch.setattr(_EffectiveRouteContext, "from_api_route", from_api_route)
