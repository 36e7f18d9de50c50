"""People: who can be told, as the directory knows them and as one event names them.

Takes nothing, gives frozen values that pass between planning, the store and the API. Refuses
nothing: who makes a card has checked its addresses.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from notifier.model.times import Instant
from notifier.model.values import value

Kind = Literal["id", "login", "email", "phone", "name"]

Key = tuple[str, str, str]
"""Leads to a person: (kind, source, value).

The source is "" for `email` (in lower case) and `phone` (E.164), which are the same everywhere.
A bare `name` leads to somebody of whom nothing else is known.
"""


@value
class Card:
    """What somebody said of a person. Addresses are normalised; the first one is used."""

    name: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    locale: str | None = None
    time_zone: str | None = None


NOTHING = Card()


@value
class Known:
    """A person as the directory knows them: by the operator (`said`), and by calls (`met`).

    `ref` is the operator's own name for the person, None while nobody gave one.
    """

    id: int
    ref: str | None
    said: Card
    met: Card
    keys: frozenset[Key]

    @property
    def name(self) -> str | None:
        """Give the name that the operator said, else the one of calls."""
        return self.said.name or self.met.name

    @property
    def card(self) -> Card:
        """Give both as one: what the operator said wins."""
        return over(self.said, self.met)


@value
class Met:
    """What an event shows of a person: to be remembered in the transaction that records it.

    `person` is None when nobody is known by any of its keys. `card` is the whole new `met`;
    `keys` lead to the person from now on, `dropped` do not any more.
    """

    person: int | None
    card: Card
    keys: tuple[Key, ...] = ()
    dropped: tuple[Key, ...] = ()


@value
class Person:
    """A person as the API shows them."""

    known: Known
    created_at: Instant
    updated_at: Instant


Named = tuple[str, str | None, str | None]
"""How an event named somebody: the source, and there the id and the login."""


def no_address(named: Named, name: str | None) -> str:
    """Say of whom no address is known, and what to do about it."""
    source, number, login = named
    by = f"id {number}" if number else f"login {login}" if login else "a name"
    who = f" ({name})" if name else ""
    if number:
        how = f"--source {source}:{number}"
    elif login:
        how = f"--login {source}:{login}"
    else:
        return (
            f"The help desk {source} named only {by}{who}, and no address is known: let it send "
            "an id, a login or an address."
        )
    return (
        f"The help desk {source} named only {by}{who}, and no address is known: add one with "
        f"notifier people set NAME {how} --email ADDRESS, then retry."
    )


def over(said: Card, met: Card) -> Card:
    """Give one card; what `said` leaves open is filled from `met`."""
    if met == NOTHING:
        return said
    return replace(
        met,
        name=said.name or met.name,
        emails=said.emails or met.emails,
        phones=said.phones or met.phones,
        locale=said.locale or met.locale,
        time_zone=said.time_zone or met.time_zone,
    )


def address_keys(card: Card) -> tuple[Key, ...]:
    """Give the keys that the addresses of a card are."""
    return (
        *(("email", "", email.casefold()) for email in card.emails),
        *(("phone", "", phone) for phone in card.phones),
    )


def share_a_line(some: Collection[Key], others: Collection[Key]) -> bool:
    """Tell whether keys have a telephone number in common at most, and mail addresses of each.

    Colleagues may share the number of their office.
    """
    common = {key[0] for key in some if key in others}
    mailed = (any(key[0] == "email" for key in keys) for keys in (some, others))
    return common <= {"phone"} and all(mailed)


FIELDS = ("name", "emails", "phones", "locale", "time_zone")
"""The fields of a card, by the names of the API."""


@value
class Entry:
    """What an operator says of one person.

    `who` is their own name for the person, or the service's internal id. `fields` are those that
    are given, the others stay; `replaces` are the (kind, source) of the keys that are given, None
    for all.
    """

    who: str | int
    card: Card
    keys: tuple[Key, ...]
    fields: frozenset[str]
    replaces: frozenset[tuple[str, str]] | None


Outcome = Literal["created", "updated", "unchanged", "taken", "missing"]


@value
class Written:
    """What came of an entry. `taken`: `fault` says which key is already whose."""

    outcome: Outcome
    fault: str | None = None


@value
class PersonFilter:
    """What people to list; None means any. `prefix` is how the name begins, in any case."""

    email: str | None = None
    source: str | None = None
    id: str | None = None
    login: str | None = None
    prefix: str | None = None
