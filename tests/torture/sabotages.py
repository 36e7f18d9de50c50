"""Defects that a harness must find, each planted into the parts before the service starts."""

import binascii
import functools
import json
import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apsw

from notifier import clock
from notifier.app import serving
from notifier.app.reloading import Reload
from notifier.dispatch.dispatcher import Dispatcher
from notifier.intake import Intake
from notifier.model.errors import StoreFailed
from notifier.rendering import text
from notifier.rendering.renderer import Renderer
from notifier.sources import coercing, signatures, strict_json
from notifier.store import connection, upkeep
from notifier.store.base import HandOver, Recorded
from notifier.store.context import Tick
from notifier.store.sqlite import SqliteStore
from notifier.store.writer import Writer
from notifier.web.guard import guarded

_FOREVER = 1_000_000.0
_BEFORE_COMMIT = 0.25
"""Seconds: long enough to be killed in, on a slow machine too."""


def replace_part(where: object, name: str, part: object) -> None:
    """Put another part in the place of one that the service is made of."""
    setattr(where, name, part)


def answer_before_the_commit() -> None:
    """A 202 is written while its transaction is still open."""

    def tick(self: Any, works: list[Any]) -> None:
        made = Tick(self._clock.now(), self._free())
        self._connection.execute("BEGIN IMMEDIATE")
        results = self._do(works, made)
        made.next_wake = self._look_ahead()
        self._deliver(results, HandOver((), ()))
        time.sleep(_BEFORE_COMMIT)
        self._connection.execute("COMMIT")
        self._committed(made)
        self._deliver([], HandOver(tuple(made.batches), tuple(made.unwanted)))

    replace_part(Writer, "_tick", tick)


def synchronous_normal() -> None:
    """A commit returns before its pages are on the disk."""
    whole = connection.open_writer

    def lazy(path: Any) -> apsw.Connection:
        opened = whole(path)
        opened.pragma("synchronous", "normal")
        return opened

    replace_part(connection, "open_writer", lazy)


def forget_what_was_interrupted() -> None:
    """What a dead process was sending stays as it is."""
    replace_part(upkeep, "recover", lambda context, tx, now, held: 0)


def repeat_with_other_bytes() -> None:
    """Each try of a mail is rendered under an identity of its own."""
    whole = Renderer.render

    def render(self: Any, batch: Any, medium: Any) -> Any:
        other = replace(batch, first_at=batch.first_at + 1000 * secrets.randbelow(10_000))
        return whole(self, replace(other, stored=None), medium)

    replace_part(Renderer, "render", render)


def exit_at_once() -> None:
    """SIGTERM ends the process as it is, with status 0."""

    async def drain(self: Any, grace: int) -> None:
        os._exit(0)

    replace_part(Dispatcher, "drain", drain)


def stop_never() -> None:
    """SIGTERM waits for sends for as long as they take."""
    whole = Dispatcher.drain

    async def drain(self: Any, grace: int) -> None:
        await whole(self, int(_FOREVER))

    replace_part(Dispatcher, "drain", drain)


def accept_without_storing() -> None:
    """What cannot be committed is answered 202 all the same."""
    whole = SqliteStore.record

    async def record(self: Any, call: Any) -> Recorded:
        try:
            return await whole(self, call)
        except StoreFailed:
            return Recorded(secrets.randbits(62), "accepted", None, ())

    replace_part(SqliteStore, "record", record)


def no_deadlines() -> None:
    """The door waits for every caller for ever."""
    replace_part(serving, "guarded", functools.partial(guarded, _FOREVER, _FOREVER))


def raise_at_bad_signatures() -> None:
    """A signature without a comma is not a refusal but a fault, as in the reference verifier."""

    def digests(given: bytes) -> list[bytes]:
        return [binascii.a2b_base64(item.split(b",")[1]) for item in given.split(b" ")]

    replace_part(signatures, "_digests", digests)


def keep_every_body() -> None:
    """Each body that was read stays in memory, many times over."""
    whole, kept = strict_json.loads, list[bytearray]()

    def loads(body: bytes) -> object:
        kept.append(bytearray(os.urandom(1) * 262_144))
        return whole(body)

    replace_part(strict_json, "loads", loads)


def take_every_value_for_text() -> None:
    """What a body holds is cleaned as text before anybody looks what it is."""

    def text(value: Any) -> str | None:
        return None if value is None else value.strip() or None

    replace_part(coercing, "text", text)


def believe_the_wall_clock() -> None:
    """Every instant is read from the wall clock."""
    replace_part(clock.SystemClock, "now", lambda self: time.time_ns() // 1_000_000)


def leave_text_as_it_is() -> None:
    """What a help desk sent stands in messages with its control characters."""
    replace_part(text, "clean", lambda given, limit: given or "")


def log_what_is_received() -> None:
    """The log shows the body of every call."""
    whole = Intake.receive

    async def receive(self: Any, desk: Any, call: Any) -> Recorded:
        said = json.dumps(call.body.decode("utf-8", "replace"))
        logging.getLogger("notifier.intake").info("received %s", said)
        return await whole(self, desk, call)

    replace_part(Intake, "receive", receive)


def forget_the_sources_first() -> None:
    """While the file is read again, no source is known."""
    whole = Reload.__call__

    async def reload(self: Any) -> Any:
        self.desks.replace({})
        return await whole(self)

    replace_part(Reload, "__call__", reload)


SABOTAGES: dict[str, Callable[[], None]] = {
    planted.__name__.replace("_", "-"): functools.partial(planted)
    for planted in (
        answer_before_the_commit,
        synchronous_normal,
        forget_what_was_interrupted,
        repeat_with_other_bytes,
        exit_at_once,
        stop_never,
        accept_without_storing,
        no_deadlines,
        raise_at_bad_signatures,
        keep_every_body,
        take_every_value_for_text,
        believe_the_wall_clock,
        leave_text_as_it_is,
        log_what_is_received,
        forget_the_sources_first,
    )
}
