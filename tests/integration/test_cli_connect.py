"""`notifier connect` as a process: its questions answered, and a help desk that calls."""

import asyncio
import contextlib
import hmac
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.command import NOTIFIER, SIGNED, asked, refusal, run
from tests.service import Service, running
from tests.smtp_sink import SmtpSink

TICKET = {
    "ticket": {
        "id": 81,
        "number": "10081",
        "title": "Printer Not Working",
        "state": "open",
        "priority": {"name": "3 high"},
        "owner": {"id": 5, "firstname": "John", "lastname": "Smith", "email": "john@example.com"},
        "updated_by": {"id": 3, "firstname": "Jane", "lastname": "Doe"},
        "updated_at": "2026-11-23T09:00:00Z",
    }
}


class Talk:
    """A command that asks and is answered."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    async def until(self, text: str) -> None:
        """Read what it says until it says this."""
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            while text not in self.said:
                part = await self.process.stdout.read(1000)
                assert part, self.said
                self.said += part.decode()

    async def answer(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()

    async def end(self) -> int:
        """Read the rest, and give the exit status."""
        rest, _ = await asyncio.wait_for(self.process.communicate(), 60)
        self.said += rest.decode()
        status = self.process.returncode
        assert status is not None
        return status


@contextlib.asynccontextmanager
async def connecting(service: Service, *arguments: str) -> AsyncIterator[Talk]:
    process = await asyncio.create_subprocess_exec(
        *NOTIFIER,
        "connect",
        *arguments,
        cwd=service.folder,
        env=service.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Talk(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def post(service: Service, name: str, secret: str, body: object = TICKET) -> int:
    content = json.dumps(body).encode()
    signed = hmac.new(secret.encode(), content, "sha1").hexdigest()
    headers = {"x-hub-signature": f"sha1={signed}", "x-zammad-delivery": f"job-{len(content)}"}
    answer = await service.client.post(
        f"{service.url}/webhooks/{name}", content=content, headers=headers
    )
    return answer.status_code


async def test_a_help_desk_is_connected_while_the_service_runs(tmp_path: Path) -> None:
    before = "# mine\n[sources.mine]\nauth = [{ scheme = 'none' }]\nshape = 'native'"
    (tmp_path / "notifier.toml").write_text(before)
    base = "https://notify.example.com"
    async with (
        SmtpSink() as sink,
        running(tmp_path, sink.port, PUBLIC_BASE_URL=base) as service,
        connecting(service, "zammad") as talk,
    ):
        await talk.until("Where is the help desk")
        await talk.answer("https://desk.example.com/")
        await talk.until("Waiting for the first call")
        secret_file = tmp_path / "secrets" / "zammad"
        secret = secret_file.read_text().strip()
        assert len(secret) == 40
        assert f"{base}/webhooks/zammad" in talk.said
        assert secret in talk.said
        assert "of this machine alone" not in talk.said
        assert await post(service, "zammad", secret) == 200
        assert await talk.end() == 0
        assert "accepted  200" in talk.said
        assert "#10081 ticket.assigned for John Smith by Jane Doe (high)" in talk.said
        assert "email to john@example.com: " in talk.said
        assert talk.said.endswith("zammad is connected.\n")
        assert not any(secret in line for line in service.lines)
        again = await asked(service, "connect", "zammad", "--desk-url", "https://desk.example.com")
        assert "there is a source zammad already" in "".join(refusal(again, 2))
    written = (tmp_path / "notifier.toml").read_text()
    assert written == (
        f"{before}\n\n[sources.zammad]\n"
        'preset = "zammad"\n'
        'desk_url = "https://desk.example.com"\n'
        'secrets = ["file:secrets/zammad"]\n'
    )
    if os.name == "posix":
        assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(secret_file.parent.stat().st_mode) == 0o700


async def test_a_call_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    options = ("zammad", "--name", "desk", "--desk-url", "https://desk.example.com")
    async with (
        running(tmp_path, 1, ENABLE_EMAIL="false") as service,
        connecting(service, *options) as talk,
    ):
        await talk.until("Waiting for the first call")
        assert "notifier sources calls desk" in talk.said
        secret = (tmp_path / "secrets" / "desk").read_text().strip()
        await post(service, "desk", secret, {"ticket": {"owner": {"id": 5}}})
        assert await talk.end() == 1
    said = " ".join(talk.said.split())
    assert "To mend it: save its body from notifier sources calls desk" in said


async def test_after_a_refused_call_the_next_one_is_waited_for(tmp_path: Path) -> None:
    options = ("zammad", "--desk-url", "https://desk.example.com")
    async with (
        running(tmp_path, 1, ENABLE_EMAIL="false") as service,
        connecting(service, *options) as talk,
    ):
        await talk.until("Waiting for the first call")
        secret = (tmp_path / "secrets" / "zammad").read_text().strip()
        for body in ({}, TICKET):
            assert await post(service, "zammad", "another secret", body) == 401
        await talk.until("Waiting for the next one")
        assert await post(service, "zammad", secret) == 200
        assert await talk.end() == 0
    said = " ".join(talk.said.split())
    assert said.count("To mend it: compare address, method and secret") == 1
    assert said.endswith("zammad is connected.")


async def test_calls_that_are_all_refused_connect_nothing(tmp_path: Path) -> None:
    options = ("zammad", "--desk-url", "https://desk.example.com", "--timeout", "3s")
    async with (
        running(tmp_path, 1, ENABLE_EMAIL="false") as service,
        connecting(service, *options) as talk,
    ):
        await talk.until("Waiting for the first call")
        await post(service, "zammad", "another secret")
        assert await talk.end() == 1
    assert "no call was taken; look in the help desk" in talk.said


async def test_a_call_that_never_comes_is_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    async with running(tmp_path, 1, ENABLE_EMAIL="false") as service:
        options = ("--desk-url", "https://desk.example.com")
        done = await asked(service, "connect", "zammad", *options, "--timeout", "1s")
        assert done.returncode == 1
        assert "no call came; look in the help desk whether it could reach" in done.stderr
        done = await asked(service, "connect", "zammad", *options, "--name", "b", "--no-wait")
        assert done.returncode == 0
        assert "takes calls at" in done.stdout
        other = tmp_path / "other.toml"
        done = await asked(
            service, "connect", "zammad", *options, "--name", "c", "--config", str(other)
        )
        assert done.returncode == 1
        assert "reads another file, in which there is no c" in done.stderr
        assert "[sources.c]" in other.read_text()


def test_without_a_service_the_table_is_written_all_the_same(tmp_path: Path) -> None:
    given = {**SIGNED, "PORT": "1"}
    done = run(tmp_path, "connect", "zammad", given="https://desk.example.com\n", **given)
    assert done.returncode == 0
    assert "Start the service with notifier serve" in done.stdout
    assert "If Zammad runs elsewhere" in done.stdout
    assert run(tmp_path, "sources", "check").returncode == 0
    done = run(tmp_path, "connect", "zammad", "--name", "b", given="https://desk.example.com\n")
    assert done.returncode == 0
    assert "API_TOKENS" in done.stderr


def test_a_secret_that_the_help_desk_made_is_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path, "connect", "intercom", given="a-secret-of-intercom-0123456789\n")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "secrets" / "intercom").read_text() == "a-secret-of-intercom-0123456789\n"
    nothing = run(tmp_path, "connect", "intercom", "--name", "b", given="\n")
    assert nothing.returncode == 2
    assert "there is no secret; nothing was written" in nothing.stderr
    assert "[sources.b]" not in (tmp_path / "notifier.toml").read_text()
    given = run(tmp_path, "connect", "intercom", "--name", "c", "--secret", "env:H", H="x" * 40)
    assert given.returncode == 0, given.stderr
    assert 'secrets = ["env:H"]' in (tmp_path / "notifier.toml").read_text()
    (tmp_path / "of-intercom").write_text("x" * 40)
    typed = run(
        tmp_path, "connect", "intercom", "--name", "d", given="file:of-intercom\n", H="x" * 40
    )
    assert typed.returncode == 0, typed.stderr
    assert 'secrets = ["file:of-intercom"]' in (tmp_path / "notifier.toml").read_text()
    assert not (tmp_path / "secrets" / "d").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zamad",), "there is no preset zamad; did you mean zammad?"),
        (("zammad", "--name", "A B"), "--name: write up to 63 small letters"),
        (("zammad", "--desk-url", "desk"), "--desk-url: write an address"),
        (("zammad", "--desk-url", "https://d.example.com", "--secret", "x"), "--secret: write env"),
        (
            ("zammad", "--desk-url", "https://d.example.com", "--secret", "env:NO"),
            "env:NO is not set",
        ),
        (("zammad",), "there is no answer; give it as --desk-url"),
        (("zammad", "--name", "internal", "--desk-url", "https://d.example.com"), "our own test"),
    ],
)
def test_what_cannot_be_right_writes_nothing(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").touch()
    done = run(tmp_path, "connect", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "notifier.toml").exists()
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == [".env"]


def test_a_secret_that_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "zammad").write_text("mine")
    done = run(tmp_path, "connect", "zammad", "--desk-url", "https://desk.example.com")
    assert done.returncode == 2
    assert "secrets/zammad is there already and was left as it is" in done.stderr
    assert (tmp_path / "secrets" / "zammad").read_text() == "mine"
