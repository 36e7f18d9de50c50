"""Days drawn at random, with moody providers and crashes: what every one of them keeps to."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from notifier.model.deliveries import OutcomeKind
from notifier.model.events import Party
from notifier.model.messages import Email
from notifier.model.rates import Limits, Window
from notifier.model.states import TERMINAL
from notifier.model.times import MINUTE, SECOND, Instant
from tests.acceptance.providers import (
    API_DOWN,
    GREYLISTED,
    LATER,
    NO_ANSWER,
    NO_CONNECTION,
    NO_MAILBOX,
    NO_REPLY,
)
from tests.acceptance.scenario import JANE, JOHN, MARY, Desk, message_id, with_phone
from tests.scripted_channel import ScriptedChannel, Sent, Step

SHORT = {
    "RATE_LIMIT_EMAIL": "2/20s 3/45s",
    "RATE_LIMIT_SMS": "1/15s 2/40s",
    "RATE_LIMIT_CRITICAL": "1/30s",
    "EMAIL_TTL": "4m",
    "SMS_TTL": "3m",
}
RESERVE = (Window(1, 30 * SECOND),)
LIMITS = {
    "email": Limits((Window(2, 20 * SECOND), Window(3, 45 * SECOND)), RESERVE),
    "sms": Limits((Window(1, 15 * SECOND), Window(2, 40 * SECOND)), RESERVE),
}
LONGEST_TTL = 4 * MINUTE
SLOWEST = 40 * SECOND
# A day takes a third of a second, and to shrink one takes hundreds of them.
WITHOUT_SHRINKING = tuple(phase for phase in Phase if phase is not Phase.shrink)
NOT_AGAIN = {OutcomeKind.UNKNOWN, OutcomeKind.INTERRUPTED}


@dataclass(frozen=True)
class Happens:
    """One event; a burst of them is as many tickets more."""

    kind: str
    ticket: int
    to: Party
    priority: str
    burst: int


@dataclass(frozen=True)
class Crash:
    """The process dies, and starts again so many milliseconds later."""

    down: int


Day = Sequence[tuple[int, Happens | Crash]]

people = st.sampled_from([with_phone(JOHN), JANE, MARY])
kinds = st.sampled_from(["assigned", "assigned", "created", "unassigned", "resolved"])
priorities = st.sampled_from(["critical", "high", "low"])
bursts = st.sampled_from([1, 1, 1, 8])
happenings = st.builds(Happens, kinds, st.integers(1, 6), people, priorities, bursts)
crashes = st.builds(Crash, st.sampled_from([0, 5 * SECOND]))
days = st.lists(
    st.tuples(st.integers(0, 30 * SECOND), happenings | happenings | crashes),
    min_size=3,
    max_size=10,
)


def moods(*errors: Exception) -> st.SearchStrategy[list[Step]]:
    """Draw what a provider does next; whatever it refuses, it refuses before the last byte."""
    step = st.builds(
        Step,
        before=st.integers(0, 3 * SECOND),
        takes=st.integers(0, 5 * SECOND) | st.just(SLOWEST),
        error=st.sampled_from([None, None, *errors]),
    )
    return st.lists(step, max_size=20)


mail_moods = moods(LATER, GREYLISTED, NO_MAILBOX, NO_REPLY, NO_CONNECTION)
text_moods = moods(LATER, NO_ANSWER, API_DOWN)


@given(days, mail_moods, text_moods, st.floats(0, 1))
@settings(max_examples=20, deadline=None, phases=WITHOUT_SHRINKING)
def test_every_day_keeps_the_limits_and_ends_everything_in_time(
    day: Day, mails: list[Step], texts: list[Step], jitter: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(Path(folder), day, (mails, texts), jitter))


async def _play(
    folder: Path, day: Day, scripts: tuple[list[Step], list[Step]], jitter: float
) -> None:
    async with Desk(folder, **SHORT) as desk:
        desk.jitter = jitter
        desk.email.script(*scripts[0])
        desk.sms.script(*scripts[1])
        for pause, what in day:
            await desk.passes(pause)
            await _let(desk, what)
        await desk.passes(LONGEST_TTL + MINUTE)
        for wire in (desk.email, desk.sms):
            _no_window_is_overfull(wire)
        _a_retried_mail_is_the_same(desk.email.tried)
        await _everything_ended_in_time(desk)
        await _no_text_message_is_posted_twice(desk)


async def _let(desk: Desk, what: Happens | Crash) -> None:
    if isinstance(what, Crash):
        await desk.is_down_for(what.down)
        return
    tickets = [(str(what.ticket + 10 * more), what.to) for more in range(what.burst)]
    await desk.all_at_once(what.kind, tickets, priority=what.priority)


def _no_window_is_overfull(wire: ScriptedChannel) -> None:
    """Hold what left against the limits, as whoever receives it could do.

    Nobody outside sees which bucket a send counted in, so some way of sharing them out must do.
    """
    by_lane: dict[str, list[Sent]] = defaultdict(list)
    for sent in wire.log:
        by_lane[sent.to].append(sent)
    limits = LIMITS[wire.name]
    for lane in by_lane.values():
        sends = [(sent.at, _is_critical(sent)) for sent in lane]
        assert _can_be_shared_out(sends, limits, ([], [])), sends


def _is_critical(sent: Sent) -> bool:
    said = sent.message.text if isinstance(sent.message, Email) else sent.message.body
    return "CRITICAL" in said


def _can_be_shared_out(
    sends: Sequence[tuple[Instant, bool]],
    limits: Limits,
    taken: tuple[list[Instant], list[Instant]],
) -> bool:
    if not sends:
        return True
    (at, critical), *rest = sends
    normal, reserve = taken
    if _has_room(at, normal, limits.normal) and _can_be_shared_out(
        rest, limits, ([*normal, at], reserve)
    ):
        return True
    return (
        critical
        and _has_room(at, reserve, limits.reserve)
        and _can_be_shared_out(rest, limits, (normal, [*reserve, at]))
    )


def _has_room(at: Instant, taken: list[Instant], windows: Sequence[Window]) -> bool:
    """Tell whether one more send leaves every window, from whichever send it starts, in bounds."""
    return all(
        sum(at - window.length < other for other in taken) < window.count for window in windows
    )


def _a_retried_mail_is_the_same(tried: Sequence[Sent]) -> None:
    first: dict[str, bytes] = {}
    for sent in tried:
        assert isinstance(sent.message, Email)
        raw = sent.message.raw
        assert first.setdefault(message_id(sent), raw) == raw


async def _everything_ended_in_time(desk: Desk) -> None:
    for view in await desk.deliveries():
        assert view.state in TERMINAL, view
        assert view.finished_at is not None
        assert view.finished_at <= view.expires_at + MINUTE, view


async def _no_text_message_is_posted_twice(desk: Desk) -> None:
    for view in await desk.deliveries():
        if view.channel == "sms":
            detail = await desk.house.store.delivery(view.id)
            assert detail is not None
            ended = [OutcomeKind(attempt.outcome) for attempt in detail.attempts]
            assert not NOT_AGAIN & set(ended[:-1]), ended
