"""Logging: one line per fact, through a queue, so that a slow terminal never stops the loop.

Takes a format (`console` or `json`) and a level, gives a running listener. Every line carries an
`action` of model/actions.py, and the id of the call that it was written for; addresses are
shortened and lengths bounded, whoever wrote it. Refuses nothing; when the queue is full, lines
are dropped and counted.
"""

import copy
import json
import logging
import logging.handlers
import queue
import re
import sys
from types import TracebackType

from notifier.model import masking, times
from notifier.web import request_ids

_QUEUE = 10_000
_LONGEST = 2000
_LONGEST_TRACE = 20_000
_MOST = 20
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
            "message": _shown(record.getMessage()),
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
        text = f"{time} {record.levelname:<7} {_shown(record.getMessage())}"
        if record.exc_info:
            text += " | " + _trace(self, record.exc_info)
        whole = f"{text}  {carried}" if carried else text
        # What would end the line, move the cursor or change the colours is written out.
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), whole)


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


class _Dropping(logging.handlers.QueueHandler):
    """Puts records into the queue, or counts them when it is full."""

    def __init__(self, waiting: "queue.Queue[logging.LogRecord]") -> None:
        super().__init__(waiting)
        self._waiting = waiting
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # The standard one would write the exception into the message.
        prepared = copy.copy(record)
        prepared.msg, prepared.args = record.getMessage(), None
        request = request_ids.current.get()
        if request is not None:
            prepared.request = request
        if not hasattr(prepared, "action"):
            prepared.action, prepared.logger = "library.said", record.name
        return prepared

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self._dropped:
                record.dropped_lines = self._dropped
            self._waiting.put_nowait(record)
            self._dropped = 0
        except queue.Full:
            self._dropped += 1


class Logs:
    """Owns the listener; everything logged between `start` and `stop` is written."""

    def __init__(self, style: str, level: str) -> None:
        """`style` is `console` or `json`; `level` one of debug, info, warning, error."""
        written = logging.StreamHandler(sys.stderr)
        written.setFormatter(JsonLines() if style == "json" else ConsoleLines())
        waiting: queue.Queue[logging.LogRecord] = queue.Queue(_QUEUE)
        self._handler = _Dropping(waiting)
        self._listener = logging.handlers.QueueListener(waiting, written)
        self._level = level.upper()

    def start(self) -> None:
        """Take over the root logger."""
        root = logging.getLogger()
        root.handlers = [self._handler]
        root.setLevel(self._level)
        for chatty in ("httpx2", "httpcore2", "twilio.async_http_client", "asyncio", "uvicorn"):
            logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
        self._listener.start()

    def stop(self) -> None:
        """Write what is queued and let go of the root logger."""
        self._listener.stop()
        logging.getLogger().handlers = []
