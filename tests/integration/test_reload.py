"""The sources read again while calls go on: no call is lost, and a wrong file changes nothing."""

import asyncio
import hashlib
import hmac
import json
import signal
from pathlib import Path

import httpx2
import pytest

from tests.service import TOKEN, Service, running

SECRET = "a-secret-of-the-help-desk-0123456789"
OTHER = "another-secret-of-the-desk-0123456789"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
NOWHERE = 1
"""A port that nothing is sent to: mails are off."""


def table(secret: str, name: str = "desk") -> str:
    return f"""
[sources.{name}]
secrets = ["{secret}"]
auth = [{{ scheme = "hmac", header = "x-signature" }}]
[sources.{name}.map.events]
"ticket.assigned" = "true"
[sources.{name}.map.fields]
"ticket.id" = "body.id"
"""


async def post(service: Service, secret: str, name: str = "desk") -> int:
    body = json.dumps({"id": 7, "secret": hashlib.sha256(secret.encode()).hexdigest()}).encode()
    signed = hmac.new(secret.encode(), body, "sha256").hexdigest()
    answer = await service.client.post(
        f"{service.url}/webhooks/{name}", content=body, headers={"x-signature": signed}
    )
    return answer.status_code


async def reload(service: Service) -> httpx2.Response:
    return await service.client.post(f"{service.url}/v1/reload", headers=AUTHORIZED)


async def test_a_secret_in_the_environment_file_is_read_again_too(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(table("env:DESK_SECRET"))
    (tmp_path / ".env").write_text(f"DESK_SECRET={SECRET}\n")
    async with running(tmp_path, NOWHERE, ENABLE_EMAIL="false") as service:
        assert "HMAC-SHA256 in x-signature" in await service.until_logged("source.configured")
        assert [await post(service, one) for one in (SECRET, OTHER)] == [200, 401]
        (tmp_path / ".env").write_text(f"DESK_SECRET={OTHER}\n")
        answer = await reload(service)
        assert answer.json() == {"sources": ["default", "desk"], "changed": ["desk"]}
        assert [await post(service, one) for one in (SECRET, OTHER)] == [401, 200]
        assert not any(one in line for line in service.lines for one in (SECRET, OTHER))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
async def test_a_signal_reads_the_file_again_and_a_wrong_one_changes_nothing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, NOWHERE, ENABLE_EMAIL="false") as service:
        assert service.process is not None
        # Nothing to read yet, and no harm either.
        service.process.send_signal(signal.SIGHUP)
        assert "nothing changed" in await service.until_logged("config.reloaded")
        (tmp_path / "notifier.toml").write_text(table(SECRET))
        service.process.send_signal(signal.SIGHUP)
        await service.until_logged("desk changed")
        assert await post(service, SECRET) == 200
        (tmp_path / "notifier.toml").write_text("[sources.desk]\nfromat = 'json'\n")
        service.process.send_signal(signal.SIGHUP)
        said = await service.until_logged("config.refused")
        assert "sources.desk.fromat: there is no such key; did you mean format?" in said
        assert await post(service, SECRET) == 200
        answer = await reload(service)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_configuration")
        assert [one["path"] for one in answer.json()["errors"]] == ["sources.desk.fromat"]
        assert await service.stop() == 0


async def test_a_signal_while_it_starts_does_not_end_it(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(table(SECRET))
    async with running(tmp_path, NOWHERE, ENABLE_EMAIL="false") as first:
        second = Service(tmp_path, NOWHERE, ENABLE_EMAIL="false")
        try:
            starting = asyncio.ensure_future(second.start())
            await asyncio.sleep(0)
            await second.until_logged("store.waiting")
            assert second.process is not None
            second.process.send_signal(getattr(signal, "SIGHUP", 0))
            assert await first.stop() == 0
            await starting
            assert await post(second, SECRET) == 200
        finally:
            await second.close()
