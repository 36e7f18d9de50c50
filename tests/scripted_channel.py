"""A channel for timed scenarios: what its provider does is written down before.

Takes steps, for one address or for whoever comes next, gives what was tried and what left.
Refuses what its script says.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from notifier.model.errors import DeliveryError, Evidence, HandedBack
from notifier.model.messages import About, Medium, Message, Outgoing, Receipt
from notifier.model.reasons import Reason
from notifier.model.times import Clock, Instant, Millis

_AFTER_THE_BYTE = frozenset({"dot", "response"})
_TITLES = {Medium.EMAIL: "Email", Medium.SMS: "SMS"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One message, with the instant at which it was tried or left, and the attempt's name."""

    at: Instant
    to: str
    message: Message
    nonce: str
    valid_for: int


@dataclass(slots=True, eq=False)
class Step:
    """What the provider does with one message.

    `before` passes before the irreversible byte, `takes` after it. With `hangs`, the reply
    (`hangs="reply"`) or the byte (`hangs="byte"`) waits for `release`. An error whose phase
    comes before the byte is raised before it, one that is `late` or has a later phase after.
    """

    before: Millis = 0
    takes: Millis = 0
    error: Exception | None = None
    hangs: str | None = None
    late: bool = False
    release: asyncio.Event = field(default_factory=asyncio.Event)


def accept(*, before: Millis = 0, takes: Millis = 0) -> Step:
    """Take the message."""
    return Step(before, takes)


def refuse(error: Exception, *, late: bool = False) -> Step:
    """Raise the error."""
    return Step(error=error, late=late)


def hang(at: str = "reply", error: Exception | None = None) -> Step:
    """Say nothing until released, then raise the error or take the message."""
    return Step(error=error, hangs=at)


class ScriptedChannel:
    """Implements notifier.channels.base.Channel.

    `tried` and `log` hold what was tried and what passed the irreversible byte; `probed` the
    instants of probes. Without a script, `usual` happens.
    """

    def __init__(
        self, clock: Clock, medium: Medium = Medium.EMAIL, places: int = 4, name: str | None = None
    ) -> None:
        self._clock = clock
        self._name = name or medium.value
        self._medium = medium
        self._about = About(_TITLES[medium], places, commits_start=medium is Medium.SMS)
        self._steps: deque[Step] = deque()
        self._steps_to: defaultdict[str, deque[Step]] = defaultdict(deque)
        self.usual = Step()
        self.probes: deque[Exception] = deque()
        self.tried: list[Sent] = []
        self.log: list[Sent] = []
        self.probed: list[Instant] = []
        self.running = 0
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def medium(self) -> Medium:
        return self._medium

    @property
    def about(self) -> About:
        return self._about

    def script(self, *steps: Step, to: str | None = None) -> None:
        """Add steps for one address, or for whoever comes next without one of their own."""
        (self._steps if to is None else self._steps_to[to]).extend(steps)

    async def send(self, outgoing: Outgoing, still_ours: Callable[[], bool]) -> Receipt:
        self.tried.append(self._entry(outgoing))
        self.running += 1
        try:
            return await self._follow(self._step(outgoing.to), outgoing, still_ours)
        finally:
            self.running -= 1

    async def _follow(
        self, step: Step, outgoing: Outgoing, still_ours: Callable[[], bool]
    ) -> Receipt:
        await self._pass(step, "byte", step.before)
        if step.error is not None and not _comes_late(step):
            raise step.error
        if not still_ours():
            raise HandedBack(Reason.EXPIRED, Evidence("body"))
        self.log.append(self._entry(outgoing))
        number = len(self.log)
        await self._pass(step, "reply", step.takes)
        if step.error is not None:
            raise step.error
        return Receipt(f"{self._name}-{number}", 250, "2.0.0", "Ok", "127.0.0.1:25")

    async def _pass(self, step: Step, part: str, duration: Millis) -> None:
        if step.hangs == part:
            await step.release.wait()
        if duration:
            await self._clock.sleep(duration)

    def _step(self, to: str) -> Step:
        steps = self._steps_to[to] or self._steps
        return steps.popleft() if steps else self.usual

    def _entry(self, outgoing: Outgoing) -> Sent:
        return Sent(
            self._clock.now(), outgoing.to, outgoing.message, outgoing.nonce, outgoing.valid_for
        )

    async def probe(self) -> None:
        """Succeed, or raise the next error of `probes`."""
        self.probed.append(self._clock.now())
        if self.probes:
            raise self.probes.popleft()

    async def close(self) -> None:
        self.closed = True


def _comes_late(step: Step) -> bool:
    error = step.error
    return step.late or (
        isinstance(error, DeliveryError) and error.evidence.phase in _AFTER_THE_BYTE
    )
