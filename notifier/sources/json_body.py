"""The body of a call as JSON, in the one media type that is read.

Takes a call, gives the value of its body. Refuses another content type or a compressed body
(UnsupportedMedia), and what is not strict JSON (BadPayload).
"""

from notifier.model.errors import UnsupportedMedia
from notifier.sources import strict_json
from notifier.sources.call import Call

_JSON = b"application/json"


def read(call: Call) -> object:
    """Give the value; a call that names no content type is taken at its word that it is JSON."""
    for name, value in call.headers:
        if name == b"content-type" and value.split(b";", 1)[0].strip().lower() != _JSON:
            raise UnsupportedMedia("The content type must be application/json.")
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            raise UnsupportedMedia("The body must not be compressed (Content-Encoding).")
    return strict_json.loads(call.body)
