"""A real django-helpdesk as a process, and the people who use it by its web pages.

Takes the interpreter that has it, a folder and where its webhooks go. Gives agents and visitors
who fill in forms as a browser would. Refuses (AssertionError) pages that are not as expected.
"""

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Self

import httpx2

from tests.real import web_forms

ROOT = Path(__file__).parents[2]
PACKAGE = "django-helpdesk"
AGENTS = {
    "administrator": "administrator@example.com",
    "john": "john@example.com",
    "mary": "mary@example.com",
    # Whose name does not stand in the address: nobody can tell that they belong together.
    "lee": "l.chang@example.com",
}
_PASSWORD = "a password of the tests, on loopback"
_SECONDS = 60
_TICKET = re.compile(r"/tickets/([0-9]+)/")


class Desk:
    """One database, and the process that serves it, if it runs."""

    address = "https://desk.example.com"
    """Under which its people know it; here it is on loopback, on another port at every start."""

    def __init__(self, python: Path, folder: Path, webhook: str) -> None:
        self._python = python
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.real.desk.settings",
            "DESK_DATABASE": str(folder / "desk.db"),
            "DESK_PATIENCE": str(_SECONDS),
            "DESK_LANGUAGE": "en",
            "HELPDESK_NEW_TICKET_WEBHOOK_URLS": webhook,
            "HELPDESK_FOLLOWUP_WEBHOOK_URLS": webhook,
        }
        self._process: asyncio.subprocess.Process | None = None
        self.numbers: dict[str, int] = {}
        self.url = ""

    async def furnish(self) -> None:
        """Make the database, the queue and the agents."""
        agents = [f"{name}:{email}:{_PASSWORD}" for name, email in AGENTS.items()]
        process = await asyncio.create_subprocess_exec(
            *self._command("furnish"),
            *agents,
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(2 * _SECONDS):
            said, _ = await process.communicate()
        assert process.returncode == 0, "the help desk could not be set up"
        self.numbers = json.loads(said)

    async def start(self, **settings: str) -> None:
        """Serve it, on a port of its own choice; see desk/settings.py for what may be set."""
        with (self._folder / "desk.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command("serve"),
                cwd=self._folder,
                env={**self._environment, **settings},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(_SECONDS):
            port = await self._process.stdout.readline()
        assert port, f"the help desk does not start; see {self._folder / 'desk.log'}"
        self.url = f"http://127.0.0.1:{int(port)}"

    async def restart(self, **settings: str) -> None:
        """End it and serve it again, on another port: whoever was signed in has to do so again."""
        await self.stop()
        await self.start(**settings)

    async def stop(self) -> None:
        """End it; its database stays."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            async with asyncio.timeout(_SECONDS):
                await self._process.wait()

    def _command(self, module: str) -> tuple[str, str, str]:
        return str(self._python), "-m", f"tests.real.desk.{module}"

    async def version(self) -> str:
        """Give the version of django-helpdesk that is installed."""
        asking = f"from importlib.metadata import version; print(version({PACKAGE!r}))"
        process = await asyncio.create_subprocess_exec(
            str(self._python), "-c", asking, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        return said.decode().strip()


class Person:
    """Somebody before a browser; without a name a visitor, else an agent who signs in."""

    def __init__(self, desk: Desk, name: str = "") -> None:
        self.name = name
        self._desk = desk
        # Longer than the help desk waits for us.
        self._browser = httpx2.AsyncClient(
            base_url=desk.url, trust_env=False, timeout=2 * _SECONDS, headers={"referer": desk.url}
        )

    async def __aenter__(self) -> Self:
        if self.name:
            answer = await self._send("/login/", "username", username=self.name, password=_PASSWORD)
            assert answer.status_code == 302, f"{self.name} cannot sign in"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._browser.aclose()

    async def submit(self, title: str, owner: str = "", priority: int = 3) -> int:
        """Fill in the form for a new ticket, an agent that for agents; give its number."""
        filled = {"title": title, "body": f"{title}.", "priority": str(priority), "queue": "1"}
        filled["submitter_email"] = "jane@example.com"
        if owner:
            filled["assigned_to"] = str(self._desk.numbers[owner])
        answer = await self._send("/tickets/submit/", "body", **filled)
        assert answer.status_code == 302, f"the ticket was not made: {answer.status_code}"
        where = answer.headers["location"]
        found = _TICKET.search(where) or re.search(r"ticket=it-([0-9]+)", where)
        assert found, where
        return int(found[1])

    async def assign(self, ticket: int, owner: str) -> None:
        """Choose an owner in the box "Assigned to" of the ticket's page."""
        number = self._desk.numbers[owner]
        _went_well(await self._send(f"/tickets/{ticket}/", "ticket_id", owner=str(number)))

    async def take(self, ticket: int) -> None:
        """Click the hand beside the owner: the ticket is one's own."""
        _went_well(await self._browser.get(f"/tickets/{ticket}/", params={"take": ""}))

    async def respond(self, ticket: int, **filled: str) -> None:
        """Fill in the form for a reply: `comment`, `new_status`, `owner` (0: nobody)."""
        _went_well(await self.try_to_respond(ticket, **filled))

    async def try_to_respond(self, ticket: int, **filled: str) -> httpx2.Response:
        """Do the same, and give the answer whatever it is."""
        return await self._send(f"/tickets/{ticket}/", "comment", **filled)

    async def owner_of(self, ticket: int) -> int:
        """Read from the ticket's page who has it; 0 for nobody."""
        page = await self._browser.get(f"/tickets/{ticket}/")
        return int(_form(page.text, "comment").values["owner"])

    async def _send(self, path: str, marked: str, **filled: str) -> httpx2.Response:
        """Fill in the form of a page that holds the field `marked`, and send it."""
        page = await self._browser.get(path)
        assert page.status_code == 200, f"{path} answers {page.status_code}"
        form = _form(page.text, marked)
        return await self._browser.post(form.action or path, data={**form.values, **filled})


def _form(html: str, marked: str) -> web_forms.Form:
    for form in web_forms.read(html):
        if marked in form.values:
            return form
    raise AssertionError(f"the page has no form with {marked}")


def _went_well(answer: httpx2.Response) -> None:
    assert answer.status_code == 302, f"{answer.request.url} answers {answer.status_code}"
