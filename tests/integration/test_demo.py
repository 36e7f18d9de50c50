"""`notifier demo` as a process: what it shows is what the contract says, whatever is set."""

import asyncio
import contextlib
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from notifier.demo.desk import JOHN, MARIA
from notifier.demo.story import told
from tests.integration.command import NOTIFIER, SECONDS, document, environment, run

NONSENSE = {
    "SMTP_HOST": "nowhere.example.com",
    "SMTP_PORT": "tcp://10.0.0.1:25",
    "SMTP_PASSWORD_FILE": "no-such-file",
    "CONFIG_FILE": "no-such-file.toml",
    "ENABLE_EMAIL": "perhaps",
    "RATE_LIMIT_EMAIL": "never",
    "PORT": "none",
    "WEBHOOK_SECRET": "whsec_wrong",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "NOTIFIER_URL": "nowhere",
}

ASSIGNED = """\
Hi John Smith,

A new ticket has been assigned to you.

Ticket Details:
• Ticket ID: #123
• Title: Printer Not Working
• Priority: HIGH
• Assigned by: Administrator
• Link: https://desk.example.com/tickets/123

Please log in to the IT Help Desk system to view and manage this ticket.

Best regards,
IT Help Desk System"""

CREATED = """\
Hi John Smith,

A new support ticket has been created and assigned to you.

Ticket Details:
• Ticket ID: #124
• Title: Network Issue
• Category: Network
• Priority: MEDIUM
• Created by: Jane Doe
• Link: https://desk.example.com/tickets/124

Please review and respond to this ticket as soon as possible.

Best regards,
IT Help Desk System"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give the document of a demonstration with nonsense around it, and port 8080 taken."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / ".env").write_text("SMTP_PORT=none\nENABLE_SMS=perhaps\nFROM_EMAIL=\xff\n", "latin-1")
    (folder / "notifier.toml").write_text("not = = toml")
    before = sorted(folder.iterdir())
    with socket.socket() as taken:
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        done = run(folder, "demo", "--once", "--json", **NONSENSE)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(folder.iterdir()) == before
    return document(done)


def mails(shown: dict[str, Any], to: str) -> dict[str, dict[str, str]]:
    return {mail["subject"]: mail for mail in shown["emails"] if mail["to"] == to}


def texts(shown: dict[str, Any], to: str) -> list[str]:
    return sorted(text["body"] for text in shown["sms"] if text["to"] == to)


def test_the_document_holds_events_mails_and_texts_and_nothing_else(shown: dict[str, Any]) -> None:
    assert list(shown) == ["events", "emails", "sms"]
    assert {tuple(mail) for mail in shown["emails"]} == {("to", "subject", "text", "html")}
    assert {tuple(text) for text in shown["sms"]} == {("to", "body", "segments")}
    assert {text["segments"] for text in shown["sms"]} == {1}


def test_the_repeated_call_is_a_duplicate_and_the_forged_one_is_refused(
    shown: dict[str, Any],
) -> None:
    statuses = [event["http_status"] for event in shown["events"]]
    assert statuses == [202, 202, 200, 401] + [202] * 9
    first, second, again, forged, *_ = shown["events"]
    assert (first["type"], first["ticket"]) == ("ticket.assigned", "123")
    assert (second["type"], second["ticket"]) == ("ticket.created", "124")
    assert again["answer"]["status"] == "duplicate"
    assert again["answer"]["event_id"] == first["answer"]["event_id"]
    assert "deliveries" not in forged["answer"]


def test_the_mails_to_the_first_technician_are_those_of_the_contract(
    shown: dict[str, Any],
) -> None:
    found = mails(shown, JOHN["email"])
    assert {subject: mail["text"] for subject, mail in found.items()} == {
        "New Ticket Assigned: #123 - Printer Not Working": ASSIGNED,
        "New Support Request: #124 - Network Issue": CREATED,
    }
    for number, mail in zip(("123", "124"), found.values(), strict=True):
        assert f'href="https://desk.example.com/tickets/{number}"' in mail["html"]


def test_the_texts_to_the_first_technician_are_those_of_the_contract(
    shown: dict[str, Any],
) -> None:
    assert texts(shown, JOHN["phone"]) == [
        "[HIGH] Ticket #123 assigned to you: Printer Not Working",
        "[MEDIUM] New ticket #124 for you: Network Issue",
    ]


def test_the_burst_ends_in_one_roll_up_on_each_channel(shown: dict[str, Any]) -> None:
    found = mails(shown, MARIA["email"])
    rolled = "7 tickets need your attention: #130, #131, #132 and 4 more"
    assert set(found) == {
        "New Ticket Assigned: #128 - VPN drops every hour",
        "New Ticket Assigned: #129 - Monitor flickers",
        rolled,
    }
    assert "\n7 notices waited because of the limit of " in found[rolled]["text"]
    assert "[HIGH] 7 tickets for you: #130 #131 #132 +4" in texts(shown, MARIA["phone"])
    recipients = Counter(message["to"] for message in shown["emails"] + shown["sms"])
    assert sorted(recipients.values()) == [2, 2, 3, 3]


def test_without_a_terminal_it_ends_by_itself_and_leaves_nothing(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    done = run(tmp_path, "demo", TMPDIR=str(left))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(left.iterdir()) == []
    lines = done.stdout.splitlines()
    assert lines[-3:] == [
        "  notifier init",
        "  notifier serve",
        "  notifier emit ticket.assigned --to YOUR-ADDRESS",
    ]
    refused = "  401 refused   ticket.created  #124 Network Issue (medium) for John Smith"
    assert f"{refused} - signed with a wrong secret" in lines
    assert all(f"  {line}".rstrip() in lines for line in ASSIGNED.splitlines())


class Terminal:
    """A terminal on which a demonstration runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int) -> None:
        self.process = process
        self._screen = screen
        self.shown = ""

    def read(self, until: str | None = None) -> str:
        """Give what is shown up to `until`, or to the end."""
        while until is None or until not in self.shown:
            try:
                part = os.read(self._screen, 65536)
            except OSError:
                # What Linux says when nobody has the other end open any more.
                part = b""
            if not part:
                break
            self.shown += part.decode("utf-8", "replace")
        return self.shown


