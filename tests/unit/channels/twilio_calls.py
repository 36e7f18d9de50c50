"""An account, a message, and how the tests send it."""

from dataclasses import replace
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from notifier.channels.twilio import TwilioAccount, TwilioChannel
from notifier.model.errors import (
    DeliveryError,
)
from notifier.model.messages import Outgoing, Receipt, Sms

ACCOUNT_SID = "AC" + "0f" * 16
SID = "SM" + "0a" * 16
TOKEN = "a-token-that-nobody-may-see"
SECRET = "a-key-secret-that-nobody-may-see"
TO = "+14155550123"
BODY = "[HIGH] Ticket #123 assigned to you: Printer Not Working"
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
ACCOUNTS = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}.json"

ACCOUNT = TwilioAccount(
    account_sid=ACCOUNT_SID,
    auth_token=TOKEN,
    api_key=None,
    api_secret=None,
    from_number="+14155550100",
    messaging_service_sid=None,
    api_base=None,
)
WITH_KEY = replace(ACCOUNT, auth_token=None, api_key="SK" + "0b" * 16, api_secret=SECRET)
OUTGOING = Outgoing(Sms(BODY, "GSM-7", 1), TO, "the-nonce", 3600)


def ours() -> bool:
    return True


async def send(account: TwilioAccount = ACCOUNT, outgoing: Outgoing = OUTGOING) -> Receipt:
    channel = TwilioChannel(account)
    try:
        return await channel.send(outgoing, ours)
    finally:
        await channel.close()


async def probe(account: TwilioAccount = ACCOUNT) -> None:
    channel = TwilioChannel(account)
    try:
        await channel.probe()
    finally:
        await channel.close()


async def refused(respx_mock: respx.MockRouter, answer: httpx.Response) -> DeliveryError:
    """Give the error of a send that is answered so, after exactly one POST."""
    route = respx_mock.post(MESSAGES).mock(return_value=answer)
    with pytest.raises(DeliveryError) as caught:
        await send()
    assert route.call_count == 1
    return caught.value


def form(request: httpx.Request) -> dict[str, list[str]]:
    return parse_qs(request.content.decode(), keep_blank_values=True, strict_parsing=True)


def created(**fields: object) -> httpx.Response:
    return httpx.Response(201, json={"sid": SID, "status": "queued", "to": TO, **fields})
