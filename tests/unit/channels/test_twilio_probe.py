import inspect
import json
import logging
import traceback

import httpx
import pytest
import respx
from twilio.http import AsyncHttpClient

from notifier.channels.twilio import TwilioChannel
from notifier.channels.twilio_http import Exchange
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
)
from notifier.model.times import MINUTE
from tests.unit.channels.twilio_calls import (
    ACCOUNT,
    ACCOUNT_SID,
    ACCOUNTS,
    BODY,
    MESSAGES,
    SECRET,
    SID,
    TO,
    TOKEN,
    WITH_KEY,
    created,
    probe,
    send,
)


async def test_a_probe_reads_the_account_and_sends_nothing(respx_mock: respx.MockRouter) -> None:
    answer = httpx.Response(200, json={"sid": ACCOUNT_SID, "status": "active"})
    route = respx_mock.get(ACCOUNTS).mock(return_value=answer)
    await probe()
    assert route.call_count == 1


@pytest.mark.parametrize("answer", [httpx.Response(200), httpx.Response(403)])
async def test_a_probe_with_a_key_lists_one_message_or_is_barred_from_it(
    respx_mock: respx.MockRouter, answer: httpx.Response
) -> None:
    route = respx_mock.get(MESSAGES, params={"PageSize": "1"}).mock(return_value=answer)
    await probe(WITH_KEY)
    assert route.call_count == 1


async def test_a_probe_with_a_wrong_key_fails(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(MESSAGES).mock(return_value=httpx.Response(401, json={"code": 20003}))
    with pytest.raises(ChannelDown):
        await probe(WITH_KEY)


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_a_probe_fails_when_the_account_may_not_send(
    respx_mock: respx.MockRouter, status: str
) -> None:
    respx_mock.get(ACCOUNTS).mock(return_value=httpx.Response(200, json={"status": status}))
    with pytest.raises(ChannelDown, match=status):
        await probe()


@pytest.mark.parametrize("status", [302, 400, 403, 404, 429, 500])
async def test_a_probe_gives_every_failure_to_the_breaker(
    respx_mock: respx.MockRouter, status: int
) -> None:
    respx_mock.get(ACCOUNTS).mock(return_value=httpx.Response(status))
    with pytest.raises(ChannelDown) as caught:
        await probe()
    assert caught.value.hold is None


async def test_a_refused_probe_keeps_the_hold(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(ACCOUNTS).mock(return_value=httpx.Response(401, json={"code": 20003}))
    with pytest.raises(ChannelDown) as caught:
        await probe()
    assert caught.value.hold == 15 * MINUTE


async def test_a_probe_that_gets_no_answer_gives_it_to_the_breaker(
    respx_mock: respx.MockRouter,
) -> None:
    respx_mock.get(ACCOUNTS).mock(side_effect=httpx.ReadTimeout("late"))
    with pytest.raises(ChannelDown):
        await probe()


def test_no_secret_is_in_the_accounts_repr() -> None:
    shown = repr(ACCOUNT) + repr(WITH_KEY) + str(TwilioChannel(ACCOUNT).__dict__)
    assert TOKEN not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    "answer",
    [
        created(),
        httpx.Response(400, json={"code": 21211, "message": f"{TO} is not valid"}),
        httpx.Response(500, text=f"{TO} {TOKEN}"),
    ],
)
async def test_neither_number_nor_token_is_logged_or_shown(
    respx_mock: respx.MockRouter, answer: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    respx_mock.post(MESSAGES).mock(return_value=answer)
    try:
        shown = repr(await send())
    except DeliveryError as error:
        shown = "".join(traceback.format_exception(error)) + repr(error.evidence)
    shown += caplog.text
    assert TO not in shown
    assert TOKEN not in shown
    assert BODY not in shown


def test_the_sdk_finds_in_an_exchange_what_it_wants_of_a_client() -> None:
    wanted = inspect.signature(AsyncHttpClient.request).parameters
    given = inspect.signature(Exchange.request).parameters
    annotation = given["parts"].annotation.__args__[0]
    assert set(wanted) - {"self", "method", "uri"} == set(annotation.__annotations__)
    assert Exchange.is_async


async def test_an_answer_as_the_api_gives_it_is_read(respx_mock: respx.MockRouter) -> None:
    full = {
        "account_sid": ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": BODY,
        "date_created": "Mon, 23 Nov 2026 09:00:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+14155550100",
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "sid": SID,
        "status": "queued",
        "to": TO,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{SID}.json",
    }
    answer = httpx.Response(201, content=json.dumps(full))
    respx_mock.post(MESSAGES).mock(return_value=answer)
    assert (await send()).provider_id == SID
