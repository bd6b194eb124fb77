"""What pages ask for: who is signed in, and the fields of a form."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from portal.auth.identity import Identity
from portal.http.sessions.session_cookies import require_admin, require_staff


async def _read_fields(request: Request) -> Mapping[str, str]:
    form = await request.form(max_files=0)
    return {name: value for name, value in form.items() if isinstance(value, str)}


Staff = Annotated[Identity, Depends(require_staff)]
"""Whoever is signed in."""

Admin = Annotated[Identity, Depends(require_admin)]
"""The admin who is signed in; nobody else passes."""

Fields = Annotated[Mapping[str, str], Depends(_read_fields)]
"""A form's text fields; of a name that comes twice, the last."""
