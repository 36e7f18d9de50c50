"""Trying a Twilio account for real, by reading only: sign-in, state, balance, sender.

Takes an account, gives findings. Refuses nothing: every failure is a finding with its cause and
its mend. What only a text message would show (the recipient's country, a carrier's
registration) is not looked at.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from notifier.channels import twilio_diagnosis as diagnosis
from notifier.channels.twilio import TwilioAccount
from notifier.channels.twilio_http import API, Exchange, Line
from notifier.model.errors import DeliveryError
from notifier.model.findings import Condition, Finding

MESSAGING = "https://messaging.twilio.com"
_MOST_VERIFIED = 50

_POOLS = {
    "PhoneNumbers": "phone_numbers",
    "ShortCodes": "short_codes",
    "AlphaSenders": "alpha_senders",
}
"""What a Messaging Service may send from, and how each list is named."""


async def check(account: TwilioAccount) -> list[Finding]:
    """Give what was found; raises ConfigurationError for an `api_base` that is no address."""
    desk = _Desk(account)
    try:
        return await desk.findings()
    finally:
        await desk.close()


class _Desk:
    """One account, read resource by resource; what may not be read says nothing."""

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        self._lines = [
            Line(account.api_base or base, account.connect_timeout, account.total_timeout, 2)
            for base in (API, MESSAGING)
        ]

    async def close(self) -> None:
        for line in self._lines:
            await line.pool.aclose()

    async def findings(self) -> list[Finding]:
        account = self._account
        with_key = account.credentials[0] == account.api_key
        try:
            # A key may not read its account, but may list the account's messages.
            fields = await self._read("/Messages.json?PageSize=1" if with_key else ".json")
        except DeliveryError as error:
            if not (with_key and error.evidence.code == 403):
                return [diagnosis.refused(account, error.evidence)]
            fields = {}
        who = "the API key" if with_key else "the auth token"
        found = [Finding(diagnosis.ABOUT, Condition.OK, f"signed in to Twilio with {who}")]
        stopped = diagnosis.status(fields)
        if stopped is not None:
            return [stopped]
        if diagnosis.is_trial(fields):
            found.append(await self._trial())
        return [*found, *await self._balance(), *await self._sender()]

    async def _trial(self) -> Finding:
        fields = await self._perhaps(f"/OutgoingCallerIds.json?PageSize={_MOST_VERIFIED}")
        if fields is None:
            return diagnosis.trial(None)
        return diagnosis.trial(diagnosis.count(fields, "outgoing_caller_ids"))

    async def _balance(self) -> list[Finding]:
        found = diagnosis.balance(await self._perhaps("/Balance.json") or {})
        return [] if found is None else [found]

    async def _sender(self) -> list[Finding]:
        account = self._account
        if account.messaging_service_sid:
            return await self._service(account.messaging_service_sid)
        sender = account.from_number or ""
        if re.fullmatch(r"\+[0-9]+", sender):
            path, tell = f"/IncomingPhoneNumbers.json?PhoneNumber={quote(sender)}", diagnosis.number
        elif sender.isdecimal():
            path, tell = f"/SMS/ShortCodes.json?ShortCode={sender}", diagnosis.short_code
        else:
            return [diagnosis.sender_name(account)]
        fields = await self._perhaps(f"{path}&PageSize=1")
        return [diagnosis.unseen(account) if fields is None else tell(account, fields)]

    async def _service(self, sid: str) -> list[Finding]:
        line, place = self._lines[1], f"/v1/Services/{quote(sid, safe='')}"
        try:
            await self._get(line, place)
            for pool, name in _POOLS.items():
                fields = await self._get(line, f"{place}/{pool}?PageSize=1")
                if diagnosis.has_any(fields, name):
                    return [diagnosis.service(self._account, senders=True)]
        except DeliveryError as error:
            missing = error.evidence.code == 404
            tell = diagnosis.no_service if missing else diagnosis.unseen
            return [tell(self._account)]
        return [diagnosis.service(self._account, senders=False)]

    async def _perhaps(self, resource: str) -> Mapping[str, object] | None:
        """Read what only helps; None when this sign-in may not, or it cannot be had now."""
        try:
            return await self._read(resource)
        except DeliveryError:
            return None

    async def _read(self, resource: str) -> Mapping[str, object]:
        path = f"/2010-04-01/Accounts/{self._account.account_sid}{resource}"
        return await self._get(self._lines[0], path)

    async def _get(self, line: Line, path: str) -> Mapping[str, object]:
        exchange = Exchange(line, lambda: True)
        user, password = self._account.credentials
        await exchange.request("GET", API + path, auth=(user or "", password or ""))
        return exchange.fields
