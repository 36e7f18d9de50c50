"""Bodies in whatever form a help desk chose."""

import json
from typing import Any

import pytest

from notifier.model.errors import Unmapped, UnsupportedMedia
from notifier.sources import formats
from notifier.sources.call import Call

FORM = b"application/x-www-form-urlencoded"


def read(body: bytes, media: bytes | None = None, form: str = "auto", **headers: str) -> Any:
    given = [] if media is None else [(b"content-type", media)]
    given += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return formats.read(Call(tuple(given), body), form)


@pytest.mark.parametrize(
    "media",
    [
        None,
        b"application/json",
        b"Application/JSON; charset=utf-8",
        b"application/vnd.api+json",
        b"text/json",
        b"text/plain",
        b"application/octet-stream",
    ],
)
def test_json_under_any_name(media: bytes | None) -> None:
    assert read(b'{"a": 1}', media) == {"a": 1}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("body", "media", "form", "said"),
    [
        (b"{", None, "auto", "The body is not JSON: .* line 1, column 2"),
        (b"", None, "auto", "not JSON"),
        (b"<a/>", b"application/xml", "auto", "the body is 'application/xml', which is neither"),
        (b"a=1", FORM, "json", "not JSON"),
        (b"", FORM, "auto", "the body is no form, or one without fields"),
        (b"\xff=1", FORM, "auto", "the body is no form"),
        (b"a=1", None, "form:payload", "the form has no field payload"),
        (b"payload=%7B", None, "form:payload", "not JSON"),
        (b"{}", b"application/cloudevents-batch+json", "auto", "must be a JSON list"),
        (b"{}", b"application/json", "cloudevents", "header ce-specversion is missing"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, media: bytes, form: str, said: str) -> None:
    with pytest.raises(Unmapped, match=said):
        read(body, media, form)


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(UnsupportedMedia):
        read(b"{}", content_encoding="gzip")
    assert read(b"{}", content_encoding="identity") == {}


@pytest.mark.parametrize(
    ("body", "form", "wanted"),
    [
        (b"a=1&b=&a=2", "auto", {"a": "1", "b": ""}),
        (b"a=1", "form", {"a": "1"}),
        (b"payload=%7B%22a%22%3A1%7D", "auto", {"a": 1}),
        (b"payload=%7B%22a%22%3A1%7D&x=1", "form:payload", {"a": 1}),
    ],
)
def test_forms(body: bytes, form: str, wanted: Any) -> None:
    assert read(body, FORM, form) == wanted


@pytest.mark.parametrize(("body", "wanted"), [(b' {"a": "b=c"}', {"a": "b=c"}), (b"[1]", [1])])
def test_json_that_is_called_a_form_is_json_all_the_same(body: bytes, wanted: Any) -> None:
    assert read(body, FORM) == wanted
    assert isinstance(read(body, FORM, "form"), dict)


EVENT = {"specversion": "1.0", "id": "1", "source": "/desk", "type": "ticket.assigned"}


def test_a_structured_cloud_event() -> None:
    body = (
        b'{"specversion":"1.0","id":"1","source":"/desk","type":"ticket.assigned","data":{"a":1}}'
    )
    made = read(body, b"application/cloudevents+json")
    assert made == {**EVENT, "data": {"a": 1}}
    assert read(body, b"application/cloudevents+json; charset=utf-8", "cloudevents") == made


@pytest.mark.parametrize("form", ["auto", "cloudevents"])
def test_a_binary_cloud_event(form: str) -> None:
    made = read(
        b'{"a": 1}',
        b"application/json",
        form,
        ce_specversion="1.0",
        ce_id="1",
        ce_source="/desk",
        ce_type="ticket.assigned",
        ce_subject="Gr%C3%BC%C3%9Fe",
        ce_quoted='"a \\"b\\""',
    )
    wanted = {**EVENT, "data": {"a": 1}, "datacontenttype": "application/json"}
    assert made == {**wanted, "subject": "Grüße", "quoted": 'a "b"'}


def test_a_binary_cloud_event_without_data() -> None:
    made = read(b"", None, "cloudevents", ce_specversion="1.0")
    assert (made["data"], made["datacontenttype"]) == (None, "")


def test_a_batch_of_cloud_events() -> None:
    assert read(b"[{}, {}]", b"application/cloudevents-batch+json") == [{}, {}]


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"data_base64": "eyJhIjogMX0="}, '{"a": 1}'),
        ({"data_base64": "/w=="}, "\ufffd"),
        ({"data_base64": "no base64"}, None),
        ({"data_base64": 7}, None),
        ({"data_base64": "eyJhIjogMX0=", "data": "here already"}, "here already"),
    ],
)
def test_the_bytes_of_a_cloud_event_are_text(event: dict[str, Any], wanted: str | None) -> None:
    one = read(json.dumps(event).encode(), b"application/cloudevents+json")
    (other,) = read(json.dumps([event]).encode(), b"application/cloudevents-batch+json")
    assert one.get("data") == other.get("data") == wanted


def test_a_cloud_event_that_is_no_object_stays_as_it_is() -> None:
    assert read(b"[7]", b"application/cloudevents-batch+json") == [7]


def test_of_headers_and_parameters_of_one_name_the_first_counts() -> None:
    call = Call(((b"x-a", b"1"), (b"x-a", b"2")), b"", query=b"q=1&q=2&e=")
    assert formats.headers(call) == {"x-a": "1"}
    assert formats.query(call) == {"q": "1", "e": ""}
    assert formats.query(Call((), b"", query=b"\xff")) == {}
