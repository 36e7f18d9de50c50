"""Logging: one line per fact, through a queue, so that a slow terminal never stops the loop.

Takes a format (`console` or `json`) and a level, gives a running listener. Refuses nothing;
when the queue is full, lines are dropped and counted.
"""

import copy
import json
import logging
import logging.handlers
import queue
import sys

from notifier.model import times

_QUEUE = 10_000
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, message, and what the line carries besides."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record as one line."""
        line: dict[str, object] = {
            "time": times.to_text(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line.update(_extras(record))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class ConsoleLines(logging.Formatter):
    """One line of text per record: time, level, message, `name=value` for what it carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record as one line, however many it was given."""
        carried = " ".join(f"{name}={value}" for name, value in _extras(record).items())
        time = times.to_text(int(record.created * 1000))
        text = f"{time} {record.levelname:<7} {record.getMessage()}"
        if record.exc_info:
            text += " | " + self.formatException(record.exc_info)
        whole = f"{text}  {carried}" if carried else text
        return whole.replace("\r", "\\r").replace("\n", "\\n")


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


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
