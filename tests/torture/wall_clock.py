"""The wall clock of one service, to be set while it runs: by libfaketime, or by a shim in Python.

Takes a service that does not run yet. Refuses nothing: where there is no libfaketime, the shim in
tests/torture/sabotaged_service.py moves `time.time` alone.
"""

import sys
from pathlib import Path

from tests.service import Service
from tests.torture.harness import SHIM

OFFSET = "TORTURE_CLOCK"
"""The variable that names to the shim a file with the seconds by which the clock is off."""

_PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
_LIBRARY = "libfaketimeMT.so.1"


class WallClock:
    """Is right until it is set."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self._library = _library()
        self.set(0)

    @property
    def name(self) -> str:
        return "shim" if self._library is None else "libfaketime"

    def set(self, seconds: int) -> None:
        """Let the clock be off by so many seconds."""
        # Renamed into place: it is read at any moment.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._file)

    def under(self, service: Service) -> str:
        """Let the service see this clock; give the module to start."""
        if self._library is None:
            service.environment[OFFSET] = str(self._file)
            return SHIM
        service.environment |= {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # What passes is right; only what the wall shows is not.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # Without it each wait of a thread for another is off by the same as the clock.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }
        return "notifier"


def _library() -> Path | None:
    if sys.platform != "linux":
        return None
    found = (path for place in _PLACES for path in Path(place).glob(f"**/{_LIBRARY}"))
    return next(found, None)
