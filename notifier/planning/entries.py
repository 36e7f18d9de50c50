"""What an operator enters of a person, read and checked: JSON of the API, rows of a table.

Takes values, gives an entry and every fault. Refuses addresses, locales and time zones that no
message could use, each with what would be right.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notifier.model.errors import Fault
from notifier.model.people import FIELDS, Card, Entry, Key
from notifier.planning.addresses import EMAIL, SMS, normalise
from notifier.planning.people import storable

BODY_FIELDS = (*FIELDS, "sources")
SOURCE_FIELDS = ("source", "id", "login")

WHO = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._@-]{1,128}")
"""An operator's own name for a person; `per_` begins the service's.

`.` and `..` are none: most clients take them out of an address before it is sent.
"""

LONGEST_NAME = 200
MOST_ADDRESSES = 10
MOST_SOURCES = 50
_LONGEST_ID = 255
_LONGEST_LOCALE = 35

_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,62}")

_TEXT = "must be text of 1 to {0} characters, or null"
_EMAIL = "must be an email address such as john@example.com"
_PHONE = "must be a telephone number such as +14155550123 (a national one needs DEFAULT_REGION)"
_WRONG_LOCALE = "must be a language tag such as en or pt-BR"
_WRONG_ZONE = "must be the name of a time zone such as Europe/Lisbon"
_WRONG_SOURCE = "must be the name of a source: small letters, digits, _ and -"


class Checks:
    """Checks values one by one and keeps what is wrong with them."""

    def __init__(self, region: str | None, is_zone: Callable[[str], bool]) -> None:
        """`region` is the country of national numbers; `is_zone` knows the names of zones."""
        self._region = region
        self._is_zone = is_zone
        self.faults: list[Fault] = []

    def blame(self, path: str, message: str) -> None:
        """Keep a fault."""
        self.faults.append(Fault(path, message))

    def text(self, path: str, value: object, most: int) -> str | None:
        """Give text, or None for nothing."""
        if value is None:
            return None
        if not isinstance(value, str) or not 1 <= len(value) <= most or "\0" in value:
            self.blame(path, _TEXT.format(most))
            return None
        return storable(value)

    def locale(self, path: str, value: object) -> str | None:
        """Give a language tag."""
        found = self.text(path, value, _LONGEST_LOCALE)
        if found is not None and not _LOCALE.fullmatch(found):
            self.blame(path, _WRONG_LOCALE)
        return found

    def zone(self, path: str, value: object) -> str | None:
        """Give the name of a time zone."""
        found = self.text(path, value, _LONGEST_ID)
        if found is not None and not self._is_zone(found):
            self.blame(path, _WRONG_ZONE)
        return found

    def addresses(self, path: str, channel: str, value: object) -> tuple[str, ...]:
        """Give addresses in their one form, each once."""
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST_ADDRESSES:
            self.blame(path, f"must be a list of at most {MOST_ADDRESSES} addresses")
            return ()
        found: dict[str, None] = {}
        for place, text in enumerate(value):
            address = normalise(channel, text, self._region) if isinstance(text, str) else None
            if address is None:
                self.blame(f"{path}.{place}", _EMAIL if channel == EMAIL else _PHONE)
            else:
                found[address] = None
        return tuple(found)

    def numbers(self, cell: str) -> list[str]:
        """Split text into telephone numbers; one that is written with blanks stays one."""
        parts = cell.split()
        if all(normalise(SMS, part, self._region) for part in parts):
            return parts
        return [cell]

    def names(self, path: str, cell: str) -> list[str]:
        """Split text into ids or logins of one source."""
        parts = cell.split()
        if len(parts) > MOST_SOURCES:
            self.blame(path, f"must be at most {MOST_SOURCES} values")
            return []
        found = [self.text(path, part, _LONGEST_ID) for part in parts]
        return [name for name in found if name is not None]

    def keys(self, path: str, value: object) -> tuple[Key, ...]:
        """Give the keys that `sources` of a body means."""
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST_SOURCES:
            self.blame(path, f"must be a list of at most {MOST_SOURCES} sources")
            return ()
        found: dict[Key, None] = {}
        for place, one in enumerate(value):
            found.update(dict.fromkeys(self._keys(f"{path}.{place}", one)))
        return tuple(found)

    def _keys(self, path: str, one: object) -> Sequence[Key]:
        if not isinstance(one, dict) or not one.keys() <= set(SOURCE_FIELDS):
            self.blame(path, "must be an object with source, and id or login or both")
            return ()
        source = one.get("source")
        if not isinstance(source, str) or not _SOURCE.fullmatch(source):
            self.blame(f"{path}.source", _WRONG_SOURCE)
            return ()
        number = self.text(f"{path}.id", one.get("id"), _LONGEST_ID)
        login = self.text(f"{path}.login", one.get("login"), _LONGEST_ID)
        given: list[Key] = []
        if number is not None:
            given.append(("id", source, number))
        if login is not None:
            given.append(("login", source, login))
        if one.get("id") is None and one.get("login") is None:
            self.blame(path, "must name an id or a login")
        return given


def of_body(who: str | int, body: Mapping[str, Any], checks: Checks, *, whole: bool) -> Entry:
    """Give the entry that a body means; `whole`: what it leaves out is taken away."""
    for name in body:
        if name not in BODY_FIELDS:
            checks.blame(str(name)[:100], "is not a field of a person")
    card = Card(
        name=checks.text("name", body.get("name"), LONGEST_NAME),
        emails=checks.addresses("emails", EMAIL, body.get("emails")),
        phones=checks.addresses("phones", SMS, body.get("phones")),
        locale=checks.locale("locale", body.get("locale")),
        time_zone=checks.zone("time_zone", body.get("time_zone")),
    )
    keys = checks.keys("sources", body.get("sources"))
    fields = frozenset(FIELDS if whole else body.keys() & set(FIELDS))
    replaced = None if whole else frozenset(key[:2] for key in keys)
    return Entry(who, card, keys, fields, replaced)


def is_source(text: str) -> bool:
    """Tell whether a text may name a source."""
    return _SOURCE.fullmatch(text) is not None
