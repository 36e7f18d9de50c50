"""Single values of a call, taken before it is known who sent it.

Takes a call and a name or a path, gives bytes or text, nothing where there is nothing. Refuses
(Unmapped, UnsupportedMedia) a body that is not in the format of its source.
"""

from urllib.parse import unquote_to_bytes

from notifier.sources import formats
from notifier.sources.call import Call


def in_query(call: Call, name: str) -> list[bytes]:
    """Give every value of a query parameter; a plus is a plus, as tokens have it."""
    wanted = name.encode()
    pairs = [part.partition(b"=") for part in call.query.split(b"&")]
    return [unquote_to_bytes(value) for key, _, value in pairs if unquote_to_bytes(key) == wanted]


def in_body(call: Call, path: str, form: str) -> str | None:
    """Give what stands at `path` (`auth.token`, `items.0.id`) as text; None for a table or a list.

    `form` is the format of the source; the path goes through what expressions know as `body`.
    """
    value = formats.read(call, form)
    for step in path.split("."):
        if isinstance(value, list) and step.isascii() and step.isdigit():
            value = next(iter(value[int(step) : int(step) + 1]), None)
        else:
            value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None
