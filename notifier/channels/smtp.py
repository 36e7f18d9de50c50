"""The email channel: SMTP over a few kept connections.

Takes a finished mail and an address, gives the server's receipt. Refuses addresses that no
command can carry; never sends a mail twice by itself once the server may have it: whatever is
not certain is raised as Unknown.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from notifier.channels.smtp_account import Deadlines, SmtpAccount
from notifier.channels.smtp_pool import Pool
from notifier.channels.smtp_transaction import Letter, Transaction
from notifier.model.errors import ChannelDown, Evidence, Transient
from notifier.model.messages import About, Email, Medium, Outgoing, Receipt
from notifier.model.reasons import Reason

__all__ = ["Deadlines", "SmtpAccount", "SmtpChannel"]


class SmtpChannel:
    """Sends mails through one account."""

    name: Final = "email"
    medium: Final = Medium.EMAIL

    def __init__(self, account: SmtpAccount, deadlines: Deadlines | None = None) -> None:
        """Open nothing yet; raises ConfigurationError for an account that cannot work."""
        account.check()
        self.about: Final = About(title="Email", places=account.connections, commits_start=False)
        self._account = account
        self._deadlines = deadlines or Deadlines()
        self._pool = Pool(account, account.context(), self._deadlines)

    async def send(self, outgoing: Outgoing, still_ours: Callable[[], bool]) -> Receipt:
        """Hand the mail in once and give the server's words.

        A kept connection that the server had left before it took any part of the mail is
        replaced by a new one, once.
        """
        if not isinstance(outgoing.message, Email):
            raise TypeError("the email channel carries mails only")
        account = self._account
        letter = Letter(account.from_email, outgoing.to, outgoing.message.raw, account.remote)
        letter.check()
        async with self._pool.place:
            limit = self._limit()
            wire = await self._pool.take(limit)
            while True:
                try:
                    return await Transaction(wire, letter, self._deadlines, limit).run(still_ours)
                except (Transient, ChannelDown):
                    # A new one never was stale, so this ends.
                    if not wire.was_stale:
                        raise
                finally:
                    self._pool.give_back(wire)
                wire = await self._pool.open(limit)

    async def probe(self) -> None:
        """Open a session, sign in, and leave; raises ChannelDown when that fails."""
        limit = self._limit()
        try:
            async with asyncio.timeout_at(limit):
                await self._pool.place.acquire()
        except TimeoutError as error:
            evidence = Evidence(
                "connect",
                reply="every place is taken by a mail that waits for its reply",
                remote=self._account.remote,
            )
            raise ChannelDown(Reason.RETRIES_EXHAUSTED, evidence) from error
        try:
            self._pool.make_room()
            await self._pool.goodbye(await self._pool.open(limit))
        finally:
            self._pool.place.release()

    async def close(self) -> None:
        """Say goodbye on every connection; those in use follow when their mail is through."""
        await self._pool.close()

    def _limit(self) -> float:
        return asyncio.get_running_loop().time() + self._deadlines.attempt
