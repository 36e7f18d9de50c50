"""Reading a call once more that no event could be made of before.

Takes authorised POST calls, gives what the call was read as. Refuses ids that lead to nothing
(404), calls that were read already (409) or are erased (410), and says so when nothing can be
committed (429, 503).
"""

from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request

from notifier.intake import Refusal
from notifier.model.errors import WebhookError
from notifier.sources.call import Source
from notifier.store.base import Recorded
from notifier.web import problems, shapes
from notifier.web.answers import Answer, json_answer
from notifier.web.api import number_in

Find = Callable[[str], Source]

_ACCEPTED = 202


class Replayer(Protocol):
    """What reads a kept call again."""

    async def replay(self, event_id: int, find: Find) -> Recorded | Refusal | None:
        """Read it by its source as it is now; None when there is no event with this id."""
        ...


class History(Protocol):
    """The store, as far as it is asked here."""

    async def event(self, event_id: int) -> object | None:
        """Give an event, None when there is none."""
        ...


class Replays:
    """The endpoint under /v1/events that does something."""

    def __init__(
        self, replayer: Replayer, history: History, find: Find, public_base_url: str | None
    ) -> None:
        """`find` gives the source of a name; `public_base_url` is the only base of links."""
        self._replayer = replayer
        self._history = history
        self._find = find
        self._base = (public_base_url or "").rstrip("/")

    async def replay(self, request: Request) -> Answer:
        """POST /v1/events/{id}/replay."""
        number = number_in("evt", request)
        if number is None:
            return problems.not_found()
        try:
            done = await self._replayer.replay(number, self._find)
        except WebhookError as error:
            return problems.of_webhook(error)
        if done is None:
            if await self._history.event(number) is None:
                return problems.not_found()
            return problems.never_unmapped()
        if isinstance(done, Refusal):
            return problems.not_replayed(done.why, gone=done.code == "gone")
        return json_answer(_ACCEPTED, shapes.recorded(done, self._base))
