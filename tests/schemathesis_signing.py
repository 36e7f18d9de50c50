"""A hook of Schemathesis: calls that are as documented are signed as a help desk would.

Only these: a call that is wrong on purpose keeps whatever it was given. The secret is the one
of tests/service.py.
"""

import hashlib
import time
from typing import Any

import requests
import schemathesis
from schemathesis import GenerationMode

from notifier.sources.signatures import sign
from tests.service import SECRET


class _Signing(requests.auth.AuthBase):
    """Signs the very bytes that leave."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        assert isinstance(raw, bytes)
        # What a source wants besides a signature is its own, so that the document names no id.
        key = request.headers.get("webhook-id", hashlib.sha256(raw).hexdigest())
        named = key.decode() if isinstance(key, bytes) else key
        now = int(time.time())
        request.headers["webhook-id"] = named
        request.headers["webhook-timestamp"] = str(now)
        request.headers["webhook-signature"] = sign(SECRET, named, now, raw)
        return request


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    mode = case.meta.generation.mode if case.meta else None
    if case.operation.path.startswith("/webhooks") and mode is GenerationMode.POSITIVE:
        kwargs["auth"] = _Signing()