@contextmanager
def terminal(folder: Path, *arguments: str) -> Iterator[Terminal]:
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [*NOTIFIER, "demo", *arguments],
        cwd=folder,
        env=environment(folder, LC_ALL="C.UTF-8", PYTHONUTF8="1"),
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
    )
    os.close(keyboard)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait(SECONDS)
        os.close(screen)


def test_on_a_terminal_it_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    with terminal(tmp_path) as demo:
        found = demo.read(until="/v1/deliveries")
        assert "The service goes on until Ctrl-C." in found
        command = re.search(r"curl -H '(Authorization): (Bearer \S+)' (http://\S+)", found)
        assert command is not None
        name, token, url = command.groups()
        answer = httpx2.get(url, headers={name: token}, trust_env=False, timeout=30)
        assert {item["state"] for item in answer.json()["items"]} == {"sent"}
        inbox = re.search(r"The inbox, .*:\s+(http://127\.0\.0\.1:\d+/)\s", found)
        assert inbox is not None
        page = httpx2.get(inbox[1], trust_env=False, timeout=30)
        assert "7 tickets need your attention" in page.text
        assert page.text.count('<li id="message-') == 10
        for line in ("notifier init", "notifier serve", "notifier emit ticket.assigned --to"):
            assert line in found
        demo.process.send_signal(signal.SIGINT)
        assert "Traceback" not in demo.read()
        assert demo.process.wait(SECONDS) == 0


def test_on_a_terminal_it_ends_at_once_when_asked_to(tmp_path: Path) -> None:
    with terminal(tmp_path, "--once") as demo:
        found = demo.read()
        assert demo.process.wait(SECONDS) == 0
    assert "What came out: 5 mails" in found
    assert "Ctrl-C" not in found


@pytest.mark.parametrize("turns", [1, 3, 10, 30])
async def test_whoever_leaves_early_leaves_nothing(
    turns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def watch() -> None:
        async with told():
            raise AssertionError("nobody waited so long")

    watching = asyncio.ensure_future(watch())
    for _ in range(turns):
        await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert os.listdir(tmp_path) == []
