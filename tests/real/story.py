"""A day at a real help desk, told by what its people do and what the notifier makes of it.

Takes a folder and the interpreter of the help desk, writes an account. Everything is done through
the web pages of the help desk, and looked at through the notifier's API and in its mails.
"""

import signal
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from tests.real.account import Account
from tests.real.helpdesk import AGENTS, Desk, Person
from tests.service import TOKEN, Service
from tests.smtp_sink import SmtpSink, Taken

SOURCE = "desk"
PRESET = "django_helpdesk"
_PASSWORD = "the-password-in-the-address-of-the-webhook"
_PATIENCE = 3
"""Seconds that django-helpdesk waits for an answer."""

_RESOLVED, _REOPENED = "3", "2"


class Story:
    """One help desk, one notifier, one mail server."""

    def __init__(self, account: Account, sink: SmtpSink, service: Service, desk: Desk) -> None:
        self._account = account
        self._sink = sink
        self._service = service
        self._desk = desk
        self._known: set[str] = set()
        self._read = 0

    async def tell(self) -> None:
        """Tell all of it."""
        await self._one_ticket()
        await self._in_another_language()
        await self._a_notifier_that_hangs()
        await self._a_notifier_that_is_gone()
        await self._names_and_numbers()

    async def _one_ticket(self) -> None:
        self._account.title("One ticket, from its opening to its end")
        async with Person(self._desk) as visitor:
            ticket = await visitor.submit("Printer Not Working", priority=1)
        await self._saw(ticket, "Jane opens it on the public page", ["ticket.created: nobody"])
        async with self._agent("administrator") as administrator:
            await administrator.assign(ticket, "john")
            await self._saw(
                ticket,
                "the administrator gives it to john",
                ["ticket.assigned: john@example.com is sent a mail"],
            )
            self._look_at_mail("john@example.com", ticket)
            async with self._agent("john") as john:
                await john.respond(ticket, comment="On my way.")
                await self._saw(ticket, "john comments", ["ticket.updated: nobody"])
            await administrator.assign(ticket, "mary")
            await self._saw(
                ticket,
                "the administrator gives it to mary",
                ["ticket.assigned: mary@example.com is sent a mail"],
            )
            async with self._agent("mary") as mary:
                await mary.respond(ticket, comment="New toner.", new_status=_RESOLVED)
                await self._saw(ticket, "mary resolves it", ["ticket.resolved: nobody"])
                await mary.respond(ticket, comment="Not yet.", new_status=_REOPENED)
                await self._saw(ticket, "mary opens it again", ["ticket.reopened: nobody"])
            await administrator.respond(ticket, owner="0")
            await self._saw(
                ticket, "the administrator takes it from her", ["ticket.unassigned: nobody"]
            )
            async with self._agent("mary") as mary:
                await mary.take(ticket)
                await self._saw(
                    ticket,
                    "mary takes it herself",
                    ["ticket.assigned: mary is not told (own_action)"],
                )
                made = await mary.submit("Screen Flickers", owner="john")
                await self._saw(
                    made,
                    "mary opens another one for john",
                    ["ticket.created: john@example.com is sent a mail"],
                )
                self._look_at_mail("john@example.com", made)

    async def _in_another_language(self) -> None:
        self._account.title("The same help desk in German")
        await self._desk.restart(DESK_LANGUAGE="de")
        async with self._agent("administrator") as administrator:
            ticket = await administrator.submit("Drucker druckt nicht")
            await self._saw(ticket, "the administrator opens a ticket", ["ticket.created: nobody"])
            await administrator.assign(ticket, "john")
            await self._saw(
                ticket,
                "the administrator gives it to john",
                ["ticket.assigned: john@example.com is sent a mail"],
            )
        await self._desk.restart()

    async def _a_notifier_that_hangs(self) -> None:
        self._account.title("A notifier that does not answer")
        async with self._agent("administrator") as administrator:
            ticket = await administrator.submit("Mouse Is Gone")
        await self._saw(ticket, "the administrator opens a ticket", ["ticket.created: nobody"])
        await self._desk.restart(DESK_PATIENCE=str(_PATIENCE))
        async with self._agent("administrator") as administrator:
            await self._assign_while_it_hangs(administrator, ticket)
            owner = await administrator.owner_of(ticket)
            self._account.saw("the ticket is john's", self._desk.numbers["john"], owner)
        await self._desk.restart()
        async with self._agent("administrator") as administrator:
            # Whether the call that nobody waited for any more was read is a matter of luck.
            await administrator.respond(ticket, comment="Under the table?")
        new = await self._new_events(ticket)
        await self._service.until_ended([one["id"] for event in new for one in event["deliveries"]])
        assigned = [one["type"] for one in new if one["type"] == "ticket.assigned"]
        self._account.saw("after the next reply", ["ticket.assigned"], assigned)
        self._new_mails()

    async def _assign_while_it_hangs(self, administrator: Person, ticket: int) -> None:
        process = self._service.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            await administrator.assign(ticket, "john")
            waited = time.monotonic() - began >= _PATIENCE
        finally:
            process.send_signal(signal.SIGCONT)
        self._account.saw("the page comes after its 3 seconds, and no sooner", True, waited)

    async def _a_notifier_that_is_gone(self) -> None:
        self._account.title("A notifier that is not there")
        async with self._agent("administrator") as administrator:
            ticket = await administrator.submit("Phone Is Silent")
            await self._saw(ticket, "the administrator opens a ticket", ["ticket.created: nobody"])
            assert await self._service.stop() == 0
            answer = await administrator.try_to_respond(
                ticket, owner=str(self._desk.numbers["lee"])
            )
            self._account.saw("giving it to lee shows an error page", 500, answer.status_code)
            owner = await administrator.owner_of(ticket)
            self._account.saw("the ticket is lee's all the same", self._desk.numbers["lee"], owner)
            await self._service.start()
            await administrator.respond(ticket, comment="Please look at the plug.")
            await self._saw(
                ticket,
                "it is back, and the administrator replies",
                ["ticket.assigned: lee is failed (no_address)"],
            )

    async def _names_and_numbers(self) -> None:
        self._account.title("An owner whose address does not show his name")
        async with self._agent("administrator") as administrator:
            ticket = await administrator.submit("Keyboard Sticks")
            await self._saw(ticket, "the administrator opens a ticket", ["ticket.created: nobody"])
            await administrator.assign(ticket, "lee")
            await self._saw(
                ticket,
                "the administrator gives it to lee",
                ["ticket.assigned: lee is failed (no_address)"],
            )
            await self._enter("lee")
            (lost,) = await self._service.deliveries(ticket=str(ticket))
            await self._call("POST", f"/v1/deliveries/{lost['id']}/retry")
            await self._service.until_ended([lost["id"]])
            mails = [mail.to for mail in self._new_mails()]
            told = "lee is entered with his number, and the message sent again"
            self._account.saw(told, [AGENTS["lee"]], mails)
            ticket = await administrator.submit("Chair Squeaks")
            await self._saw(ticket, "the administrator opens a ticket", ["ticket.created: nobody"])
            await administrator.assign(ticket, "lee")
            await self._saw(
                ticket,
                "the administrator gives it to lee",
                [f"ticket.assigned: {AGENTS['lee']} is sent a mail"],
            )

    async def _enter(self, name: str) -> None:
        """Say under which number the help desk knows somebody, and where he is to be reached."""
        known = [{"source": SOURCE, "id": str(self._desk.numbers[name])}]
        await self._call("PUT", f"/v1/people/{name}", emails=[AGENTS[name]], sources=known)

    async def _call(self, method: str, path: str, **body: object) -> None:
        answer = await self._service.client.request(
            method,
            f"{self._service.url}{path}",
            json=body or None,
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        assert answer.is_success, f"{method} {path} answers {answer.status_code}: {answer.text}"

    def _agent(self, name: str) -> Person:
        return Person(self._desk, name)

    async def _saw(self, ticket: int, what: str, wanted: list[str]) -> None:
        """Tell what came of something that the help desk has already waited for."""
        self._account.saw(what, wanted, await self._came(ticket))

    async def _came(self, ticket: int) -> list[str]:
        new = await self._new_events(ticket)
        await self._service.until_ended([one["id"] for event in new for one in event["deliveries"]])
        mails = self._new_mails()
        said = [
            self._said(await self._service.get(f"/v1/events/{one['id']}"), mails) for one in new
        ]
        return said + [f"a mail to {mail.to} that no event explains" for mail in mails]

    def _said(self, event: dict[str, Any], mails: list[Taken]) -> str:
        told = [self._told(event, one, mails) for one in event["deliveries"]]
        return f"{event['type']}: {', '.join(told) or 'nobody'}"

    def _told(self, event: dict[str, Any], one: dict[str, Any], mails: list[Taken]) -> str:
        if one["state"] == "sent":
            found = [mail for mail in mails if mail.to == one["recipient"]]
            mails[:] = [mail for mail in mails if mail not in found[:1]]
            return f"{one['recipient']} is sent {'a mail' if found else 'NO MAIL'}"
        names = {str(number): name for name, number in self._desk.numbers.items()}
        who = names.get((event["assignee"] or {}).get("id", ""), "somebody")
        state = "not told" if one["state"] == "suppressed" else one["state"]
        return f"{who} is {state} ({one['reason']})"

    async def _new_events(self, ticket: int) -> list[dict[str, Any]]:
        page = await self._service.get("/v1/events", source=SOURCE, ticket=str(ticket))
        new = [one for one in reversed(page["items"]) if one["id"] not in self._known]
        self._known |= {one["id"] for one in new}
        return new

    def _new_mails(self) -> list[Taken]:
        new = self._sink.taken[self._read :]
        self._read = len(self._sink.taken)
        return list(new)

    def _look_at_mail(self, to: str, ticket: int) -> None:
        link = _link(self._desk, ticket)
        last = [_text(one) for one in self._sink.taken if one.to == to][-1:]
        shown = "links to the ticket" if link in "".join(last) else f"does not hold {link}"
        self._account.saw(f"the mail to {to}", "links to the ticket", shown)


def _link(desk: Desk, ticket: int) -> str:
    return f"{desk.address}/tickets/{ticket}/"


def _text(mail: Taken) -> str:
    parsed = message_from_bytes(mail.raw, EmailMessage, policy=default)
    body = parsed.get_body(("plain",))
    return "" if body is None else str(body.get_content())


async def tell(account: Account, python: Path, folder: Path) -> None:
    """Set everything up, tell the story, and take it down."""
    async with SmtpSink() as sink:
        service = Service(folder, sink.port, RATE_LIMIT_EMAIL="")
        webhook = f"http://helpdesk:{_PASSWORD}@127.0.0.1:{service.port}/webhooks/{SOURCE}"
        desk = Desk(python, folder, webhook)
        try:
            account.title(
                f"django-helpdesk {await desk.version()}, its webhooks pointed at the notifier"
            )
            await desk.furnish()
            _configure(folder)
            await desk.start()
            await service.start()
            account.saw("agents", sorted(AGENTS), sorted(desk.numbers))
            await Story(account, sink, service, desk).tell()
        finally:
            await desk.stop()
            await service.close()


def _configure(folder: Path) -> None:
    (folder / "notifier.toml").write_text(
        f'[sources.{SOURCE}]\npreset = "{PRESET}"\ndesk_url = "{Desk.address}"\n'
        f'secrets = ["{_PASSWORD}"]\n'
    )
