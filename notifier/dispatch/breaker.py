"""The breaker of one channel: when a provider is at fault, and when to ask whether it still is.

Takes results of sends and probes with their instants, gives whether to send and when to probe.
Pure state, without a clock. Refuses nothing.
"""

from notifier.model.errors import ChannelDown, DeliveryError, Permanent, Transient
from notifier.model.messages import Receipt
from notifier.model.times import MINUTE, SECOND, Instant, Millis

_IN_A_ROW = 5
_FIRST_PROBE: Millis = 30 * SECOND
_LONGEST: Millis = 15 * MINUTE


class Breaker:
    """Closed while sends go out; open while only probes do."""

    def __init__(self) -> None:
        """It starts closed."""
        self._failures = 0
        self._step = _FIRST_PROBE
        self.down_since: Instant | None = None
        self.probe_at: Instant = 0

    @property
    def is_open(self) -> bool:
        """Tell whether nothing may be sent."""
        return self.down_since is not None

    def learn(self, result: Receipt | DeliveryError, now: Instant) -> bool:
        """Take in how a send ended; give whether that opened the breaker.

        Only a provider at fault counts. Its word on a message, yes or no, shows that it is
        well; a message that could not be made, or a reply that never came, shows nothing.
        """
        if isinstance(result, ChannelDown):
            return self._failed(result.hold, now)
        refused = isinstance(result, Transient | Permanent) and result.evidence.phase != "render"
        if refused or isinstance(result, Receipt):
            self._failures = 0
        return False

    def _failed(self, hold: Millis | None, now: Instant) -> bool:
        self._failures += 1
        if self.is_open:
            if hold is not None:
                self._wait(hold, now)
            return False
        if hold is None and self._failures < _IN_A_ROW:
            return False
        self.down_since = now
        self._wait(_FIRST_PROBE if hold is None else hold, now)
        return True

    def _wait(self, wait: Millis, now: Instant) -> None:
        self._step = wait
        self.probe_at = max(self.probe_at, now + wait)

    def probe_failed(self, hold: Millis | None, now: Instant) -> None:
        """Wait twice as long as before, or as long as the provider asks for."""
        self._wait(min(2 * self._step, _LONGEST) if hold is None else hold, now)

    def probe_succeeded(self) -> None:
        """Close, and forget what was."""
        self._failures = 0
        self.down_since = None
        self.probe_at = 0
