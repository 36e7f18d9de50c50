"""A preset as somebody would use it, with invented secrets, and the help desk that calls it.

Takes a case, gives the source that it is for, honest calls, and what they are read as. Refuses
nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from notifier.model.events import Event
from notifier.model.times import Instant
from notifier.sources import definition, presets
from notifier.sources.authenticating import authenticator
from notifier.sources.call import Call, Reading
from notifier.sources.configured import ConfiguredSource
from notifier.sources.definition import Auth, Definition, Jwt
from tests.presets.cases import Case
from tests.presets.signing import invented, signed_by


@dataclass(frozen=True)
class Desk:
    """One preset, its settings laid over it, and the entries of `auth` that its help desk uses."""

    source: ConfiguredSource
    definition: Definition
    used: tuple[Auth, ...]

    def signed(self, case: Case, now: Instant, seed: int = 1) -> Call:
        """Give a case as the help desk sends it; another `seed`: somebody else sends it."""
        call = unsigned(case)
        for entry in self.used:
            secret = invented(entry, seed).signing
            call = signed_by(entry, self.definition, secret, call, now)
        return call

    def events(self, case: Case, call: Call, now: Instant) -> list[Event]:
        """Give the events that a call is read as, seen what was known; unknown types count not."""
        self.source.verify(call, now)
        return [
            event
            for reading in self.source.read(call, now)
            for event in typed(reading, case)
            if event.known
        ]


def typed(reading: Reading, case: Case) -> Sequence[Event]:
    """Give the events of a reading, one for each of its types."""
    if reading.types is None:
        return [reading.event]
    return [replace(reading.event, type=name) for name in reading.types(case.prev)]


def unsigned(case: Case) -> Call:
    """Give the call of a case before anybody signed it."""
    return Call(headers=case.headers, body=case.body, method=case.method, query=case.query)


@cache
def ways(preset: str) -> tuple[tuple[Auth, ...], ...]:
    """Give the ways in which the help desk of a preset may authenticate; each needs all entries."""
    made = definition.read(preset, {"preset": preset})
    return (tuple(made.auth),) if made.auth_mode == "all" else tuple((one,) for one in made.auth)


def desk(case: Case, way: int = 0) -> Desk:
    """Set up the preset of a case, every entry of its `auth` with a secret of its own."""
    made, source = _set_up(case.preset, json.dumps(case.settings, sort_keys=True))
    return Desk(source, made, ways(case.preset)[way])


@cache
def _set_up(preset: str, settings: str) -> tuple[Definition, ConfiguredSource]:
    # Kept, because most cases of a preset lay the same over it.
    plain = definition.read(preset, {"preset": preset})
    given = presets.table(preset)["auth"]
    for raw, entry in zip(given, plain.auth, strict=True):
        raw["secrets"] = [invented(entry).configured]
        if isinstance(entry, Jwt):
            # A pinned key in place of a file with keys, which is the vendor's.
            raw.pop("jwks_file", None)
    table = {"preset": preset, "secrets": given[0]["secrets"], "auth": given}
    made = definition.read(preset, table | json.loads(settings))
    verifying = authenticator(made, _as_it_stands, _no_file)
    return made, ConfiguredSource(preset, made, verifying)


def _as_it_stands(text: str) -> str:
    return text


def _no_file(path: str) -> bytes:
    raise AssertionError(f"a preset asks for the file {path}")
