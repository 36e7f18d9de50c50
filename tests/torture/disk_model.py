"""What a disk may hold after the power failed: a model of files, their writes and their syncs.

Takes the steps of a trace, gives the bytes of both files of a store as they could be found then.
What was synced is there. Of each later write nothing, all, or some sectors of 512 or pages of 4,096
bytes are there, whatever became of earlier ones; what was never written reads as zeros. A file
that was there at the first step exists.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.integration.write_trace import Step

FILES = ("db", "wal")
_SECTOR, _PAGE = 512, 4096


@dataclass(slots=True)
class _File:
    """`pending` are the writes, in order, that no sync covers yet."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)
    covered: dict[str, list[Step]] = field(default_factory=dict)

    def synced(self, thread: str) -> None:
        done = {id(step) for step in self.covered.pop(thread)}
        for step in self.pending:
            if id(step) in done:
                _write(self.durable, step)
        self.pending = [step for step in self.pending if id(step) not in done]


class Disk:
    """Follows a trace."""

    def __init__(self) -> None:
        self._files = {name: _File() for name in FILES}

    def follow(self, step: Step) -> None:
        """Take one step; what does not concern a file of the store changes nothing."""
        file = self._files.get(step.where)
        if file is None:
            return
        match step.what:
            case "page" | "cut":
                file.pending.append(step)
            case "sync-begun":
                file.covered[step.thread] = list(file.pending)
            case "sync-done":
                file.synced(step.thread)

    def image(self, chance: random.Random) -> dict[str, bytes]:
        """Give both files as one of the possible ends left them."""
        return {name: _left(file, chance) for name, file in self._files.items()}


def _left(file: _File, chance: random.Random) -> bytes:
    content = bytearray(file.durable)
    match chance.choice(("nothing", "beginning", "some")):
        case "beginning":
            kept = chance.randrange(len(file.pending) + 1)
            for step in file.pending[:kept]:
                _write(content, step)
            for step in file.pending[kept : kept + 1]:
                _tear(content, step, chance)
        case "some":
            _scatter(content, file.pending, chance)
    return bytes(content)


def _scatter(content: bytearray, pending: Sequence[Step], chance: random.Random) -> None:
    """Keep each write or not, whole or torn, the later ones perhaps before the earlier ones."""
    share = chance.random()
    kept = [step for step in pending if chance.random() < share]
    if chance.random() < 0.5:
        chance.shuffle(kept)
    for step in kept:
        if chance.random() < 0.3:
            _tear(content, step, chance)
        else:
            _write(content, step)


def _write(content: bytearray, step: Step) -> None:
    if step.what == "cut":
        del content[step.offset :]
        content.extend(bytes(step.offset - len(content)))
        return
    end = step.offset + len(step.data)
    content.extend(bytes(max(end - len(content), 0)))
    content[step.offset : end] = step.data


def _tear(content: bytearray, step: Step, chance: random.Random) -> None:
    """Write some of the sectors, or of the pages, that the write touches."""
    if step.what == "cut":
        return
    unit, end = chance.choice((_SECTOR, _PAGE)), step.offset + len(step.data)
    first = step.offset
    while first < end:
        last = min((first // unit + 1) * unit, end)
        if chance.random() < 0.5:
            piece = step.data[first - step.offset : last - step.offset]
            _write(content, Step(step.thread, "page", step.where, piece, first))
        first = last
