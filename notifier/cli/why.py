"""`notifier why`: what became of a ticket, in sentences: event, plan, attempts, what to do next.

Takes a ticket's number or id, gives its events with what each led to, also when it led to
nothing. Refuses (exit 1) a ticket of which nothing is known.
"""

import functools
import sys
from pathlib import Path

import click

from notifier.cli import explaining, flags, output, stories, tables
from notifier.cli.client import Client, ask
from notifier.cli.output import Document

_TITLE = 200

_UNKNOWN = (
    "Nothing is known of a ticket {ticket}: no accepted event names it as its number or id, "
    "or it is older than RETENTION_DELIVERIES."
)
_UNKNOWN_NEXT = (
    "look whether the help desk's webhook reports errors, and into this service's log for "
    "refused calls; notifier emit ticket.assigned tries the way in"
)


@click.command()
@click.argument("ticket")
@click.option("--source", help="Only events of this help desk.")
@click.option(
    "--limit",
    type=click.IntRange(1, 200),
    default=20,
    show_default=True,
    help="How many events, the newest ones.",
)
@flags.asking
def command(
    ticket: str, source: str | None, limit: int, as_json: bool, offline: bool, env_file: Path | None
) -> None:
    """Say what became of a ticket, and why.

    TICKET is its number, or its id in the help desk. For whoever says "I was assigned and got
    nothing": every event of the ticket, whom it told or why nobody, every attempt with the
    provider's reply, and what to do next.
    """
    query = {"source": source, "limit": str(limit)}
    found = ask(env_file, offline, functools.partial(_found, ticket, query))
    if as_json:
        output.document(found)
    elif found["events"]:
        for line in _lines(found):
            output.say(line)
    else:
        output.complain(f"notifier: {_UNKNOWN.format(ticket=ticket)}")
        output.complain(f"notifier: Next: {_UNKNOWN_NEXT}")
    sys.exit(0 if found["events"] else 1)


async def _found(ticket: str, query: dict[str, str | None], client: Client) -> Document:
    page = await client.get("/v1/events", {**query, "ticket": ticket})
    if not page["items"]:
        # People write #123 where the help desk says 123, and the other way round.
        other = ticket.removeprefix("#") if ticket.startswith("#") else f"#{ticket}"
        page = await client.get("/v1/events", {**query, "ticket": other})
    events = [await _explained(event, client) for event in reversed(page["items"])]
    still_open = any(
        delivery["finished_at"] is None for event in events for delivery in event["deliveries"]
    )
    # A store that was opened here serves nobody, so its readiness says nothing.
    asks = still_open and not client.offline
    service = await client.readiness() if asks else None
    more = page["next_cursor"] is not None
    return {"ticket": ticket, "events": events, "more": more, "service": service}


async def _explained(event: Document, client: Client) -> Document:
    deliveries = [await _delivery(one["id"], client) for one in event["deliveries"]]
    return {
        **event,
        "sentences": explaining.of_event(event),
        "next": explaining.after_event(event),
        "deliveries": deliveries,
    }


async def _delivery(id_: str, client: Client) -> Document:
    return await stories.explained(await client.get(f"/v1/deliveries/{id_}"), client)


def _lines(found: Document) -> list[str]:
    events = found["events"]
    several = len({(event["source"], event["ticket"]["id"]) for event in events}) > 1
    count = "1 event" if len(events) == 1 else f"{len(events)} events, oldest first"
    more = f" (older ones with --limit {min(200, 2 * len(events))})" if found["more"] else ""
    if several:
        lines = [f"Several tickets are known as {tables.tidy(found['ticket'], 60)}:"]
    else:
        lines = _wrapped(_title(events[-1]["ticket"]))
    lines.append(f"{count}{more}; times in UTC")
    for event in events:
        lines += ["", *_event(event, named=several)]
    return [*lines, *_service(found["service"])]


def _service(service: Document | None) -> list[str]:
    if service is None or service["status"] == "ok":
        return []
    reasons = [f"- {tables.tidy(reason)}" for reason in service["reasons"]]
    return ["", f"The service is {service['status']} now:", *reasons]


def _event(event: Document, *, named: bool) -> list[str]:
    at = explaining.moment(event["accepted_at"])
    lines = _wrapped(f"{at}: {explaining.happened(event)}")
    if named:
        lines += _wrapped(f"{_title(event['ticket'])} (id {event['ticket']['id']})", "  ")
    lines.append(f"  {event['id']} from {event['source']}, {tables.tidy(event['webhook_id'], 60)}")
    lines += stories.lines(event, "  ")
    for delivery in event["deliveries"]:
        to = f"{delivery['channel'] or 'nothing'} to {delivery['recipient'] or 'nobody'}"
        lines.append(f"  {tables.tidy(to)}: {explaining.ended(delivery)} ({delivery['id']})")
        lines += stories.lines(delivery, "    ")
    return lines


def _title(ticket: Document) -> str:
    return f"Ticket {explaining.reference(ticket)} {ticket['title']}"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return tables.paragraph(tables.tidy(text, _TITLE), indent, f"{indent}  ")
