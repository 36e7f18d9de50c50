import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from types import TracebackType

import pytest

from notifier.app.logs import ConsoleLines, JsonLines, Logs
from notifier.web import request_ids

LOG = logging.getLogger("tests.logs")
CHATTY = ("httpx2", "httpcore2", "twilio.async_http_client", "asyncio", "uvicorn")
QUEUE = 10_000
CREATED = 1_795_424_400.5

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None]


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = root.handlers, {name: logging.getLogger(name).level for name in CHATTY}
    level = root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def record(message: str, error: ErrorInfo | None = None, **carried: object) -> logging.LogRecord:
    made = logging.LogRecord("tests", logging.INFO, "", 0, message, None, error)
    made.created = CREATED
    made.__dict__.update(carried)
    return made


def raised() -> ErrorInfo:
    try:
        raise ValueError("it broke")
    except ValueError as error:
        return ValueError, error, error.__traceback__


def test_a_json_line_holds_time_level_message_and_what_it_carries() -> None:
    line = JsonLines().format(record("[Email] sent", action="delivery.sent", to=None, at=("a", 1)))
    assert json.loads(line) == {
        "time": "2026-11-23T09:00:00.500Z",
        "level": "info",
        "message": "[Email] sent",
        "action": "delivery.sent",
        "to": None,
        "at": ["a", 1],
    }


@pytest.mark.fault("G24")
def test_a_json_line_is_one_line_whatever_it_says() -> None:
    line = JsonLines().format(record("a\nb\r\u2028c\udcff", raised(), odd=object()))
    assert len(line.splitlines()) == 1
    assert "ValueError: it broke" in json.loads(line)["exception"]


def test_a_console_line_holds_the_same_as_text() -> None:
    line = ConsoleLines().format(record("[Email] sent", action="delivery.sent", n=1))
    assert line == "2026-11-23T09:00:00.500Z INFO    [Email] sent  action=delivery.sent n=1"
    assert ConsoleLines().format(record("done")) == "2026-11-23T09:00:00.500Z INFO    done"


@pytest.mark.fault("G24")
def test_a_console_line_is_one_line_whatever_it_says() -> None:
    line = ConsoleLines().format(record("a\nb\r", raised(), title="x\ny"))
    assert "\n" not in line
    assert "\r" not in line
    assert "INFO    a\\nb\\r | Traceback" in line
    assert line.endswith("ValueError: it broke  title=x\\ny")


@pytest.mark.parametrize("formatter", [JsonLines(), ConsoleLines()], ids=["json", "console"])
def test_addresses_are_shortened_wherever_they_stand(formatter: logging.Formatter) -> None:
    try:
        raise ValueError("no such mailbox: john@example.com, call 415-555-0123")
    except ValueError as error:
        trouble = (ValueError, error, error.__traceback__)
    line = formatter.format(
        record(
            "told john@example.com and +14155550123",
            trouble,
            to="jane@example.com",
            them=["max@example.com", ("+14155550124",)],
            odd={"to": "eve@example.com"},
        )
    )
    said = json.loads(line) if isinstance(formatter, JsonLines) else {"message": line}
    assert "told j•••@example.com and +1415•••0123" in said["message"]
    for secret in ("john@", "jane@", "max@", "eve@", "5550123", "5550124", "555-0123"):
        assert secret not in json.dumps(said, ensure_ascii=False)


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_line_cannot_be_ended_coloured_or_made_endless(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "a\n2026-11-23 INFO forged\r\x1b[31m\x85\u2028\x00" + "x" * 100_000
    logs = Logs(style, "info")
    logs.start()
    LOG.info("%s", hostile, extra={"action": "a.b", "source": hostile, "list": [hostile] * 1000})
    logs.stop()
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert not set(written.rstrip("\n")) & set("\r\x1b\x00\x85\u2028")
    assert len(written) < 100_000


async def test_a_line_names_the_call_that_it_was_written_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def answer(call: bytes) -> None:
        request_ids.begin([(b"x-request-id", call)])
        await asyncio.sleep(0)
        LOG.info("answering", extra={"action": "a.b"})

    logs = Logs("json", "info")
    logs.start()
    await asyncio.gather(*(asyncio.create_task(answer(call)) for call in (b"one", b"two")))
    LOG.info("elsewhere", extra={"action": "a.b"})
    logs.stop()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("request") for line in lines] == ["one", "two", None]


def test_a_line_of_a_library_gets_an_action_and_its_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs = Logs("json", "info")
    logs.start()
    logging.getLogger("some.library").warning("it is late")
    logs.stop()
    line = json.loads(capsys.readouterr().err)
    assert (line["action"], line["logger"]) == ("library.said", "some.library")


def logged(style: str, level: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    logs = Logs(style, level)
    logs.start()
    try:
        LOG.debug("for developers")
        LOG.info("told %s", "John", extra={"action": "a.b"})
        LOG.error("it failed", exc_info=raised())
    finally:
        logs.stop()
    LOG.error("after the end")
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_what_is_logged_between_start_and_stop_is_written_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told, failed, *_ = logged("console", "info", capsys)
    assert told.endswith("INFO    told John  action=a.b")
    assert "ERROR   it failed | Traceback" in failed
    assert "ValueError: it broke" in failed


def test_the_level_says_how_much_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert "for developers" in logged("console", "debug", capsys)[0]
    assert "it failed" in logged("console", "error", capsys)[0]


def test_an_exception_stands_beside_the_message_in_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told, failed, *_ = map(json.loads, logged("json", "info", capsys)[:2])
    assert (told["message"], told["action"], told["level"]) == ("told John", "a.b", "info")
    assert (failed["message"], failed["level"]) == ("it failed", "error")
    assert "ValueError: it broke" in failed["exception"]


def test_libraries_that_say_much_are_heard_from_warnings_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs = Logs("console", "debug")
    logs.start()
    for name in CHATTY:
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("warning of %s", name)
    logs.stop()
    written = capsys.readouterr().err
    assert "chatter" not in written
    assert written.count("warning of") == len(CHATTY)


class SlowTerminal(io.StringIO):
    """Takes the first line only when it is let go; tells when it has taken a given number."""

    def __init__(self, tell_at: int) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.let_go = threading.Event()
        self.enough = threading.Event()
        self._lines = 0
        self._tell_at = tell_at

    def write(self, text: str) -> int:
        self.entered.set()
        assert self.let_go.wait(60)
        self._lines += text.count("\n")
        if self._lines >= self._tell_at:
            self.enough.set()
        return super().write(text)


def test_a_terminal_that_stands_still_costs_lines_and_their_number_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = SlowTerminal(QUEUE + 1)
    monkeypatch.setattr(sys, "stderr", terminal)
    logs = Logs("json", "info")
    logs.start()
    LOG.info("this one is being written")
    assert terminal.entered.wait(60)
    for number in range(QUEUE + 3):
        LOG.info("line %d", number)
    terminal.let_go.set()
    assert terminal.enough.wait(60)
    LOG.info("the last")
    LOG.info("one more")
    logs.stop()
    lines = [json.loads(line) for line in terminal.getvalue().splitlines()]
    assert len(lines) == QUEUE + 3
    assert lines[-3]["message"] == f"line {QUEUE - 1}"
    assert (lines[-2]["message"], lines[-2]["dropped_lines"]) == ("the last", 3)
    assert "dropped_lines" not in lines[-1]
