"""One mail over one connection: MAIL, RCPT, DATA, the body, and at the very end the dot.

Takes a letter and a wire, gives a receipt. Refuses a letter that would break out of its
command, or that the server said it cannot take, before a byte of it leaves. The dot is the
only byte that cannot be taken back: before it everything is certain, after it only a reply is.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from notifier.channels.smtp_account import Deadlines, is_address
from notifier.channels.smtp_replies import CLOSING, Reply, refusal
from notifier.channels.smtp_wire import Offers, Wire
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Evidence,
    HandedBack,
    Permanent,
    Transient,
    Unknown,
)
from notifier.model.messages import Receipt
from notifier.model.reasons import Reason

_PIECE = 16 * 1024
_DOT = b".\r\n"
_GO_ON = 354


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail with its envelope; `raw` is finished, lines end with CRLF, dots are single."""

    sender: str
    to: str
    raw: bytes
    remote: str

    def check(self) -> None:
        """Raise Permanent for what may not go out over any connection."""
        if not is_address(self.to):
            raise self._unfit("rcpt", Reason.BAD_ADDRESS, "not an address that mail can go to")
        ends = self.raw.count(b"\r\n")
        if self.raw.count(b"\n") != ends or self.raw.count(b"\r") != ends:
            # A server that takes such a byte for the end of a line could be made to see a
            # second mail in this one.
            raise self._unfit("render", Reason.TEMPLATE_ERROR, "a line that does not end in CRLF")

    def commands(self, offers: Offers) -> dict[str, bytes]:
        """Give the commands by phase; raises Permanent or ChannelDown for what is not offered."""
        size = len(self.raw)
        if offers.size and size > offers.size:
            words = f"{size} bytes are more than the {offers.size} that the mail server takes"
            raise self._unfit("mail", Reason.TOO_LARGE, words)
        options = f" SIZE={size}" if offers.size is not None else ""
        if not (self.to.isascii() and self.sender.isascii()):
            self._need_smtputf8(offers)
            options += " SMTPUTF8"
        return {
            "mail": f"MAIL FROM:<{self.sender}>{options}\r\n".encode(),
            "rcpt": f"RCPT TO:<{self.to}>\r\n".encode(),
            "data": b"DATA\r\n",
        }

    def _need_smtputf8(self, offers: Offers) -> None:
        if offers.smtputf8:
            return
        words = "the mail server takes no addresses beyond ASCII (it does not offer SMTPUTF8)"
        if not self.sender.isascii():
            evidence = Evidence("mail", reply=words, remote=self.remote)
            raise ChannelDown(Reason.RETRIES_EXHAUSTED, evidence)
        raise self._unfit("rcpt", Reason.BAD_ADDRESS, words)

    def _unfit(self, phase: str, reason: Reason, words: str) -> Permanent:
        return Permanent(reason, Evidence(phase, reply=words, remote=self.remote))


def stuffed(raw: bytes) -> bytes:
    """Give the body as it is written: dots at line starts doubled (RFC 5321 section 4.5.2)."""
    body = raw.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


class Transaction:
    """One letter's way; made for one try on one wire."""

    def __init__(self, wire: Wire, letter: Letter, deadlines: Deadlines, limit: float) -> None:
        """`limit` is the loop's time by which the dot must have been written."""
        self._wire = wire
        self._letter = letter
        self._deadlines = deadlines
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._phase = "mail"
        self._in_step = False

    async def run(self, still_ours: Callable[[], bool]) -> Receipt:
        """Hand the letter in; raises DeliveryError.

        `still_ours` is asked when the whole body has left, right before the dot. Whatever
        leaves the conversation out of step, a cancellation too, closes the connection.
        """
        commands = self._letter.commands(self._wire.offers)
        self._wire.begin()
        try:
            await self._envelope(commands)
            await self._body()
            self._wire.check()
            if not still_ours():
                raise HandedBack(Reason.EXPIRED, self._evidence("no longer ours to send"))
            return await self._dot()
        except TimeoutError as error:
            raise self._silence() from error
        except ConnectionError as error:
            raise self._loss(error) from error
        finally:
            if not self._in_step:
                self._wire.abort("left in the middle of a message")

    async def _envelope(self, commands: dict[str, bytes]) -> None:
        together = self._wire.offers.pipelining
        if together:
            # RFC 2920 section 3.1: DATA may be the last of a group.
            self._wire.write(b"".join(commands.values()), len(commands))
        for number, (phase, command) in enumerate(commands.items(), 1):
            self._phase = phase
            if not together:
                self._wire.write(command, 1)
            said = await self._wire.reply(self._soon())
            fine = said.code == _GO_ON if phase == "data" else said.positive
            if not fine:
                await self._refused(said, len(commands) - number if together else 0)
            self._wire.accepted += 1

    async def _refused(self, said: Reply, owed: int) -> None:
        """Bring the conversation to where RSET helps, and raise what `said` amounts to.

        It is certain by now, whatever becomes of the connection.
        """
        error = refusal(self._phase, said, self._letter.remote)
        if said.code == CLOSING:
            self._wire.hang_up()
        elif said.code >= 400:
            try:
                self._in_step = await self._settled(owed)
            except (TimeoutError, ConnectionError):
                self._in_step = False
        self._wire.dirty = True
        raise error

    async def _settled(self, owed: int) -> bool:
        """Read the replies still owed; tell whether they made sense."""
        last = None
        for _ in range(owed):
            last = await self._wire.reply(self._soon())
        if last is not None and last.code == _GO_ON:
            # RFC 2920 section 3.1: it waits for a mail without recipients, and must be given
            # an empty one. The body might be taken.
            self._wire.write(_DOT, 1)
            last = await self._wire.reply(self._soon())
        return last is None or last.code >= 400 or last.positive

    async def _body(self) -> None:
        self._phase = "body"
        body = stuffed(self._letter.raw)
        for start in range(0, len(body), _PIECE):
            self._wire.write(body[start : start + _PIECE])
            await self._wire.drained(self._soon())

    async def _dot(self) -> Receipt:
        self._wire.write(_DOT, 1)
        self._phase = "dot"
        said = await self._wire.reply(self._loop.time() + self._deadlines.dot)
        if said.positive:
            self._in_step = True
            remote = self._letter.remote
            return Receipt(said.queue_id, said.code, said.enhanced, said.text, remote)
        self._in_step = said.code >= 400 and said.code != CLOSING
        self._wire.dirty = True
        raise refusal("dot", said, self._letter.remote)

    def _soon(self) -> float:
        return min(self._loop.time() + self._deadlines.command, self._limit)

    def _silence(self) -> DeliveryError:
        if self._phase == "dot":
            words = f"no reply to the mail within {self._deadlines.dot:g} s"
            return Unknown(Reason.OUTCOME_UNKNOWN, self._evidence(words))
        if self._loop.time() >= self._limit:
            words = f"the mail server took longer than {self._deadlines.attempt:g} s"
        else:
            words = f"the mail server was silent for {self._deadlines.command:g} s"
        return ChannelDown(Reason.RETRIES_EXHAUSTED, self._evidence(words))

    def _loss(self, error: ConnectionError) -> DeliveryError:
        if self._phase == "dot":
            return Unknown(Reason.OUTCOME_UNKNOWN, self._evidence(str(error)))
        unasked = self._wire.unasked
        if unasked is not None and unasked.code == CLOSING:
            return refusal(self._phase, unasked, self._letter.remote)
        return Transient(Reason.RETRIES_EXHAUSTED, self._evidence(str(error)))

    def _evidence(self, words: str) -> Evidence:
        return Evidence(self._phase, reply=words, remote=self._letter.remote)
