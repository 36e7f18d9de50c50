"""The body of a call as a value, whatever form its sender chose.

Takes a call and the format of its source, gives what its expressions know as `body`. Refuses
(Unmapped) what is not in that form, and a compressed body (UnsupportedMedia).

CloudEvents become objects of their attributes and `data`, in every mode of the HTTP binding
(https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md).
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from notifier.model.errors import BadPayload, Unmapped, UnsupportedMedia
from notifier.sources import strict_json
from notifier.sources.call import Call

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1_000
_EVENT = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_JSON = re.compile(
    r"((application|text)/([a-z0-9.-]+\+)?json|text/plain|application/octet-stream)?"
)
_PAYLOAD = "payload"


def read(call: Call, form: str) -> Any:
    """Give the value; `form` is one of Definition.format."""
    for value in call.header("content-encoding"):
        if value.strip().lower() not in (b"identity", b""):
            raise UnsupportedMedia("The body must not be compressed (Content-Encoding).")
    kind, _, field = form.partition(":")
    return _READERS[kind](call, field)


def _read_json(call: Call, _: str) -> Any:
    return _json(call.body)


def _read_form(call: Call, field: str) -> Any:
    fields = _form(call.body)
    return _json_in(fields, field) if field else fields


def _read_any(call: Call, _: str) -> Any:
    media = media_type(call)
    if media in (_EVENT, _BATCH) or call.header("ce-specversion"):
        return _read_cloudevents(call, _)
    # Many programs call everything a form that they are told no type of, curl -d among them.
    if media == _FORM and not call.body.lstrip().startswith((b"{", b"[")):
        fields = _form(call.body)
        return _json_in(fields, _PAYLOAD) if list(fields) == [_PAYLOAD] else fields
    if media != _FORM and not _JSON.fullmatch(media):
        raise Unmapped(f"the body is {media[:100]!r}, which is neither JSON nor a form")
    return _json(call.body)


def media_type(call: Call) -> str:
    """Give the content type without its parameters, in lower case; "" when there is none."""
    for value in call.header("content-type"):
        return value.split(b";", 1)[0].strip().lower().decode("latin-1")
    return ""


def headers(call: Call) -> dict[str, str]:
    """Give the headers by name in lower case; of several of one name the first."""
    found: dict[str, str] = {}
    for name, value in call.headers:
        found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found


def query(call: Call) -> dict[str, str]:
    """Give the parameters of the address; of several of one name the first."""
    return _fields(call.query)


def _json(body: bytes) -> Any:
    try:
        # Some senders' libraries begin with a mark, which says nothing that UTF-8 does not.
        return strict_json.loads(body.removeprefix(_BYTE_ORDER_MARK))
    except BadPayload as error:
        raise Unmapped(str(error)) from None


def _form(body: bytes) -> dict[str, str]:
    fields = _fields(body)
    if not fields:
        raise Unmapped("the body is no form, or one without fields")
    return fields


def _fields(text: bytes) -> dict[str, str]:
    if not text:
        return {}
    try:
        parts = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for name, value in parts:
        found.setdefault(name, value)
    return found


def _json_in(fields: dict[str, str], name: str) -> Any:
    if name not in fields:
        raise Unmapped(f"the form has no field {name}")
    return _json(fields[name].encode())


def _read_cloudevents(call: Call, _: str) -> Any:
    media = media_type(call)
    if media == _BATCH:
        value = _json(call.body)
        if not isinstance(value, list):
            raise Unmapped("a batch of CloudEvents must be a JSON list")
        return [_with_data(event) for event in value]
    if media == _EVENT:
        return _with_data(_json(call.body))
    attributes: dict[str, Any] = {
        name.removeprefix("ce-"): _attribute(value)
        for name, value in headers(call).items()
        if name.startswith("ce-")
    }
    if "specversion" not in attributes:
        raise Unmapped("the call is no CloudEvent: header ce-specversion is missing")
    attributes["datacontenttype"] = media
    attributes["data"] = _json(call.body) if call.body else None
    return attributes


def _with_data(event: Any) -> Any:
    """Decode `data_base64`, which some libraries write for all bytes, JSON included."""
    if not isinstance(event, dict) or not isinstance(event.get("data_base64"), str):
        return event
    try:
        data = base64.b64decode(event["data_base64"], validate=True)
    except ValueError:
        return event
    return {"data": data.decode(errors="replace"), **event}


def _attribute(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote(value)


_READERS: Mapping[str, Callable[[Call, str], Any]] = {
    "auto": _read_any,
    "json": _read_json,
    "form": _read_form,
    "cloudevents": _read_cloudevents,
}
