"""`.env` means the same to everything that reads it: to us, docker, compose and systemd."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from notifier.cli import init
from tests.unit.settings import env_grammars

ROOT = Path(__file__).parents[3]
GRAMMARS = {
    "docker": env_grammars.docker,
    "compose": env_grammars.compose,
    "systemd": env_grammars.systemd,
}
# What people fill in: an app password in its groups, a limit, a sender's name, base64.
FILLED = """\
SMTP_PASSWORD=abcd efgh ijkl mnop
RATE_LIMIT_EMAIL=5/1m 60/1h
RATE_LIMIT_SMS=
FROM_NAME=Tom's IT desk; 2nd floor
WEBHOOK_SECRET=whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ==
TICKET_URL_TEMPLATE=https://desk.example.com/tickets/{id}?view=all&tab=1
"""

Grammar = Callable[[str], dict[str, str]]
every_grammar = pytest.mark.parametrize("read", GRAMMARS.values(), ids=GRAMMARS)


def ours(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=StringIO(text), interpolate=False))


def example() -> str:
    return (ROOT / ".env.example").read_text(encoding="utf-8")


@every_grammar
def test_the_example_reads_the_same(read: Grammar) -> None:
    found = read(example())
    assert found == ours(example())
    assert len(found) > 40


@every_grammar
def test_what_init_writes_reads_the_same(
    read: Grammar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert init.command.callback is not None
    init.command.callback()
    text = (tmp_path / ".env").read_text(encoding="utf-8")
    found = read(text)
    assert found == ours(text)
    assert len(found["WEBHOOK_SECRET"]) > 40


@every_grammar
def test_what_people_fill_in_reads_the_same(read: Grammar) -> None:
    assert read(FILLED) == ours(FILLED)


@pytest.mark.parametrize(
    ("line", "different"),
    [
        ('A="b"', "docker"),
        ("A=b # c", "docker"),
        ("A=b$HOME", "compose"),
        ("A=b\\c", "systemd"),
    ],
)
def test_what_the_example_avoids_reads_differently(line: str, different: str) -> None:
    assert GRAMMARS[different](line) != ours(line)
