"""What the steps of a tick share: who we are, how long things last, the pure decision.

Takes options, gives them to recording, claiming, settling and upkeep. Refuses nothing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifier.model.deliveries import Batch, Decide
from notifier.model.ids import IdMaker
from notifier.model.times import DAY, SECOND, Instant, Millis
from notifier.store.base import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a store behaves.

    `careful` are the channels whose attempts are committed before their first byte. `horizon`
    is the longest window of each channel's limits: older stamps are dropped. `recipe` is the
    fingerprint of what messages are made of, `limits` that of the limits. `channels` are served
    in this order.
    """

    channels: tuple[str, ...]
    careful: frozenset[str]
    horizon: Mapping[str, Millis]
    recipe: str
    limits: int = 0
    max_waiting: int = 1000
    lease: Millis = 30 * SECOND
    remember_ids: Millis = 30 * DAY
    keep_bodies: Millis = 30 * DAY
    keep_deliveries: Millis = 400 * DAY
    rollup_max: int = 1000
    hard_refusals: int = 3
    suppress_for: Millis = 90 * DAY


@dataclass(frozen=True, slots=True)
class Context:
    """What does not change while a store is open."""

    options: StoreOptions
    owner: str
    ids: IdMaker
    decide: Decide
    meter: Meter


@dataclass(slots=True)
class Tick:
    """What one transaction found and did; it becomes true when the transaction commits."""

    now: Instant
    free: dict[tuple[str, bool], int]
    batches: list[Batch] = field(default_factory=list)
    claimed: dict[int, int] = field(default_factory=dict)
    unwanted: list[int] = field(default_factory=list)
    released: list[tuple[int, int]] = field(default_factory=list)
    renewed: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    next_wake: dict[tuple[str, bool], Instant | None] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
