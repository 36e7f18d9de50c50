"""What every channel promises to dispatch, whichever it is.

A channel joins with one line in BENCHES: a bench runs its provider, gives a message that it
can send, and knows how to make the provider fail.
"""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import respx

from notifier.channels.base import Channel
from notifier.channels.twilio import TwilioAccount, TwilioChannel
from notifier.model.errors import ChannelDown, DeliveryError, HandedBack
from notifier.model.messages import Outgoing, Receipt, Sms
from notifier.model.reasons import Reason
from tests.integration.smtp_server import Conversation, SmtpServer
from tests.integration.smtp_setting import PASSWORD, letter, setting

PHASES = {"connect", "tls", "auth", "mail", "rcpt", "data", "body", "dot", "request", "response"}
TOKEN = "a-token-that-nobody-may-see"
SID = "SM" + "0a" * 16

Break = Callable[[], None]


@dataclass(frozen=True)
class Bench:
    """A channel beside its provider.

    `taken` counts what the provider was given for good. `refuse_sign_in` holds from then on;
    each of `faults` spoils the next send.
    """

    channel: Channel
    outgoing: Outgoing
    secret: str
    taken: Callable[[], int]
    refuse_sign_in: Break
    faults: dict[str, Break]


@asynccontextmanager
async def email() -> AsyncIterator[Bench]:
    server = SmtpServer()

    def fails(step: str, how: "bytes | Callable[[Conversation], None]") -> Break:
        return lambda: server.script[step].append(how)

    async with setting("starttls", server=server) as one:
        yield Bench(
            channel=one.channel,
            outgoing=letter(),
            secret=PASSWORD,
            taken=lambda: len(server.mails),
            refuse_sign_in=lambda: server.script["AUTH"].extend([b"535 5.7.8 no\r\n"] * 9),
            faults={
                "later": fails("RCPT", b"450 4.2.0 busy\r\n"),
                "never": fails("RCPT", b"550 5.1.1 no such user\r\n"),
                "policy": fails("DOT", b"554 5.7.1 spam\r\n"),
                "down": fails("MAIL", b"530 5.7.0 sign in first\r\n"),
                "lost": fails("RCPT", Conversation.close),
                "unknown": fails("DOT", Conversation.close),
            },
        )


@asynccontextmanager
async def sms() -> AsyncIterator[Bench]:
    account = "AC" + "0f" * 16
    channel = TwilioChannel(
        TwilioAccount(account_sid=account, auth_token=TOKEN, from_number="+14155550100")
    )
    base = f"https://api.twilio.com/2010-04-01/Accounts/{account}"
    with respx.mock(assert_all_called=False) as api:
        created = httpx.Response(201, json={"sid": SID, "status": "queued"})
        messages = api.post(f"{base}/Messages.json").mock(return_value=created)
        own = api.get(f"{base}.json").mock(return_value=httpx.Response(200, json={}))

        def fails(answer: httpx.Response | Exception) -> Break:
            def spoil() -> None:
                messages.mock(side_effect=[answer])

            return spoil

        def refuse_sign_in() -> None:
            own.mock(return_value=httpx.Response(401, json={"code": 20003}))

        try:
            yield Bench(
                channel=channel,
                outgoing=Outgoing(Sms("Ticket #123", "GSM-7", 1), "+14155550123", "nonce", 60),
                secret=TOKEN,
                taken=lambda: messages.call_count,
                refuse_sign_in=refuse_sign_in,
                faults={
                    "later": fails(httpx.Response(429, json={"code": 20429})),
                    "never": fails(httpx.Response(400, json={"code": 21211})),
                    "down": fails(httpx.Response(401, json={"code": 20003})),
                    "lost": fails(httpx.ConnectError("refused")),
                    "unknown": fails(httpx.Response(500, json={})),
                },
            )
        finally:
            await channel.close()


BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[Bench]]] = {
    "email": email,
    "sms": sms,
}


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with BENCHES[request.param]() as one:
        assert one.channel.name == request.param
        yield one


def ours() -> bool:
    return True


def test_it_says_who_it_is(bench: Bench) -> None:
    channel = bench.channel
    assert channel.name.isidentifier()
    assert type(bench.outgoing.message).__name__.lower() == channel.medium
    assert channel.about.title
    assert channel.about.places > 0


def test_it_has_the_methods_of_a_channel(bench: Bench) -> None:
    for name in ("send", "probe", "close"):
        promised = inspect.signature(getattr(Channel, name)).parameters
        assert (
            list(inspect.signature(getattr(bench.channel, name)).parameters) == list(promised)[1:]
        )


async def test_a_good_send_gives_a_receipt(bench: Bench) -> None:
    receipt = await bench.channel.send(bench.outgoing, ours)
    assert isinstance(receipt, Receipt)
    assert receipt.provider_id
    assert receipt.code
    assert receipt.remote
    assert bench.taken() == 1


async def test_it_asks_before_the_irreversible_byte_and_obeys(bench: Bench) -> None:
    with pytest.raises(HandedBack) as caught:
        await bench.channel.send(bench.outgoing, lambda: False)
    assert bench.taken() == 0
    assert caught.value.evidence.phase in PHASES
    await bench.channel.send(bench.outgoing, ours)
    assert bench.taken() == 1


async def test_what_is_still_ours_is_asked_at_least_once_for_each_send(bench: Bench) -> None:
    asked: list[int] = []

    def remembers() -> bool:
        asked.append(bench.taken())
        return True

    for _ in range(2):
        await bench.channel.send(bench.outgoing, remembers)
    assert {0, 1} <= set(asked)


async def test_a_probe_sends_nothing(bench: Bench) -> None:
    await bench.channel.probe()
    assert bench.taken() == 0


async def test_a_probe_that_fails_says_that_the_channel_is_down(bench: Bench) -> None:
    bench.refuse_sign_in()
    with pytest.raises(ChannelDown) as caught:
        await bench.channel.probe()
    assert caught.value.hold
    assert caught.value.evidence.phase in PHASES
    assert bench.taken() == 0


async def test_every_failed_send_has_a_reason_a_phase_and_no_secret(bench: Bench) -> None:
    met = set()
    for spoil in bench.faults.values():
        spoil()
        with pytest.raises(DeliveryError) as caught:
            await bench.channel.send(bench.outgoing, ours)
        error = caught.value
        assert isinstance(error.reason, Reason)
        assert error.evidence.phase in PHASES
        assert error.evidence.remote
        assert bench.secret not in f"{error!r} {error} {error.evidence}"
        met.add(type(error).__name__)
    assert {"Transient", "ChannelDown", "Unknown"} <= met


async def test_it_closes_twice(bench: Bench) -> None:
    await bench.channel.send(bench.outgoing, ours)
    await bench.channel.close()
    await bench.channel.close()


async def test_it_closes_without_ever_having_been_open(bench: Bench) -> None:
    await bench.channel.close()


def test_no_repr_shows_a_secret(bench: Bench) -> None:
    assert bench.secret not in repr(bench.channel) + repr(vars(bench.channel))
