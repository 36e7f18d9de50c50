"""Senders with the libraries of CloudEvents, Standard Webhooks and Svix for Node.

Takes a folder, writes an account. Each posts one event of ours to a running notifier, and a mail
must come of it. (The same for Python is in tests/integration/test_source_senders.py.)
"""

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.real.account import Account
from tests.service import SECRET, Service, assigned
from tests.smtp_sink import SmtpSink

_PROGRAMS = Path(__file__).with_name("senders")
_INSTALL = "npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error"
_SECONDS = 60
_INSTALL_SECONDS = 300
_TOKEN = "token-of-the-senders-0123456789"

_SOURCES = f"""
[sources.events]
preset = "cloudevents"
secrets = ["{_TOKEN}"]

[sources.webhooks]
preset = "standard_webhooks"
secrets = ["{SECRET}"]

[sources.svix]
preset = "svix"
secrets = ["{SECRET}"]
"""


class MissingProgramError(Exception):
    """A program that is not here; the message says how to get it."""


class Programs:
    """The programs in a folder of their own, with what they need."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def install(self) -> None:
        """Copy the programs and get the libraries; raises MissingProgramError."""
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise MissingProgramError(
                    f"{program} is not here; install Node 18 or newer with npm, for example: "
                    "apt-get install nodejs npm"
                )
        shutil.copytree(_PROGRAMS, self._folder)
        await self._run(_INSTALL.split(), _INSTALL_SECONDS)

    async def version(self, library: str) -> str:
        """Give the version that was installed."""
        text = (self._folder / "node_modules" / library / "package.json").read_text()
        return str(json.loads(text)["version"])

    async def post(self, program: str, *arguments: str) -> dict[str, Any]:
        """Run one; give the `status` of the answer and its `body`."""
        said: dict[str, Any] = json.loads(
            await self._run(["node", f"{program}.mjs", *arguments], _SECONDS)
        )
        return said

    async def _run(self, command: Sequence[str], seconds: int) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self._folder, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
        )
        try:
            async with asyncio.timeout(seconds):
                said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, f"{' '.join(command[:2])} ended with {process.returncode}"
        return said


def cloud_event(number: int, **attributes: str) -> dict[str, Any]:
    """Give a CloudEvent with the data of our `ticket.assigned`."""
    return {
        "specversion": "1.0",
        "type": "com.example.ticket.assigned",
        "source": "https://desk.example.com/desks/1",
        "id": f"ce {number}",
        "time": "2026-11-23T09:00:00.000Z",
        "datacontenttype": "application/json",
        "data": assigned(number, f"sender{number}@example.com")["data"],
        **attributes,
    }


class Story:
    """The senders, one notifier, one mail server."""

    def __init__(
        self, account: Account, sink: SmtpSink, service: Service, programs: Programs
    ) -> None:
        self._account = account
        self._sink = sink
        self._service = service
        self._programs = programs

    async def cloud_events(self) -> None:
        """Post in each mode, with each place of the token."""
        library = f"cloudevents {await self._programs.version('cloudevents')}"
        url = f"{self._service.url}/webhooks/events"
        for number, mode in enumerate(("binary", "structured", "batch"), 1):
            several = [cloud_event(number), cloud_event(10 + number)]
            event = json.dumps(several if mode == "batch" else several[0])
            said = await self._programs.post("cloudevents", mode, url, _TOKEN, event)
            numbers = [number, 10 + number] if mode == "batch" else [number]
            await self._was_told(f"{library}, {mode}", said, numbers)
        event, addressed = json.dumps(cloud_event(4)), f"{url}?access_token={_TOKEN}"
        said = await self._programs.post("cloudevents", "structured", addressed, "", event)
        await self._was_told(f"{library}, the token in the address", said, [4])
        said = await self._programs.post("cloudevents", "binary", url, "x" * 30, event)
        self._account.saw(f"{library}, with another token", 401, said["status"])

    async def webhooks(self, library: str, source: str, number: int) -> None:
        """Post a signed one, and one signed with another secret."""
        url = f"{self._service.url}/webhooks/{source}"
        named = f"{library} {await self._programs.version(library)}"
        event = json.dumps(assigned(number, f"sender{number}@example.com"))
        said = await self._programs.post("webhooks", library, url, SECRET, "msg_1", event)
        await self._was_told(named, said, [number])
        other = SECRET.replace("c2Vj", "YWJj")
        said = await self._programs.post("webhooks", library, url, other, "msg_2", event)
        self._account.saw(f"{named}, with another secret", 401, said["status"])

    async def _was_told(self, what: str, said: dict[str, Any], numbers: Sequence[int]) -> None:
        answered = json.loads(said["body"]) if said["status"] == 202 else {"deliveries": []}
        await self._service.until_ended([one["id"] for one in answered["deliveries"]])
        wanted = [f"sender{number}@example.com" for number in numbers]
        told = [to for to in wanted if to in {mail.to for mail in self._sink.taken}]
        self._account.saw(what, ["202", *wanted], [str(said["status"]), *told])


async def tell(account: Account, folder: Path) -> None:
    """Set everything up, let every sender post, and take it down."""
    account.title("Senders for Node with the libraries of others")
    programs = Programs(folder / "senders")
    await programs.install()
    (folder / "notifier.toml").write_text(_SOURCES)
    async with SmtpSink() as sink:
        service = Service(folder, sink.port)
        try:
            await service.start()
            story = Story(account, sink, service, programs)
            await story.cloud_events()
            await story.webhooks("standardwebhooks", "webhooks", 20)
            await story.webhooks("svix", "svix", 21)
        finally:
            await service.close()
