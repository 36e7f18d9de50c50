"""What a process wrote, in its order, and whether each answer came after the sync that covers it.

Takes the trace of a process, from strace or from the shim, gives steps; takes steps, gives a
verdict. Refuses a trace that it cannot read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CALL = re.compile(rb"call-[0-9]{5}")
EVENT = re.compile(rb"evt_[0-9A-Za-z]+")
_FRAME_HEADER = 24

STRACE = (
    "strace",
    # The service stays our child, so that signals reach it and not strace.
    *("-D", "-f", "--seccomp-bpf"),
    *("-y", "-xx", "-s", "65536"),
    *("-e", "trace=pwrite64,ftruncate,write,writev,sendto,sendmsg,fdatasync,fsync"),
    *("-e", "signal=none"),
    "-o",
)

_BEGUN = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<file>\d+)<(?P<path>[^>]*)>")
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>")
_DATA = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_NUMBERS = re.compile(r", (\d+)(?:\) += | <unfinished)")
_RESULT = re.compile(r" = (-?\d+)[^=]*$")
_SYNCS = {"fdatasync", "fsync"}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a thread did.

    `page`: a write to a file of the store has ended, `cut`: its size was set to `offset`.
    `sync-begun`, `sync-done`: of that file. `where` is `db` or, for the write-ahead log, `wal`.
    `answer`: a write to a socket, or to something else that `where` tells apart, begins.
    """

    thread: str
    what: str
    where: str
    data: bytes
    offset: int = 0


@dataclass(slots=True)
class Verdict:
    """When each call was durable and when it was answered, by the number of the step."""

    durable: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    syncs: list[int] = field(default_factory=list)

    def too_early(self) -> list[str]:
        """Give the calls whose answer did not wait for a sync that covers them."""
        return [
            call
            for call, at in self.answered.items()
            if call not in self.durable or self.durable[call] > at
        ]

    def syncs_of_calls(self) -> int:
        """Give how many syncs there were from that of the first call to the last answer."""
        first, last = min(self.durable.values()), max(self.answered.values())
        return sum(1 for at in self.syncs if first <= at < last)


def judge(steps: Iterable[Step], calls: Mapping[str, str]) -> Verdict:
    """Follow every call, known by the id of its event, from the log to its answer.

    A call is covered by a sync that begins when the page that holds it, and the frame that
    commits it (a frame header with a size of the database, https://sqlite.org/fileformat2.html
    section 4.1), have been written.
    """
    verdict, log, answers = Verdict(), _Log(), Answers(calls)
    for number, step in enumerate(steps):
        match step.what, step.where:
            case "page", "wal":
                log.write(step.data)
            case "sync-begun", "wal":
                log.covering[step.thread] = set(log.committed)
            case "sync-done", "wal":
                verdict.syncs.append(number)
                for call in log.covering.pop(step.thread):
                    verdict.durable.setdefault(call, number)
            case "answer", _:
                verdict.answered |= answers.given(number, step)
    return verdict


@dataclass(slots=True)
class _Log:
    written: set[str] = field(default_factory=set)
    committed: set[str] = field(default_factory=set)
    covering: dict[str, set[str]] = field(default_factory=dict)
    commits: bool = False

    def write(self, data: bytes) -> None:
        if len(data) == _FRAME_HEADER:
            self.commits = data[4:8] != bytes(4)
            return
        self.written.update(call.decode() for call in CALL.findall(data))
        if self.commits:
            self.committed |= self.written


@dataclass(slots=True)
class Answers:
    """Knows, while the steps go by, which of these calls (by their events) were answered."""

    calls: Mapping[str, str]
    heads: dict[str, int] = field(default_factory=dict)

    def given(self, number: int, step: Step) -> dict[str, int]:
        """Give the calls that a write answers, with the step in which the head was written."""
        if b"HTTP/1.1 202 " in step.data:
            self.heads[step.where] = number
        events = [event.decode() for event in EVENT.findall(step.data)]
        known = [event for event in events if event in self.calls and step.where in self.heads]
        return {self.calls[event]: self.heads[step.where] for event in known}


def from_shim(path: Path) -> Iterator[Step]:
    """Read what the shimmed service wrote."""
    with path.open() as lines:
        for line in lines:
            thread, what, where, offset, data = line.removesuffix("\n").split(" ")
            yield Step(thread, what, where, bytes.fromhex(data), int(offset))


def from_strace(path: Path) -> Iterator[Step]:
    """Read what strace wrote; a call that another one interrupts stands in two lines."""
    begun: dict[str, _Call] = {}
    with path.open() as lines:
        for line in lines:
            if _RESUMED.match(line) is None:
                start = _BEGUN.match(line)
                if start is None:
                    continue
                numbers = _NUMBERS.search(line)
                last = int(numbers[1]) if numbers else 0
                opened = _Call(start["call"], _text(start["path"]).decode(), _written(line), last)
                begun[start["thread"]] = opened
                yield from _at_begin(start["thread"], opened)
            if "<unfinished ...>" not in line:
                thread = line.split(" ")[0]
                call = begun.pop(thread)
                # A process that was killed never learned the result.
                if not line.rstrip().endswith("= ?"):
                    yield from _at_end(thread, call, _RESULT.search(line))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call with the data that it was given and the last number among its arguments."""

    name: str
    path: str
    data: bytes
    number: int

    @property
    def file(self) -> str | None:
        if self.path.endswith("-wal"):
            return "wal"
        return "db" if self.path.endswith(".db") else None


def _at_begin(thread: str, call: _Call) -> Iterator[Step]:
    if call.name in _SYNCS and call.file is not None:
        yield Step(thread, "sync-begun", call.file, b"")
    elif call.name not in {*_SYNCS, "pwrite64", "ftruncate"}:
        yield Step(thread, "answer", call.path, call.data)


def _at_end(thread: str, call: _Call, result: re.Match[str] | None) -> Iterator[Step]:
    if call.file is None or call.name not in {*_SYNCS, "pwrite64", "ftruncate"}:
        return
    assert result is not None, "a call without a result"
    if call.name == "pwrite64":
        assert int(result[1]) == len(call.data), f"a write cut short: {result[0]}"
        yield Step(thread, "page", call.file, call.data, call.number)
        return
    assert result[1] == "0", f"{call.name} failed: {result[0]}"
    what = "sync-done" if call.name in _SYNCS else "cut"
    yield Step(thread, what, call.file, b"", 0 if call.name in _SYNCS else call.number)


def _written(line: str) -> bytes:
    return b"".join(map(_text, _DATA.findall(line)))


def _text(shown: str) -> bytes:
    """Read what may be written as \\xHH."""
    return re.sub(
        rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), shown.encode()
    )
