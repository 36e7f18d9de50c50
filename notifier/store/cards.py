"""The stored form of what is known of a person.

Takes and gives Card and its JSON text. Refuses nothing: only this module writes the text.
"""

import json
from functools import lru_cache

from notifier.model import json_text
from notifier.model.people import NOTHING, Card


def to_text(card: Card) -> str:
    """Write a card as JSON text; what is absent is left out."""
    if card == NOTHING:
        return "{}"
    kept = {
        "name": card.name,
        "emails": card.emails,
        "phones": card.phones,
        "locale": card.locale,
        "time_zone": card.time_zone,
    }
    return json_text.written({name: value for name, value in kept.items() if value})


# Many are as empty as one another, and whoever is told is told again.
@lru_cache(maxsize=1024)
def from_text(text: str) -> Card:
    """Read it back."""
    kept = json.loads(text)
    return Card(
        name=kept.get("name"),
        emails=tuple(kept.get("emails", ())),
        phones=tuple(kept.get("phones", ())),
        locale=kept.get("locale"),
        time_zone=kept.get("time_zone"),
    )
