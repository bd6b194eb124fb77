"""Media types as headers write them (RFC 9110, 5.6.4, 5.6.6 and 8.3.1), each header read once from left to right."""

import re

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_content_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Return a media type in lower case, and its parameters, whose names are in lower case too."""
    media_type, *given = split_unquoted(content_type, ";")
    pairs = (one.partition("=") for one in given)
    return media_type.strip().lower(), {name.strip().lower(): _unquote(value.strip()) for name, _, value in pairs}


def parse_accept(accept: str) -> list[str]:
    """Return the media types of an `Accept` header in lower case, without their parameters and in the order given."""
    return [split_unquoted(one, ";")[0].strip().lower() for one in split_unquoted(accept, ",")]


def split_unquoted(text: str, separator: str) -> list[str]:
    """Split at the separators that stand in no quoted string. One that is never closed reaches to the end."""
    pieces: list[str] = []
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif quoted:
            escaped = character == "\\"
        elif character == separator:
            pieces.append(text[start:place])
            start = place + 1
    return [*pieces, text[start:]]


def _unquote(text: str) -> str:
    """Return a parameter's value, free of the quotes around it."""
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return _ESCAPED.sub(r"\1", text[1:-1])
    return text
