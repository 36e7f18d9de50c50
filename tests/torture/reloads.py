"""Calls over connections that stay open, while the file of the sources is read again and again."""

import asyncio
import hmac
import json
import signal
import time
from dataclasses import dataclass, field

from notifier.sources.signatures import sign
from tests.service import SECRET, TOKEN, Service
from tests.torture.harness import Harness, Job, Size

_CONNECTIONS = 8
_NOWHERE = 1
"""A port that nothing is sent to: mails are off."""

_WAIT = 30
_DESK = "a-secret-of-the-help-desk-0123456789"
_TABLE = """
[sources.{name}]
secrets = ["{secret}"]
auth = [{{ scheme = "hmac", header = "x-signature" }}]
[sources.{name}.map.events]
"ticket.updated" = "true"
[sources.{name}.map.fields]
"ticket.id" = "body.id"
"ticket.title" = "body.title"
"""


@dataclass(slots=True)
class _Run:
    job: Job
    service: Service
    begun: int = 0
    answered: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def connection(self) -> None:
        """Post one call after the other over one connection, until there were enough."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        try:
            while self.begun < self.job.sizes["calls"]:
                self.begun += 1
                writer.write(_call(self.begun))
                await self._answer(reader)
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.job.find("dropped", f"call {self.begun}: {type(error).__name__}")
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> None:
        async with asyncio.timeout(_WAIT):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 2"):
            self.job.find("refused", f"{head[:40]!r} {body[:300]!r}")
        self.answered += 1
        self.job.count("answered")
        self.news.set()

    async def until(self, answered: int) -> None:
        """Return when so many calls were answered."""
        async with asyncio.timeout(_WAIT * 4):
            while self.answered < answered:
                self.news.clear()
                await self.news.wait()

    async def reload(self, number: int) -> None:
        """Write another file and have it read, in turn by a call and by a signal."""
        wrong = number == self.job.sizes["reloads"] // 2
        names = ["desk", f"new-{number}"]
        text = "".join(_TABLE.format(name=name, secret=_DESK) for name in reversed(names))
        file = self.service.folder / "notifier.toml"
        file.write_text(text.replace("body.id", "body.id(") if wrong else text)
        if number % 2:
            assert self.service.process is not None
            self.service.process.send_signal(signal.SIGHUP)
        else:
            answer = await self.service.client.post(
                f"{self.service.url}/v1/reload", headers={"authorization": f"Bearer {TOKEN}"}
            )
            if answer.status_code != (422 if wrong else 200):
                self.job.find("ill_told", f"{answer.status_code} {answer.text[:300]}")
        # The source that is new in this file alone is named by the line, whatever came of it.
        said = await self.service.until_logged(f"new-{number}", _WAIT)
        if ("config.refused" if wrong else "config.reloaded") not in said:
            self.job.find("ill_told", said)
        self.job.count("reloaded")


def _call(number: int) -> bytes:
    """Give a whole request, to the native source or to one of the file."""
    ticket = {"id": str(number), "title": "Printer Not Working"}
    if number % 2:
        body = json.dumps(ticket).encode()
        signed = hmac.new(_DESK.encode(), body, "sha256").hexdigest()
        path, headers = "/webhooks/desk", {"x-signature": signed}
    else:
        body = json.dumps({"type": "ticket.updated", "data": {"ticket": ticket}}).encode()
        now, key = int(time.time()), f"call-{number}"
        made = {"webhook-id": key, "webhook-timestamp": str(now)}
        path, headers = "/webhooks", {**made, "webhook-signature": sign(SECRET, key, now, body)}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"POST {path} HTTP/1.1", "Host: notifier", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


async def _run(job: Job) -> None:
    service = Service(job.folder, _NOWHERE, ENABLE_EMAIL="false")
    (job.folder / "notifier.toml").write_text(_TABLE.format(name="desk", secret=_DESK))
    try:
        await job.start(service)
        run = _Run(job, service)
        posting = asyncio.gather(*(run.connection() for _ in range(_CONNECTIONS)))
        calls, reloads = job.sizes["calls"], job.sizes["reloads"]
        for number in range(reloads):
            # The first begins at once, and after the last there are calls too.
            await run.until(calls * number // (reloads + 1))
            await run.reload(number)
        await posting
        job.read_log(service)
        assert await service.stop() == 0
    finally:
        await service.close()


HARNESS = Harness(
    name="reload",
    says="sources read again under load: every call is answered with success, no connection ends",
    run=_run,
    sizes={
        "calls": Size(10_000, 1_500, "how many webhooks are posted"),
        "reloads": Size(20, 6, "how often the file is read again meanwhile"),
    },
    faults={
        "refused": "a call was not answered with success",
        "dropped": "a connection ended, or an answer never came",
        "ill_told": "whoever asked for a reload was not told what came of it",
    },
    reaches={"answered": "calls", "reloaded": "reloads"},
    sabotages=("forget-the-sources-first",),
)
