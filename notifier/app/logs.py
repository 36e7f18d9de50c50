"""Logging: one line per fact, through a queue, so that a slow terminal never stops the loop.

Takes a format (`console` or `json`) and a level, gives a running listener. Every line carries an
`action` of model/actions.py, and the id of the call that it was written for; addresses are
shortened and lengths bounded, whoever wrote it. Refuses nothing; when the queue is full, lines
are dropped and counted.
"""

import contextlib
import io
import json
import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Mapping
from types import TracebackType

from notifier.model import masking, times
from notifier.web import request_ids

_MOST_WAITING = 10_000
_AT_ONCE = 250
_GATHERING = 0.02
"""Seconds after one write to the next: under load, so much of the log is lost by SIGKILL."""

_LONGEST = 2000
_LONGEST_TRACE = 20_000
_MOST = 20
_UNSHOWN = ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks", "_srcfile")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


ErrorInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, message, and what the line carries besides."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record as one line."""
        line: dict[str, object] = {
            "time": times.to_text(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "message": _shown(_message(record)),
        }
        line.update(_extras(record))
        if record.exc_info:
            line["exception"] = _trace(self, record.exc_info)
        return json.dumps(line)


class ConsoleLines(logging.Formatter):
    """One line of text per record: time, level, message, `name=value` for what it carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record as one line, however many it was given."""
        carried = " ".join(f"{name}={_joined(value)}" for name, value in _extras(record).items())
        time = times.to_text(int(record.created * 1000))
        text = f"{time} {record.levelname:<7} {_shown(_message(record))}"
        if record.exc_info:
            text += " | " + _trace(self, record.exc_info)
        whole = f"{text}  {carried}" if carried else text
        # What would end the line, move the cursor or change the colours is written out.
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), whole)


def _message(record: logging.LogRecord) -> str:
    # Made where it was logged, unless the record comes from elsewhere.
    made = record.__dict__.get("message")
    return record.getMessage() if made is None else str(made)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: _shown(value) for name, value in record.__dict__.items() if name not in _STANDARD}


def _shown(value: object) -> object:
    """Give a value as it may be written: addresses shortened, lengths bounded."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return [_shown(one) for one in value[:_MOST]]
    return masking.masked(str(value)[:_LONGEST])


def _joined(value: object) -> object:
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _trace(formatter: logging.Formatter, error: ErrorInfo) -> str:
    # Its end says what happened.
    return masking.masked_foreign(formatter.formatException(error)[-_LONGEST_TRACE:])


class _Waiting(logging.Handler):
    """Keeps records until they are written, or counts them when too many wait."""

    def __init__(self) -> None:
        super().__init__()
        self._records: deque[logging.LogRecord] = deque()
        self._dropped = 0
        self.some = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record with what is known only now and here; `handle` holds the lock."""
        if len(self._records) >= _MOST_WAITING:
            self._dropped += 1
            return
        # Other handlers may see the same record, so that nothing they read is changed in it.
        record.message = record.getMessage()
        request = request_ids.current.get()
        if request is not None:
            record.request = request
        if "action" not in record.__dict__:
            record.action, record.logger = "library.said", record.name
        if self._dropped:
            record.dropped_lines, self._dropped = self._dropped, 0
        self._records.append(record)
        # Waking a thread costs more than the line; one that is awake takes them all.
        if not self.some.is_set():
            self.some.set()

    def take(self) -> list[logging.LogRecord]:
        """Give some of what waits, oldest first."""
        return [self._records.popleft() for _ in range(min(_AT_ONCE, len(self._records)))]


def _ask_for(wanted: Mapping[str, bool]) -> None:
    for name, value in wanted.items():
        setattr(logging, name, value)


class Logs:
    """Owns the thread that writes; everything logged between `start` and `stop` is written."""

    def __init__(self, style: str, level: str) -> None:
        """`style` is `console` or `json`; `level` one of debug, info, warning, error."""
        # A handler of its own survives a record that cannot be written as text.
        self._formatted = logging.StreamHandler(io.StringIO())
        self._formatted.setFormatter(JsonLines() if style == "json" else ConsoleLines())
        self._terminal = sys.stderr
        self._waiting = _Waiting()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="logs", daemon=True)
        self._level = level.upper()
        self._asked: dict[str, bool] = {}

    def start(self) -> None:
        """Take over the root logger."""
        # What no line shows need not be asked for with each (the Logging HOWTO, "Optimization").
        self._asked = {name: getattr(logging, name) for name in _UNSHOWN if hasattr(logging, name)}
        _ask_for(dict.fromkeys(self._asked, False))
        root = logging.getLogger()
        root.handlers = [self._waiting]
        root.setLevel(self._level)
        for chatty in ("httpx2", "httpcore2", "twilio.async_http_client", "asyncio", "uvicorn"):
            logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued and let go of the root logger."""
        self._stopping.set()
        self._waiting.some.set()
        self._thread.join()
        logging.getLogger().handlers = []
        _ask_for(self._asked)

    def _loop(self) -> None:
        ending = False
        while not ending:
            self._waiting.some.wait()
            self._waiting.some.clear()
            # Known before the last look, so that nothing logged before the end is left out.
            ending = self._stopping.is_set()
            while records := self._waiting.take():
                self._write(records)
            # A line that comes alone never waits; what comes now leaves together.
            self._stopping.wait(_GATHERING)

    def _write(self, records: list[logging.LogRecord]) -> None:
        """Write lines by one call to the system: under load that costs more than the lines."""
        with io.StringIO() as lines:
            self._formatted.setStream(lines)
            for record in records:
                self._formatted.emit(record)
            # There is nobody to tell that the terminal is gone.
            with contextlib.suppress(OSError, ValueError):
                self._terminal.write(lines.getvalue())
                self._terminal.flush()
