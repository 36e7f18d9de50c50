"""The examples that sign, each run as a process against a server that checks the signature."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from notifier.model.errors import BadSignature
from notifier.sources import signatures
from notifier.sources.call import Call
from notifier.sources.secrets import Secret, new_secret, parse

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
COMMANDS = {
    "sign.sh": ("sh",),
    "sign.py": (sys.executable,),
    "sign.mjs": ("node",),
    # PowerShell comes from none of the places that tests/set-up installs from.
    **({"sign.ps1": ("pwsh", "-NoProfile", "-File")} if shutil.which("pwsh") else {}),
}
BODY = '{"type": "ticket.assigned", "title": "Größe ✓ $(id) `id` %s \\\\"}\n\n'.encode()
LENGTHS = [24, 32, 63, 64]

example = pytest.mark.parametrize("name", COMMANDS)


@dataclass
class Door:
    """One address that answers 202 to what is signed and 401 to all else, or one fixed status."""

    secrets: tuple[Secret, ...]
    fixed: int | None = None
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = await self._read(reader)
        self.calls.append(call)
        status = self.fixed or self._verdict(call)
        answer = b'{"seen": true}'
        head = f"HTTP/1.1 {status} -\r\ncontent-length: {len(answer)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> Call:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        assert head[0] == b"POST /webhooks HTTP/1.1"
        pairs = [line.split(b": ", 1) for line in head[1:] if line]
        headers = tuple((key.lower(), value) for key, value in pairs)
        length = int(dict(headers)[b"content-length"])
        return Call(headers, await reader.readexactly(length))

    def _verdict(self, call: Call) -> int:
        try:
            signatures.verify(call, self.secrets, 300_000, int(time.time() * 1000))
        except BadSignature as error:
            self.causes.append(str(error))
            return 401
        return 202


@asynccontextmanager
async def opened(*secrets: str, fixed: int | None = None) -> AsyncIterator[Door]:
    door = Door(parse(" ".join(secrets)), fixed)
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    async with server:
        yield door


async def run(
    name: str, door: Door, secret: str, folder: Path, *first_on_path: Path
) -> tuple[int, str]:
    file = folder / "an event.json"
    file.write_bytes(BODY)
    process = await asyncio.create_subprocess_exec(
        *COMMANDS[name],
        str(EXAMPLES / name),
        f"http://127.0.0.1:{door.port}/webhooks",
        str(file),
        env={
            "PATH": os.pathsep.join([*map(str, first_on_path), os.environ["PATH"]]),
            "WEBHOOK_SECRET": secret,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@example
@pytest.mark.parametrize("length", LENGTHS)
async def test_what_an_example_signs_is_let_in(name: str, length: int, tmp_path: Path) -> None:
    secret = new_secret(bytes(range(255, 255 - length, -1)))
    async with opened(secret) as door:
        status, output = await run(name, door, secret, tmp_path)
    assert door.causes == []
    assert status == 0
    assert json.loads(output.splitlines()[0]) == {"seen": True}
    assert door.calls[0].body == BODY
    assert door.calls[0].header("content-type") == [b"application/json"]


@example
async def test_an_example_names_every_call_anew(name: str, tmp_path: Path) -> None:
    secret = new_secret(bytes(24))
    async with opened(secret) as door:
        for _ in range(2):
            assert (await run(name, door, secret, tmp_path))[0] == 0
    assert len({signatures.webhook_id(call) for call in door.calls}) == 2


@example
async def test_an_example_with_the_wrong_secret_says_so_and_fails(
    name: str, tmp_path: Path
) -> None:
    async with opened(new_secret(bytes(32))) as door:
        status, output = await run(name, door, new_secret(b"x" * 32), tmp_path)
    assert door.causes == ["no signature matches: wrong secret or changed body"]
    assert status == 1
    assert output == '{"seen": true}\n401\n'


@example
@pytest.mark.parametrize("fixed", [200, 204, 299])
async def test_an_example_takes_any_2xx_for_success(name: str, fixed: int, tmp_path: Path) -> None:
    secret = new_secret(bytes(32))
    async with opened(secret, fixed=fixed) as door:
        assert (await run(name, door, secret, tmp_path))[0] == 0


@example
@pytest.mark.parametrize("fixed", [302, 422, 503])
async def test_an_example_takes_nothing_else_for_success(
    name: str, fixed: int, tmp_path: Path
) -> None:
    secret = new_secret(bytes(32))
    async with opened(secret, fixed=fixed) as door:
        assert (await run(name, door, secret, tmp_path))[0] == 1


@example
async def test_an_example_signs_with_the_first_of_several_secrets(
    name: str, tmp_path: Path
) -> None:
    first, second = new_secret(b"1" * 32), new_secret(b"2" * 32)
    async with opened(first) as door:
        assert (await run(name, door, f"{first} {second}", tmp_path))[0] == 0


async def test_the_shell_example_gives_its_secret_to_no_command_line(tmp_path: Path) -> None:
    key = b"a-key-that-no-list-may-show-1234"
    said = tmp_path / "said"
    watched = tmp_path / "watched"
    watched.mkdir()
    for command in ("openssl", "od", "curl", "cat", "date"):
        script = watched / command
        script.write_text(
            f'#!/bin/sh\necho {command} "$*" >>"{said}"\nexec {shutil.which(command)} "$@"\n'
        )
        script.chmod(0o700)
    async with opened(new_secret(key)) as door:
        assert (await run("sign.sh", door, new_secret(key), tmp_path, watched))[0] == 0
    lines = said.read_text()
    assert {line.split()[0] for line in lines.splitlines()} >= {"openssl", "od", "curl"}
    for shown in (key.decode(), key.hex(), key.hex(" "), new_secret(key).removeprefix("whsec_")):
        assert shown not in lines
