"""`notifier emit` and `notifier sign`: calls as a help desk would make them."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.integration.command import (
    SECONDS,
    SIGNED,
    document,
    environment,
    refusal,
    run,
    serving,
)
from tests.service import SECRET, assigned, free_port

OTHER_SECRET = "whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI="
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 20\r\n\r\n<h1>Bad gateway</h1>"


def headers_in(lines: list[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines)


def test_an_accepted_event_exits_0_and_a_repeated_one_does_too(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps(assigned(7, "john@example.com")))
    with serving(tmp_path, **SIGNED) as service:
        given = {**SIGNED, "NOTIFIER_URL": f"{service.url}/"}
        arguments = ("emit", "ticket.assigned", "--json")
        told = run(tmp_path, *arguments, "--to", "+14155550123", "--title", "A", **given)
        first = run(tmp_path, *arguments, "--file", str(body), "--id", "one", **given)
        again = run(tmp_path, *arguments, "--file", str(body), "--id", "one", **given)
        misspelt = run(tmp_path, "emit", "ticket.assinged", "--json", **given)
        wrong = run(tmp_path, "emit", "printer.on_fire", "--json", **given)
    assert (told.returncode, first.returncode, again.returncode) == (0, 0, 0)
    (delivery,) = document(told)["deliveries"]
    assert (delivery["channel"], delivery["recipient"]) == ("sms", "+14155550123")
    assert (document(first)["status"], document(again)["status"]) == ("accepted", "duplicate")
    assert document(first)["event_id"] == document(again)["event_id"]
    assert (misspelt.returncode, document(misspelt)["status"]) == (0, "ignored")
    assert "nobody is told of ticket.assinged; did you mean ticket.assigned?" in misspelt.stderr
    assert (wrong.returncode, document(wrong)["status"]) == (1, 422)


def test_a_wrong_secret_exits_1_with_the_answer(tmp_path: Path) -> None:
    with serving(tmp_path, **SIGNED) as service:
        given = {"WEBHOOK_SECRET": OTHER_SECRET, "PORT": str(service.port)}
        as_json = run(tmp_path, "emit", "ticket.assigned", "--json", **given)
        as_text = run(tmp_path, "emit", "ticket.assigned", **given)
    assert (as_json.returncode, document(as_json)["status"], as_json.stderr) == (1, 401, "")
    assert (as_text.returncode, as_text.stdout.splitlines()[0]) == (1, "HTTP 401")


def test_when_nobody_listens_it_exits_1_and_says_so(tmp_path: Path) -> None:
    port = str(free_port())
    # A proxy of the environment has no part in it.
    (line,) = refusal(
        run(tmp_path, "emit", "t", **SIGNED, PORT=port, HTTP_PROXY="http://127.0.0.1:9"), 1
    )
    assert line.startswith(f"notifier: no answer from http://127.0.0.1:{port}/webhooks: ")
    assert line.endswith("; is it running?")
    as_json = run(tmp_path, "emit", "t", "--json", **SIGNED, PORT=port)
    assert (as_json.returncode, document(as_json)["status"]) == (1, None)


def test_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}")
    for arguments in (("emit", "ticket.assigned"), ("sign", "body.json")):
        (line,) = refusal(run(tmp_path, *arguments), 2)
        assert line == "notifier: WEBHOOK_SECRET: not set; run notifier init, or set it"


def test_an_address_that_is_none_exits_2(tmp_path: Path) -> None:
    (line,) = refusal(run(tmp_path, "emit", "t", **SIGNED, NOTIFIER_URL="localhost"), 2)
    assert line.startswith("notifier: NOTIFIER_URL: write an address")


@asynccontextmanager
async def something_else(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Listen as another server would; gives its address, and the heads it is sent."""
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


async def test_an_answer_of_somebody_else_is_shown_as_it_is(tmp_path: Path) -> None:
    async with something_else(BAD_GATEWAY) as (url, heads):
        given = {**SIGNED, "NOTIFIER_URL": url}
        done = await asyncio.to_thread(run, tmp_path, "emit", "t", "--json", **given)
    assert done.returncode == 1
    assert document(done) == {"status": 502, "detail": "<h1>Bad gateway</h1>"}
    assert heads[0].startswith(b"POST /webhooks HTTP/1.1\r\n")


def test_signed_headers_are_verified_by_another_library(tmp_path: Path) -> None:
    body = json.dumps(assigned(7, "john@example.com"))
    (tmp_path / "body.json").write_text(body)
    done = run(tmp_path, "sign", "body.json", "--id", "msg_of_mine", **SIGNED)
    piped = run(tmp_path, "sign", "-", given=body, **SIGNED)
    assert (done.returncode, piped.returncode) == (0, 0)
    headers = headers_in(done.stdout.splitlines())
    assert headers["webhook-id"] == "msg_of_mine"
    found: Any = Webhook(SECRET).verify(body, headers)
    assert found["type"] == "ticket.assigned"
    other = headers_in(piped.stdout.splitlines())
    assert other["webhook-id"].startswith("msg_")
    Webhook(SECRET).verify(body, other)


@pytest.mark.parametrize("name", ["body.json", "it's a body.json", "-"])
def test_the_curl_command_is_accepted_as_it_is_printed(name: str, tmp_path: Path) -> None:
    body = json.dumps(assigned(7, "john@example.com"))
    (tmp_path / name).write_text(body)
    with serving(tmp_path, **SIGNED) as service:
        given = {**SIGNED, "PORT": str(service.port)}
        done = run(tmp_path, "sign", name, "--curl", given=body, **given)
        answered = subprocess.run(
            ["/bin/sh", "-c", f"{done.stdout.strip()} --silent --noproxy '*'"],
            cwd=tmp_path,
            env=environment(tmp_path),
            input=body,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    assert SECRET not in done.stdout
    assert json.loads(answered.stdout)["status"] == "accepted"
