from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import respx

from notifier.channels.twilio import TwilioChannel
from notifier.model.errors import (
    ChannelDown,
    ConfigurationError,
    DeliveryError,
    HandedBack,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.messages import Email, Receipt
from notifier.model.reasons import Reason
from notifier.model.times import MINUTE, SECOND
from tests.unit.channels.twilio_calls import (
    ACCOUNT,
    ACCOUNT_SID,
    BODY,
    MESSAGES,
    OUTGOING,
    SECRET,
    SID,
    TO,
    TOKEN,
    WITH_KEY,
    created,
    form,
    probe,
    refused,
    send,
)


async def test_a_send_is_one_post_with_exactly_these_fields(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(MESSAGES).mock(return_value=created())
    receipt = await send()
    assert receipt == Receipt(SID, 201, None, "queued", "api.twilio.com")
    assert route.call_count == 1
    request = route.calls.last.request
    assert form(request) == {
        "To": [TO],
        "From": ["+14155550100"],
        "Body": [BODY],
        "ValidityPeriod": ["3600"],
    }
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept-encoding"] == "identity"
    basic = httpx.BasicAuth(ACCOUNT_SID, TOKEN)
    signed = next(basic.auth_flow(httpx.Request("POST", MESSAGES)))
    assert request.headers["authorization"] == signed.headers["authorization"]


async def test_a_messaging_service_goes_before_the_number(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(MESSAGES).mock(return_value=created())
    await send(replace(ACCOUNT, messaging_service_sid="MG" + "0c" * 16))
    sent = form(route.calls.last.request)
    assert sent["MessagingServiceSid"] == ["MG" + "0c" * 16]
    assert "From" not in sent


async def test_a_key_pair_signs_in_before_the_token(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(MESSAGES).mock(return_value=created())
    await send(replace(WITH_KEY, auth_token=TOKEN))
    basic = httpx.BasicAuth("SK" + "0b" * 16, SECRET)
    signed = next(basic.auth_flow(httpx.Request("POST", MESSAGES)))
    assert route.calls.last.request.headers["authorization"] == signed.headers["authorization"]


@pytest.mark.parametrize(
    ("left", "asked"), [(1, "1"), (0, "1"), (36_000, "36000"), (90_000, "36000")]
)
async def test_the_time_left_is_asked_for_within_what_twilio_takes(
    respx_mock: respx.MockRouter, left: int, asked: str
) -> None:
    route = respx_mock.post(MESSAGES).mock(return_value=created())
    await send(outgoing=replace(OUTGOING, valid_for=left))
    assert form(route.calls.last.request)["ValidityPeriod"] == [asked]


@pytest.mark.parametrize("base", ["http://127.0.0.1:4010", "https://api.dublin.ie1.twilio.com/"])
async def test_every_address_is_at_the_configured_endpoint(
    respx_mock: respx.MockRouter, base: str
) -> None:
    path = f"{base.rstrip('/')}/2010-04-01/Accounts/{ACCOUNT_SID}"
    post = respx_mock.post(f"{path}/Messages.json").mock(return_value=created())
    get = respx_mock.get(f"{path}.json").mock(return_value=httpx.Response(200, json={}))
    receipt = await send(replace(ACCOUNT, api_base=base))
    await probe(replace(ACCOUNT, api_base=base))
    assert (post.call_count, get.call_count) == (1, 1)
    assert receipt.remote == base.rstrip("/").partition("//")[2]


@pytest.mark.parametrize(
    "base",
    [
        *("api.example.com", "ftp://api.example.com", "https://"),
        *("https://api.example.com?a=b", "https://api.example.com:port"),
        "https://user:password@api.example.com",
    ],
)
def test_an_endpoint_that_is_no_address_is_refused_at_once(base: str) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_API_BASE"):
        TwilioChannel(replace(ACCOUNT, api_base=base))


async def test_a_mail_is_not_taken(respx_mock: respx.MockRouter) -> None:
    with pytest.raises(TypeError):
        await send(outgoing=replace(OUTGOING, message=Email("s", "t", "h", b"raw")))


async def test_what_is_no_longer_ours_is_handed_back_unsent(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(MESSAGES).mock(return_value=created())
    channel = TwilioChannel(ACCOUNT)
    with pytest.raises(HandedBack) as caught:
        await channel.send(OUTGOING, lambda: False)
    await channel.close()
    assert caught.value.evidence.phase == "request"
    assert route.call_count == 0


@pytest.mark.fault("F4")
@pytest.mark.parametrize("body", ["", "{", "null", "[]", '{"sid": 7}', "\ud800", '{"sid": "S'])
async def test_a_201_whose_body_is_unreadable_is_accepted_without_a_sid(
    respx_mock: respx.MockRouter, body: str
) -> None:
    raw = body.encode(errors="surrogatepass")
    route = respx_mock.post(MESSAGES).mock(return_value=httpx.Response(201, content=raw))
    receipt = await send()
    assert (receipt.provider_id, receipt.code) == (None, 201)
    assert route.call_count == 1


@pytest.mark.fault("F4")
async def test_a_201_with_odd_fields_is_accepted(respx_mock: respx.MockRouter) -> None:
    odd = {"date_created": 5, "num_segments": {}, "subresource_uris": 1, "price": [], "to": None}
    respx_mock.post(MESSAGES).mock(return_value=created(**odd))
    assert (await send()).provider_id == SID


async def test_an_endless_answer_is_read_no_further_than_needed(
    respx_mock: respx.MockRouter,
) -> None:
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * 10_000

    respx_mock.post(MESSAGES).mock(return_value=httpx.Response(201, content=pieces()))
    assert (await send()).provider_id is None
    assert taken == 7


@pytest.mark.fault("F6")
@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, 21211, Unreachable, Reason.BAD_ADDRESS),
        (400, 21610, Permanent, Reason.OPTED_OUT),
        (400, 21617, Permanent, Reason.REJECTED),
        (403, 21408, Permanent, Reason.REJECTED),
        (400, 29999, Permanent, Reason.REJECTED),
        (429, 20429, Transient, Reason.RETRIES_EXHAUSTED),
        (400, 21611, Transient, Reason.RETRIES_EXHAUSTED),
        (401, 20003, ChannelDown, Reason.RETRIES_EXHAUSTED),
        (400, 21601, ChannelDown, Reason.RETRIES_EXHAUSTED),
        (500, 20500, Unknown, Reason.OUTCOME_UNKNOWN),
        (503, 20503, Unknown, Reason.OUTCOME_UNKNOWN),
    ],
)
async def test_each_class_of_refusal_reaches_the_caller(
    respx_mock: respx.MockRouter,
    status: int,
    code: int,
    kind: type[DeliveryError],
    reason: Reason,
) -> None:
    body = {"code": code, "message": f"No: {TO}", "status": status}
    error = await refused(respx_mock, httpx.Response(status, json=body))
    assert type(error) is kind
    assert error.reason is reason
    assert error.evidence.phase == "response"
    assert (error.evidence.code, error.evidence.enhanced_code) == (status, str(code))
    assert (error.evidence.reply, error.evidence.remote) == ("No: [number]", "api.twilio.com")


async def test_a_problem_document_is_understood_too(respx_mock: respx.MockRouter) -> None:
    body = {"type": "about:blank", "title": "Invalid", "status": 400, "code": 21211}
    error = await refused(respx_mock, httpx.Response(400, json=body))
    assert type(error) is Unreachable
    assert error.evidence.reply == "Invalid"


@pytest.mark.fault("F1")
@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, 7 * SECOND),
        (
            {
                "Retry-After": "Mon, 23 Nov 2026 09:01:00 GMT",
                "Date": "Mon, 23 Nov 2026 09:00:00 GMT",
            },
            MINUTE,
        ),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
async def test_429_waits_as_long_as_it_says(
    respx_mock: respx.MockRouter, headers: dict[str, str], waits: int | None
) -> None:
    error = await refused(respx_mock, httpx.Response(429, headers=headers, json={"code": 20429}))
    assert isinstance(error, Transient)
    assert error.retry_after == waits


@pytest.mark.fault("F2")
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"code": 20500}'])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_error_is_unknown_and_not_repeated(
    respx_mock: respx.MockRouter, status: int, body: bytes
) -> None:
    error = await refused(respx_mock, httpx.Response(status, content=body))
    assert isinstance(error, Unknown)
    assert error.evidence.phase == "response"


