"""Whom a party of an event is, as far as the directory knows, and what the event adds to that.

Takes parties, what the directory knows, and the country of national numbers; gives keys, parties
completed, and what is to be remembered. Refuses nothing: an address that is not valid leads to
nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from notifier.model.events import TEST_TYPE, Event, Party
from notifier.model.people import NOTHING, Card, Key, Known, Met, address_keys, share_a_line
from notifier.model.values import value
from notifier.planning.addresses import EMAIL, SMS, normalise
from notifier.planning.policy import Policy

People = Mapping[Key, Known]
"""What the directory knows of the parties of some events, by every key that leads to it."""


@value
class Completed:
    """An event whose assignee and actor are completed, and what it teaches of the assignee."""

    event: Event
    met: Met | None


@value
class _Found:
    """A party with its valid addresses, the keys that lead to it, and who that is."""

    party: Party
    email: str | None
    phone: str | None
    keys: tuple[Key, ...]
    known: Known | None


def keys_of(party: Party, source: str, region: str | None) -> tuple[Key, ...]:
    """Give what leads to a party, the surest first; there is always one."""
    email, phone = _addresses(party, region)
    return _keys(party, source, email, phone)


def surest_of(party: Party, source: str, region: str | None) -> Key:
    """Give the first of these keys."""
    if party.id:
        return ("id", source, storable(party.id))
    return keys_of(party, source, region)[0]


def names_of(event: Event, policy: Policy) -> tuple[Key, ...]:
    """Give every key of the parties whom a plan for the event asks the directory about."""
    if event.type == TEST_TYPE:
        return ()
    keys: tuple[Key, ...] = ()
    for party in (event.assignee, event.actor):
        if party is not None:
            keys += keys_of(party, event.source, policy.default_region)
    return keys


def completed(event: Event, people: People, policy: Policy, *, older: bool = False) -> Completed:
    """Give the event with all that is known of its assignee and actor.

    The directory wins where the operator said something; else what the event names counts, else
    what an earlier one named. `older`: a newer event of the ticket is known, so that this one
    fills gaps only.
    """
    assignee, actor = event.assignee, event.actor
    met = None
    if actor is not None:
        actor = _complete(_find(actor, event.source, people, policy), event.source)
    if assignee is not None:
        found = _find(assignee, event.source, people, policy)
        assignee = _complete(found, event.source)
        met = _met(found, people, older=older)
    if assignee is not event.assignee or actor is not event.actor:
        event = replace(event, assignee=assignee, actor=actor)
    return Completed(event, met)


def _find(party: Party, source: str, people: People, policy: Policy) -> _Found:
    email, phone = _addresses(party, policy.default_region)
    keys = _keys(party, source, email, phone)
    return _Found(party, email, phone, keys, _known(keys, people))


def _addresses(party: Party, region: str | None) -> tuple[str | None, str | None]:
    return (
        normalise(EMAIL, party.email, region) if party.email else None,
        normalise(SMS, party.phone, region) if party.phone else None,
    )


def _keys(party: Party, source: str, email: str | None, phone: str | None) -> tuple[Key, ...]:
    keys: list[Key] = []
    if party.id:
        keys.append(("id", source, storable(party.id)))
    if party.login:
        keys.append(("login", source, storable(party.login)))
    if email:
        keys.append(("email", "", email.casefold()))
    if phone:
        keys.append(("phone", "", phone))
    if not keys:
        bare = party.name or party.email or party.phone or "?"
        keys.append(("name", source, storable(bare)))
    return tuple(keys)


def _known(keys: Sequence[Key], people: People) -> Known | None:
    for key in keys:
        known = people.get(key)
        if known is not None and (key[0] == "id" or not _another(known, keys)):
            return known
    return None


def _another(known: Known, keys: Sequence[Key]) -> bool:
    """Tell whether the source knows the person by another id or login than these.

    Two people may share a mailbox; an id of the help desk's own tells them apart. They may share a
    telephone; their mail addresses do.
    """
    theirs = {key[:2] for key in known.keys if key[0] in ("id", "login")}
    other = any(key[:2] in theirs and key not in known.keys for key in keys)
    return other or share_a_line(known.keys, keys)


def _complete(found: _Found, source: str) -> Party:
    party, known = found.party, found.known
    if known is None:
        return party
    said, met = known.said, known.met
    made = Party(
        id=_own(known.keys, "id", source) or party.id,
        name=said.name or party.name or met.name,
        email=_contact(said.emails, party.email, found.email, met.emails),
        phone=_contact(said.phones, party.phone, found.phone, met.phones),
        locale=said.locale or party.locale or met.locale,
        time_zone=said.time_zone or party.time_zone or met.time_zone,
        login=_own(known.keys, "login", source) or party.login,
    )
    return party if made == party else made


# Whoever is told is told again.
@lru_cache(maxsize=1024)
def _own(keys: frozenset[Key], kind: str, source: str) -> str | None:
    """Give one id, or login, that the source has for a person: always the same one.

    Two names of one person then compare as equal, whichever of them an event uses.
    """
    held = [key[2] for key in keys if key[0] == kind and key[1] == source]
    return min(held, default=None)


def _contact(
    said: tuple[str, ...], given: str | None, valid: str | None, met: tuple[str, ...]
) -> str | None:
    if said:
        return said[0]
    if valid is None and met:
        return met[0]
    return given


def _met(found: _Found, people: People, *, older: bool) -> Met | None:
    known = found.known
    new = [key for key in found.keys if key not in people]
    if known is None:
        return Met(None, _learnt(found, NOTHING, NOTHING, older=older), tuple(new))
    before = known.met
    card = _learnt(found, known.said, before, older=older)
    if card == before and not new:
        return None
    kept = {*address_keys(known.said), *address_keys(card)}
    keys = tuple(key for key in new if key[0] not in ("email", "phone") or key in kept)
    if card == before and not keys:
        return None
    dropped = tuple(key for key in address_keys(before) if key not in kept and key in known.keys)
    return Met(known.id, card, keys, dropped)


def _learnt(found: _Found, said: Card, before: Card, *, older: bool) -> Card:
    party = found.party
    emails, phones = before.emails, before.phones
    if found.email and not said.emails and not (older and emails):
        emails = (found.email,)
    if found.phone and not said.phones and not (older and phones):
        phones = (found.phone,)
    return Card(
        _newest(party.name, before.name, said.name, older),
        emails,
        phones,
        _newest(party.locale, before.locale, said.locale, older),
        _newest(party.time_zone, before.time_zone, said.time_zone, older),
    )


def _newest(mine: str | None, theirs: str | None, told: str | None, older: bool) -> str | None:
    if told is not None or mine is None or (older and theirs is not None):
        return theirs
    return storable(mine)


def storable(text: str) -> str:
    """Write lone surrogates as escapes, because no store can keep them."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()
