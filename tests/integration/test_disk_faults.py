"""A disk that fails single calls, may not be written, or is copied meanwhile."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from tests.integration.breaking import Breaker, breakers
from tests.integration.command import NOTIFIER, SIGNED, environment, serving
from tests.integration.small_disk import in_memory
from tests.service import Service, assigned, free_port, running
from tests.smtp_sink import SmtpSink

on_each = pytest.mark.parametrize("breaker", breakers(), ids=lambda one: type(one).__name__)

COPIER = """
import sys, pathlib, apsw
number = 0
for line in sys.stdin:
    source = apsw.Connection(sys.argv[1], flags=apsw.SQLITE_OPEN_READONLY)
    target = apsw.Connection(f"copy-{number}.db")
    with target.backup("main", source, "main") as pieces:
        while not pieces.done:
            pieces.step(10)
    source.close()
    found = target.pragma("integrity_check")
    events = target.execute("SELECT count(*) FROM event").get
    target.close()
    print(found, events, flush=True)
    number += 1
"""


async def until_taken(service: Service, number: int) -> int:
    """Post one event until it is taken, as a help desk does; give the status that said so."""
    async with asyncio.timeout(30):
        while True:
            answer = await service.post(event(number), f"call-{number}")
            if answer.status_code != 503:
                return answer.status_code


def event(number: int) -> dict[str, object]:
    return assigned(number, f"p{number}@example.com")


async def ready(service: Service) -> int:
    return (await service.client.get(f"{service.url}/health/ready")).status_code


def is_sound(folder: Path) -> bool:
    looking = apsw.Connection(str(folder / "notifier.db"))
    found = looking.pragma("integrity_check")
    looking.close()
    return bool(found == "ok")


@pytest.mark.fault("C2")
@on_each
async def test_one_write_without_room_refuses_that_call_only(
    breaker: Breaker, tmp_path: Path
) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await breaker.start(service)
            async with breaker.broken(service, "full-once"):
                refused = await service.post(event(1), "call-1")
                assert refused.status_code == 503
                assert refused.headers["retry-after"]
                assert await until_taken(service, 1) == 202, "nothing of it was stored"
            assert (await service.post(event(2), "call-2")).status_code == 202
            assert len((await service.get("/v1/events"))["items"]) == 2
            assert await service.stop() == 0
        finally:
            await service.close()
    assert is_sound(tmp_path)


@on_each
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("unsynced", id="C3", marks=pytest.mark.fault("C3")),
        pytest.param("readonly", id="C4", marks=pytest.mark.fault("C4")),
    ],
)
async def test_while_nothing_can_be_written_nothing_is_accepted(
    breaker: Breaker, fault: str, tmp_path: Path
) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await breaker.start(service)
            assert await until_taken(service, 1) == 202
            async with breaker.broken(service, fault):
                for number in range(2, 5):
                    refused = await service.post(event(number), f"call-{number}")
                    assert refused.status_code == 503
                assert await ready(service) == 503
            for number in range(2, 5):
                assert await until_taken(service, number) == 202
            assert await ready(service) == 200
            ids = [one["id"] for one in await service.deliveries()]
            ended = await service.until_ended(ids)
            assert [one["state"] for one in ended] == ["sent"] * 4
            assert len(sink.taken) == 4
            assert await service.stop() == 0
        finally:
            await service.close()
    assert is_sound(tmp_path)


def _read_only(folder: Path) -> tuple[str, ...]:
    """Give the command under which `disk` in the folder may not be written."""
    mounted = in_memory("cp -p kept/* disk && mount -o remount,ro disk")
    if mounted is not None:
        return mounted
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("root writes everywhere, and a file system of its own cannot be had here")
    for file in (folder / "kept").iterdir():
        file.rename(folder / "disk" / file.name)
    (folder / "disk").chmod(0o500)
    return ()


@pytest.mark.fault("C4")
@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_a_disk_that_may_not_be_written_refuses_the_start(kept: bool, tmp_path: Path) -> None:
    for name in ("kept", "disk"):
        (tmp_path / name).mkdir()
    (tmp_path / "kept" / "readme").touch()
    if kept:
        with serving(tmp_path, **SIGNED, DATABASE_URL="sqlite:///kept/notifier.db") as service:
            assert service.end() == 0
    settings = {**SIGNED, "PORT": str(free_port()), "DATABASE_URL": "sqlite:///disk/notifier.db"}
    done = subprocess.run(
        [*_read_only(tmp_path), *NOTIFIER, "serve"],
        cwd=tmp_path,
        env=environment(tmp_path, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (tmp_path / "disk").chmod(0o700)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "the store cannot be opened" in done.stderr
    assert "may be written to" in done.stderr


@pytest.mark.fault("C10")
async def test_a_copy_beside_the_service_is_sound_and_stops_no_call(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port, RATE_LIMIT_EMAIL="") as service:
        copier = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", COPIER, str(tmp_path / "notifier.db")),
            cwd=tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert copier.stdin is not None
        assert copier.stdout is not None
        seen = []
        for rounds in range(4):
            copier.stdin.write(b"again\n")
            answers = await asyncio.gather(
                *(
                    service.post(event(number), f"call-{number}")
                    for number in range(rounds * 25, rounds * 25 + 25)
                )
            )
            assert {answer.status_code for answer in answers} == {202}
            seen.append((await asyncio.wait_for(copier.stdout.readline(), 60)).split())
        copier.stdin.close()
        assert await copier.wait() == 0
    assert [found for found, _ in seen] == [b"ok"] * 4
    counts = [int(events) for _, events in seen]
    assert counts == sorted(counts)
    assert counts[-1] >= 75, "what was accepted before a copy began is in it"