@pytest.mark.fault("F13")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(respx_mock: respx.MockRouter, status: int) -> None:
    elsewhere = respx_mock.route(host="elsewhere.example.com").mock(return_value=created())
    headers = {"Location": "https://elsewhere.example.com/"}
    error = await refused(respx_mock, httpx.Response(status, headers=headers))
    assert isinstance(error, ChannelDown)
    assert elsewhere.call_count == 0


async def test_a_200_that_is_not_twilios_is_unknown(respx_mock: respx.MockRouter) -> None:
    error = await refused(respx_mock, httpx.Response(200, html="<html>Welcome</html>"))
    assert isinstance(error, Unknown)


@pytest.mark.fault("F3")
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_what_fails_before_the_first_byte_is_the_channels_fault(
    respx_mock: respx.MockRouter, error: type[httpx.HTTPError]
) -> None:
    route = respx_mock.post(MESSAGES).mock(side_effect=error("no way"))
    with pytest.raises(ChannelDown) as caught:
        await send()
    assert route.call_count == 1
    assert caught.value.hold is None
    evidence = caught.value.evidence
    assert (evidence.phase, evidence.code, evidence.remote) == ("connect", None, "api.twilio.com")
    assert evidence.reply == f"{error.__name__}: no way"


@pytest.mark.fault("F3")
@pytest.mark.parametrize(
    "error",
    [
        *(httpx.ReadTimeout, httpx.ReadError, httpx.WriteTimeout, httpx.WriteError),
        httpx.RemoteProtocolError,
    ],
)
async def test_what_fails_after_it_is_unknown_and_not_repeated(
    respx_mock: respx.MockRouter, error: type[httpx.HTTPError]
) -> None:
    route = respx_mock.post(MESSAGES).mock(side_effect=error("lost"))
    with pytest.raises(Unknown) as caught:
        await send()
    assert route.call_count == 1
    assert caught.value.reason is Reason.OUTCOME_UNKNOWN
    assert caught.value.evidence.phase == "response"
