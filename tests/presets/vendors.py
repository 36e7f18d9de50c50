"""How each vendor signs, said once more and without the presets.

Calls that are made of a preset's own table cannot show that the table is wrong. Here it stands as
the vendors document it; a preset of a vendor who signs joins by one more line in SIGN. Takes a
secret and a call, gives the call with the vendor's headers.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from notifier.model import times
from notifier.model.times import Instant
from notifier.sources.call import Call

Headers = Mapping[str, str]
Sign = Callable[[bytes, bytes, Instant], Headers]
"""Gives the headers for a secret, a body and the time."""


def _hex(algorithm: str, secret: bytes, data: bytes) -> str:
    return hmac.new(secret, data, algorithm).hexdigest()


def _base64(algorithm: str, secret: bytes, data: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, data, algorithm)).decode()


def _seconds(now: Instant) -> str:
    return str(now // 1000)


def _standard(prefix: str) -> Sign:
    def sign(secret: bytes, body: bytes, now: Instant) -> Headers:
        key = base64.b64decode(secret.removeprefix(b"whsec_"))
        signed = f"msg_1.{_seconds(now)}.".encode() + body
        return {
            f"{prefix}-id": "msg_1",
            f"{prefix}-timestamp": _seconds(now),
            f"{prefix}-signature": f"v1,{_base64('sha256', key, signed)}",
        }

    return sign


def _hub(algorithm: str, header: str = "x-hub-signature") -> Sign:
    return lambda secret, body, _: {header: f"{algorithm}={_hex(algorithm, secret, body)}"}


def _plain(algorithm: str, header: str) -> Sign:
    return lambda secret, body, _: {header: _base64(algorithm, secret, body)}


def _zendesk(secret: bytes, body: bytes, now: Instant) -> Headers:
    stamp = times.to_text(now).replace(".000Z", "Z")
    return {
        "x-zendesk-webhook-signature-timestamp": stamp,
        "x-zendesk-webhook-signature": _base64("sha256", secret, stamp.encode() + body),
    }


def _front(secret: bytes, body: bytes, now: Instant) -> Headers:
    return {
        "x-front-request-timestamp": str(now),
        "x-front-signature": _base64("sha256", secret, f"{now}:".encode() + body),
    }


def _glpi(secret: bytes, body: bytes, now: Instant) -> Headers:
    stamp = _seconds(now)
    return {
        "x-glpi-timestamp": stamp,
        "x-glpi-signature": _hex("sha256", secret, body + stamp.encode()),
    }


def _chatwoot(secret: bytes, body: bytes, now: Instant) -> Headers:
    stamp = _seconds(now)
    return {
        "x-chatwoot-timestamp": stamp,
        "x-chatwoot-signature": f"sha256={_hex('sha256', secret, f'{stamp}.'.encode() + body)}",
    }


def _connectwise(secret: bytes, body: bytes, _: Instant) -> Headers:
    key = hashlib.sha256(secret).digest()
    return {"x-content-signature": _base64("sha256", key, body)}


def _autotask(secret: bytes, body: bytes, _: Instant) -> Headers:
    return {"x-hook-signature": f"sha1={_base64('sha1', secret, body)}"}


def _linear(secret: bytes, body: bytes, _: Instant) -> Headers:
    return {"linear-signature": _hex("sha256", secret, body)}


SIGN: Mapping[str, Sign] = {
    "autotask": _autotask,
    "chatwoot": _chatwoot,
    "connectwise": _connectwise,
    "frappe_helpdesk": _plain("sha256", "x-frappe-webhook-signature"),
    "freescout": _plain("sha1", "x-freescout-signature"),
    "front_app": _front,
    "front_rule": _plain("sha1", "x-front-signature"),
    "github": _hub("sha256", "x-hub-signature-256"),
    "gitlab": _standard("webhook"),
    "glpi": _glpi,
    "helpscout": _plain("sha1", "x-helpscout-signature"),
    "intercom": _hub("sha1"),
    "jira_cloud": _hub("sha256"),
    "jira_data_center": _hub("sha256"),
    "linear": _linear,
    "redmine": _hub("sha256", "x-redmine-signature-256"),
    "request_tracker": _standard("webhook"),
    "servicenow": _standard("webhook"),
    "standard_webhooks": _standard("webhook"),
    "svix": _standard("svix"),
    "zammad": _hub("sha1"),
    "zendesk_event": _zendesk,
    "zendesk_trigger": _zendesk,
}


def signed(preset: str, secret: str, call: Call, url: str, now: Instant) -> Call:
    """Give the call as the vendor sends it to `url`; KeyError for a preset that is not here."""
    if preset == "linear":
        body = json.dumps({**json.loads(call.body), "webhookTimestamp": now}).encode()
        call = replace(call, body=body)
    if preset == "hubspot":
        headers = _hubspot(secret.encode(), call, url, now)
    else:
        headers = SIGN[preset](secret.encode(), call.body, now)
    added = tuple((name.encode(), value.encode()) for name, value in headers.items())
    return replace(call, headers=(*call.headers, *added))


def _hubspot(secret: bytes, call: Call, url: str, now: Instant) -> Headers:
    data = call.method.encode() + url.encode() + call.body + str(now).encode()
    return {
        "x-hubspot-request-timestamp": str(now),
        "x-hubspot-signature-v3": _base64("sha256", secret, data),
    }
