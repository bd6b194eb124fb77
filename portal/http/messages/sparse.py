"""Sparse answers: only the fields that a client asks for."""

from typing import Annotated, get_args

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

PARAMETER = "fields"

Fields = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="Only these fields, separated by commas: of the resource, or of each row of a list.",
    ),
]


def select_fields(view: BaseModel, fields: str | None) -> BaseModel | Response:
    """Return the view, or an answer with only those fields of it. Raises RequestValidationError for unknown ones."""
    if fields is None:
        return view
    wanted, rows = set(fields.split(",")), find_rows(type(view))
    known = list_fields(type(view))
    if not wanted <= set(known):
        fault = {"type": "unknown_field", "loc": ("query", PARAMETER), "msg": f"Choose from {', '.join(known)}."}
        raise RequestValidationError([fault])
    if rows is None:
        return JSONResponse(view.model_dump(mode="json", include=wanted))
    others = set(type(view).model_fields) - {rows}
    return JSONResponse(
        view.model_dump(mode="json", include={rows: {"__all__": wanted}, **dict.fromkeys(others, True)})
    )


def find_rows(model: type[BaseModel]) -> str | None:
    """Return the name of a list's rows; a list has rows and a way to the next page, and nothing else."""
    names = set(model.model_fields) - {"next"}
    return next(iter(names)) if len(names) == 1 and "next" in model.model_fields else None


def list_fields(model: type[BaseModel]) -> list[str]:
    """Return what may be asked for: the fields of the resource, or of the rows of a list."""
    rows = find_rows(model)
    of = model if rows is None else get_args(model.model_fields[rows].annotation)[0]
    return list(of.model_fields)
