"""The SMS channel: Twilio's SDK over our own HTTP client.

Takes a text message and a number, gives the receipt with Twilio's SID. Refuses to POST the
same message twice by itself: whatever is not certain is raised as Unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from twilio.rest import Client

from notifier.channels.twilio_http import API, Exchange, Line
from notifier.model.errors import ChannelDown, DeliveryError, Evidence
from notifier.model.messages import About, Medium, Outgoing, Receipt, Sms
from notifier.model.reasons import Reason

_PLACES = 10
_VALIDITY = range(1, 36_001)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """Where and as whom to send; a key pair is preferred to the token. Timeouts in seconds."""

    account_sid: str
    auth_token: str | None = field(default=None, repr=False)
    api_key: str | None = None
    api_secret: str | None = field(default=None, repr=False)
    from_number: str | None = None
    messaging_service_sid: str | None = None
    api_base: str | None = None
    connect_timeout: float = 5.0
    total_timeout: float = 15.0

    @property
    def credentials(self) -> tuple[str | None, str | None]:
        """Give the user name and the password that requests carry."""
        if self.api_key and self.api_secret:
            return self.api_key, self.api_secret
        return self.account_sid, self.auth_token


class TwilioChannel:
    """Sends text messages through one Twilio account."""

    name: Final = "sms"
    medium: Final = Medium.SMS
    about: Final = About(title="SMS", places=_PLACES, commits_start=True)

    def __init__(self, account: TwilioAccount) -> None:
        """Open nothing yet; raises ConfigurationError when `api_base` is no address."""
        self._account = account
        self._line = Line(
            account.api_base or API, account.connect_timeout, account.total_timeout, _PLACES
        )
        # The SDK imports its resources when first asked for them; the first send must not wait.
        _ = self._client(Exchange(self._line, lambda: False)).messages

    async def send(self, outgoing: Outgoing, still_ours: Callable[[], bool]) -> Receipt:
        """POST the message once and give Twilio's SID, or None for it if that was unreadable."""
        if not isinstance(outgoing.message, Sms):
            raise TypeError("the SMS channel carries text messages only")
        account = self._account
        exchange = Exchange(self._line, still_ours)
        await self._client(exchange).messages.create_async(
            to=outgoing.to,
            body=outgoing.message.body,
            validity_period=min(max(outgoing.valid_for, _VALIDITY.start), _VALIDITY.stop - 1),
            messaging_service_sid=account.messaging_service_sid,
            from_=None if account.messaging_service_sid else account.from_number,
        )
        return exchange.receipt

    async def probe(self) -> None:
        """Sign in by reading, which sends nothing; raises ChannelDown when that fails.

        A token reads its account. A key may not, so it lists one message instead; and a key
        that is barred even from that has still signed in.
        """
        account = self._account
        with_key = account.credentials[0] == account.api_key
        exchange = Exchange(self._line, lambda: True)
        resource = "/Messages.json?PageSize=1" if with_key else ".json"
        url = f"{API}/2010-04-01/Accounts/{account.account_sid}{resource}"
        try:
            await self._client(exchange).request_async("GET", url)
        except ChannelDown as error:
            if not (with_key and error.evidence.code == 403):
                raise
        except DeliveryError as error:
            raise ChannelDown(error.reason, error.evidence) from error
        receipt = exchange.receipt
        if receipt.reply in ("suspended", "closed"):
            evidence = Evidence("response", receipt.code, None, receipt.reply, receipt.remote)
            raise ChannelDown(Reason.RETRIES_EXHAUSTED, evidence)

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self._line.pool.aclose()

    def _client(self, exchange: Exchange) -> Any:
        user, password = self._account.credentials
        return Client(user, password, self._account.account_sid, http_client=exchange)
