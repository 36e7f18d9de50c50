"""The story of a delivery: looked up whole, explained, and laid out as lines.

Takes a delivery as the API gives one alone, gives it with `sentences` and `next`, and lines of
text. Refuses (CallFailed) what the service refuses.
"""

from notifier.cli import explaining, tables
from notifier.cli.client import Client
from notifier.cli.output import Document

_MOST_TOGETHER = 200


async def explained(delivery: Document, client: Client) -> Document:
    """Give the delivery with its story in `sentences` and what to do in `next` (or null)."""
    told_by = None
    if delivery["merged_into"] is not None:
        # It is older, so its history may have been forgotten first.
        told_by = await client.find(f"/v1/deliveries/{delivery['merged_into']}")
    sentences = explaining.of_delivery(delivery, await _together(delivery, client), told_by)
    return {**delivery, "sentences": sentences, "next": explaining.next_step(delivery)}


async def _together(delivery: Document, client: Client) -> int:
    """Give how many deliveries share the message, looking at no more than 200."""
    if delivery["batch_id"] is None or not delivery["attempts"]:
        return 1
    query = {
        "recipient": delivery["recipient"],
        "channel": delivery["channel"],
        "until": delivery["attempts"][-1]["started_at"],
        "limit": str(_MOST_TOGETHER),
    }
    page = await client.get("/v1/deliveries", query)
    return sum(one["batch_id"] == delivery["batch_id"] for one in page["items"])


def lines(explained: Document, indent: str) -> list[str]:
    """Give the sentences of an event or a delivery, and what to do next, one below the other."""
    found = [
        line
        for sentence in explained["sentences"]
        for line in tables.paragraph(tables.tidy(sentence), f"{indent}- ", f"{indent}  ")
    ]
    if explained["next"] is not None:
        found += tables.paragraph(explained["next"], f"{indent}> Next: ", f"{indent}  ")
    return found
